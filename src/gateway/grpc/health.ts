// Whether work can be done, as the services say it, and as gRPC's own tools ask for it.
import { setTimeout as after } from 'node:timers/promises'
import { DtrError, messageOf } from '../../errors.js'
import type { Calls } from './calls.js'
import type { HealthHandlers } from './generated/grpc/health/v1/Health.js'
import type { HealthCheckResponse } from './generated/grpc/health/v1/HealthCheckResponse.js'
import type { HealthCheckResponse as OurResponse } from './generated/orchestrator/v1/HealthCheckResponse.js'
import type { ServiceName } from './protos.js'
import type { PortServing } from './serving.js'

/** How often whoever watches is told, where something has changed. */
const AGAIN_MS = 2_000

export const PACKAGE = 'orchestrator.v1'

export async function healthOf({ healthy, version }: PortServing, name: ServiceName): Promise<OurResponse> {
  const service = `${PACKAGE}.${name}`
  try {
    await healthy()
    return { healthy: true, version, service, message: '' }
  } catch (error) {
    return { healthy: false, version, service, message: messageOf(error) }
  }
}

/** grpc.health.v1.Health of these services. */
export function healthHandlers(calls: Calls, serving: PortServing, names: readonly ServiceName[]): HealthHandlers {
  const known = ['', ...names.map((name) => `${PACKAGE}.${name}`)]
  const check = async (service: string): Promise<HealthCheckResponse> => {
    if (!known.includes(service)) return { status: 'SERVICE_UNKNOWN' }
    const { healthy } = await healthOf(serving, names[0] ?? 'Gateway')
    return { status: healthy === true ? 'SERVING' : 'NOT_SERVING' }
  }
  return {
    Check: calls.unary('open', async ({ service }) => {
      const { status } = await check(service)
      if (status !== 'SERVICE_UNKNOWN') return { status }
      throw new DtrError('not_found', `there is no ${service.slice(0, 100)} here: ${known.slice(1).join(', ')}`)
    }),
    Watch: calls.serverStream('open', async function* ({ service }, { signal }) {
      for (let before: HealthCheckResponse['status']; !signal.aborted; ) {
        const { status } = await check(service)
        if (status !== before) yield { status }
        before = status
        await after(AGAIN_MS, undefined, { signal }).catch(() => {})
      }
    }),
  }
}
