// dtr gateway: the cluster over HTTP and gRPC, in the foreground.
import { GATEWAY_SETTINGS } from '../launch/command-line.js'
import { VERSION } from '../launch/version.js'
import { runFolder } from '../net/run-file.js'
import { readVoteRule } from '../task/quorum.js'
import { openTracing } from '../tracing/open.js'
import type { Command } from './command.js'
import { LAUNCHED_FLAGS, runService } from './service.js'

export const gateway: Command = {
  name: 'gateway',
  about: 'serve the cluster over HTTP and gRPC; dtr start does so by itself',
  settings: [...GATEWAY_SETTINGS, 'master', 'secretFile', 'keyFile'],
  flags: LAUNCHED_FLAGS,
  examples: [
    ['gateway --http 8000', 'http://localhost:8000/docs tells what it takes'],
    ['gateway --http-auth required', 'each request brings a key of dtr key create'],
    ['gateway --grpc 50051 --grpc-scheduler 50052', 'gRPC for clients and for workers; --http off: nothing else'],
    ['gateway --master 10.0.0.1:4999 --secret-file ./secret', 'of a cluster elsewhere'],
  ],
  handlesSignals: true,
  run: (flags) =>
    runService({
      flags,
      settings: [...GATEWAY_SETTINGS, 'master'],
      nameOf: ({ id }) => id ?? `gateway-${process.pid}`,
      makesFolder: false,
      takesKey: true,
      async start(settings, { credential, log }) {
        const {
          data,
          master,
          id,
          http = 'auto',
          grpc = 'off',
          grpcScheduler = 'off',
          httpBind: bind,
          httpAuth: auth,
          plaintext,
          httpHosts: hosts,
          httpType,
          httpTextType,
          httpTextReplicas: textReplicas,
          httpTextVoteOn: textVoteOn,
          otel,
        } = settings
        // Else the first task would be told of it.
        readVoteRule({ replicas: textReplicas, on: textVoteOn })
        // Its libraries are for this process alone.
        const { startGateway } = await import('../gateway/gateway.js')
        const name = id ?? `gateway-${process.pid}`
        const tracing = otel ? await openTracing({ service: 'dtr-gateway', name, forAll: true }) : undefined
        const { port, ended, stop, stopNow } = await startGateway({
          ...{ name, tracing, data, master, credential, http, grpc, grpcScheduler, bind, auth, plaintext, hosts, log },
          defaults: { type: httpType, textType: httpTextType, textReplicas, textVoteOn, maxAttempts: undefined },
          dev: settings.dev,
          version: VERSION,
          runFolder: runFolder(data),
        })
        return { port, ended, endInOrder: stop, endNow: stopNow }
      },
    }),
}
