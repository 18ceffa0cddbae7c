// What every method stands on.
import type { Clock } from '../../clock.js'
import type { Log } from '../../log.js'
import type { Tracing } from '../../tracing/tracing.js'
import type { Callers } from '../callers.js'
import type { ClusterLink } from '../cluster-link.js'

export interface GrpcServing {
  readonly link: ClusterLink
  readonly callers: Callers
  readonly clock: Clock
  readonly log: Log
  readonly version: string
  /** Aborted when the gateway ends. */
  readonly stopping: AbortSignal
  /** Only where tasks are traced. */
  readonly tracing?: Tracing | undefined
}
