// What every route stands on.
import type { Log } from '../../log.js'
import type { Tracing } from '../../tracing/tracing.js'
import type { ClusterLink } from '../cluster-link.js'
import type { Ends } from './ends.js'
import type { Metrics } from './metrics.js'
import type { SubmitDefaults } from './submission.js'

export interface Serving {
  readonly link: ClusterLink
  readonly ends: Ends
  readonly defaults: SubmitDefaults
  readonly metrics: Metrics
  readonly log: Log
  readonly version: string
  /** All may be wiped by a request. */
  readonly dev: boolean
  /** Only where tasks are traced. */
  readonly tracing?: Tracing | undefined
}
