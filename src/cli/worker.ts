// dtr worker: a worker by itself, in the foreground.
import type { Settings } from '../config.js'
import type { WorkerPort } from '../gateway/grpc/worker-port.js'
import { checkBind } from '../launch/bind.js'
import { WORKER_SETTINGS } from '../launch/command-line.js'
import { startWorker } from '../launch/in-process.js'
import { VERSION } from '../launch/version.js'
import type { Log } from '../log.js'
import { formatAddress } from '../net/address.js'
import type { Command } from './command.js'
import { note } from './output.js'
import { LAUNCHED_FLAGS, runService } from './service.js'

export const worker: Command = {
  name: 'worker',
  about: 'run a worker by itself',
  settings: [...WORKER_SETTINGS, 'secretFile', 'keyFile'],
  flags: LAUNCHED_FLAGS,
  examples: [
    ['worker --id worker-6 --tasks ./tasks.mjs', 'a port of 5000-5100; the master finds it'],
    ['worker --id far-1 --join 10.0.0.1:4999 --secret-file ./secret', 'dial in to a master that cannot reach it'],
    ['worker --id far-1 --join 10.0.0.1:4999 --key-file ./key', 'the same with a key of dtr key create --role worker'],
    ['worker --worker-grpc 50053', 'gRPC tools ask it how it is, and what it runs'],
  ],
  handlesSignals: true,
  run: (flags) =>
    runService({
      flags,
      settings: WORKER_SETTINGS,
      nameOf: ({ id }) => id ?? `worker-${process.pid}`,
      makesFolder: false,
      takesKey: true,
      async start(settings, { credential, log }) {
        const told = await openTold(settings, log)
        try {
          const worker = await startWorker({ ...settings, ...credential, log, reloaded: tellReload(settings.watch) })
          told?.tellOf(worker)
          const { port, drain, kill } = worker
          const ended = worker.ended.finally(() => told?.close())
          return { port, ended, endInOrder: (_why, graceMs) => drain(graceMs), endNow: kill }
        } catch (error) {
          await told?.close()
          throw error
        }
      },
    }),
}

/** Where it tells over gRPC how it is and what it runs. */
async function openTold(
  { workerGrpc: from = 'off', bind: host, plaintext }: Settings,
  log: Log,
): Promise<WorkerPort | undefined> {
  if (from === 'off') return undefined
  checkBind(host, plaintext)
  // Its libraries are for whoever asked for it.
  const { openWorkerPort } = await import('../gateway/grpc/worker-port.js')
  const told = await openWorkerPort({ host, from, log, version: VERSION })
  log.info(`tells of itself over gRPC on ${formatAddress({ host, port: told.port })}`)
  return told
}

/** On its standard error, which a launcher shows with its name. */
function tellReload(watching: boolean): (problem?: string) => void {
  return (problem) => {
    if (watching) note(problem === undefined ? 'loaded its tasks anew' : `goes on with the old tasks: ${problem}`)
  }
}
