// A port that speaks gRPC: the services that it serves, their limits, and its end.
//
// What always holds: a caller costs a bounded amount of memory, whatever it sends and however slowly it reads; who is silent is
// asked whether it is there, and let go.
import { createServer, type Socket } from 'node:net'
import { Server, ServerCredentials } from '@grpc/grpc-js'
import { ReflectionService } from '@grpc/reflection'
import type { Port } from '../port.js'
import { Calls } from './calls.js'
import { gatewayHandlers } from './gateway-service.js'
import { healthHandlers, PACKAGE } from './health.js'
import { definition, health, orchestrator, type ServiceName } from './protos.js'
import { schedulerHandlers } from './scheduler-service.js'
import type { GrpcServing } from './serving.js'

/** A payload or result of the greatest size, and what is said beside it. */
const MESSAGE_BYTES_MAX = 4 * 1024 * 1024
const STREAMS_OF_CONNECTION_MAX = 1_000
const CONNECTIONS_MAX = 4_096
const KEEPALIVE_MS = 30_000
const KEEPALIVE_ANSWER_MS = 10_000
/** Nothing was asked for so long: it connects again when it has something to ask. */
const IDLE_MS = 600_000

const OPTIONS = {
  'grpc.max_receive_message_length': MESSAGE_BYTES_MAX,
  'grpc.max_concurrent_streams': STREAMS_OF_CONNECTION_MAX,
  'grpc.keepalive_time_ms': KEEPALIVE_MS,
  'grpc.keepalive_timeout_ms': KEEPALIVE_ANSWER_MS,
  'grpc.max_connection_idle_ms': IDLE_MS,
  'grpc.enable_channelz': 0,
} as const

/** What `stop` leaves to calls under way. */
const LEAVE_MS = 3_000

export function buildPort(names: readonly ServiceName[], serving: GrpcServing): Port {
  const grpc = new Server(OPTIONS)
  const calls = new Calls(serving)
  for (const name of names) addService(grpc, name, calls, serving)
  grpc.addService(health.Health.service, healthHandlers(calls, serving, names))
  const services = ['grpc.health.v1.Health', ...names.map((name) => `${PACKAGE}.${name}`)]
  new ReflectionService(definition, { services }).addToServer(grpc)

  const injector = grpc.createConnectionInjector(ServerCredentials.createInsecure())
  const sockets = new Set<Socket>()
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    // Whoever is cut off, or sends what is no HTTP/2, costs its own connection only.
    socket.on('error', () => {})
    injector.injectConnection(socket)
  })
  server.maxConnections = CONNECTIONS_MAX
  const stopNow = (): void => {
    injector.destroy()
    for (const socket of sockets) socket.destroy()
  }
  const stop = (): void => {
    server.close()
    injector.drain(LEAVE_MS)
    setTimeout(stopNow, LEAVE_MS).unref()
  }
  return { server, stop, stopNow }
}

function addService(grpc: Server, name: ServiceName, calls: Calls, serving: GrpcServing): void {
  switch (name) {
    case 'Gateway':
      return grpc.addService(orchestrator.Gateway.service, gatewayHandlers(calls, serving))
    case 'Scheduler':
      return grpc.addService(orchestrator.Scheduler.service, schedulerHandlers(calls, serving))
    case 'Worker':
      throw new Error(`${name} is not served here`)
  }
}
