// What every method stands on.
import type { Clock } from '../../clock.js'
import type { Log } from '../../log.js'
import type { Tracing } from '../../tracing/tracing.js'
import type { Callers } from '../callers.js'
import type { ClusterLink } from '../cluster-link.js'

/** Of any port, whatever is behind it. */
export interface PortServing {
  readonly callers: Pick<Callers, 'admit'>
  readonly log: Log
  readonly version: string
  /** Aborted when its process ends. */
  readonly stopping: AbortSignal
  /** Resolves where work can be done. @throws DtrError why not */
  readonly healthy: () => Promise<unknown>
  /** Only where tasks are traced. */
  readonly tracing?: Tracing | undefined
}

/** Of a port of a gateway. */
export interface GrpcServing extends PortServing {
  readonly link: ClusterLink
  readonly clock: Clock
}
