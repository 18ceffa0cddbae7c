// A port of a gateway: services for those who have work done, for those who do it, or both.
import type { ServerOptions } from '@grpc/grpc-js'
import type { Port } from '../port.js'
import { gatewayHandlers } from './gateway-service.js'
import { schedulerHandlers } from './scheduler-service.js'
import { buildPort, type Services } from './server.js'
import type { GrpcServing } from './serving.js'

/** How long a check of health waits for the master. */
const HEALTH_MS = 3_000

export type ClusterService = 'Gateway' | 'Scheduler'

export function buildClusterPort(
  names: readonly ClusterService[],
  given: Omit<GrpcServing, 'healthy'>,
  limits?: ServerOptions,
): Port {
  const { link } = given
  const serving = { ...given, healthy: () => link.ask((client) => client.status(), HEALTH_MS) }
  const services: Services = {
    ...(names.includes('Gateway') && { Gateway: (calls) => gatewayHandlers(calls, serving) }),
    ...(names.includes('Scheduler') && { Scheduler: (calls) => schedulerHandlers(calls, serving) }),
  }
  return buildPort(services, serving, limits)
}
