// A port that speaks gRPC: the services that it serves, their limits, and its end.
//
// What always holds: a caller costs a bounded amount of memory, whatever it sends and however slowly it reads; who is silent is
// asked whether it is there, and let go.
import { createServer, type Socket } from 'node:net'
import { Server, ServerCredentials, type ServerOptions, type UntypedServiceImplementation } from '@grpc/grpc-js'
import { ReflectionService } from '@grpc/reflection'
import type { Port } from '../port.js'
import { Calls } from './calls.js'
import { healthHandlers, PACKAGE } from './health.js'
import { definition, health, orchestrator, type ServiceName } from './protos.js'
import type { PortServing } from './serving.js'

/** A payload or result of the greatest size, and what is said beside it. */
const MESSAGE_BYTES_MAX = 4 * 1024 * 1024
const STREAMS_OF_CONNECTION_MAX = 1_000
const CONNECTIONS_MAX = 4_096
const KEEPALIVE_MS = 30_000
const KEEPALIVE_ANSWER_MS = 10_000
/** Nothing was asked for so long: it connects again when it has something to ask. */
const IDLE_MS = 600_000

const LIMITS = {
  'grpc.max_receive_message_length': MESSAGE_BYTES_MAX,
  'grpc.max_concurrent_streams': STREAMS_OF_CONNECTION_MAX,
  'grpc.keepalive_time_ms': KEEPALIVE_MS,
  'grpc.keepalive_timeout_ms': KEEPALIVE_ANSWER_MS,
  'grpc.max_connection_idle_ms': IDLE_MS,
  'grpc.enable_channelz': 0,
} as const

/** What `stop` leaves to calls under way. */
const LEAVE_MS = 3_000

/** The methods of each service that a port has. */
export type Services = { readonly [Name in ServiceName]?: (calls: Calls) => UntypedServiceImplementation }

/** @param limits other ones than those of every port */
export function buildPort(services: Services, serving: PortServing, limits: ServerOptions = {}): Port {
  const grpc = new Server({ ...LIMITS, ...limits })
  const calls = new Calls(serving)
  const names = Object.keys(services) as ServiceName[]
  for (const name of names) grpc.addService(orchestrator[name].service, services[name]!(calls))
  grpc.addService(health.Health.service, healthHandlers(calls, serving, names))
  const reflected = ['grpc.health.v1.Health', ...names.map((name) => `${PACKAGE}.${name}`)]
  new ReflectionService(definition, { services: reflected }).addToServer(grpc)

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
