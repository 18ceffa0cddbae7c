// What attempts have told, of those that told anything or are followed. Kept beside the attempts: most tell nothing, and are
// not to pay for it.
import type { Progress } from '../runner/progress.js'
import { LOG_BYTES_MAX, LogTail, type LogText } from '../task/log-tail.js'

export interface Report {
  readonly log: LogTail
  /** How much of it the master has been sent, since it wanted to hear it. */
  logTold: number
  progress: Progress | undefined
  /** Somebody watches: what comes is told at once, and its log at all. */
  followed: boolean
}

/** Of the logs of all slots together. */
const LOGS_BYTES_MAX = 32 * 1024 * 1024

export class Reports {
  readonly #byLease = new Map<string, Report>()
  /** Leases whose progress the master has not been told. */
  readonly untold = new Set<string>()
  /** The master of this session is of a version that knows no reports (P27). */
  unheard = false
  /** When such progress was told last. */
  toldAt = Number.NEGATIVE_INFINITY
  readonly #logBytesMax: number

  constructor(slots: number) {
    this.#logBytesMax = Math.min(LOG_BYTES_MAX, Math.floor(LOGS_BYTES_MAX / slots))
  }

  get(lease: string): Report | undefined {
    return this.#byLease.get(lease)
  }

  of(lease: string): Report {
    let report = this.#byLease.get(lease)
    if (report === undefined) {
      report = { log: new LogTail(this.#logBytesMax), logTold: 0, progress: undefined, followed: false }
      this.#byLease.set(lease, report)
    }
    return report
  }

  [Symbol.iterator](): IterableIterator<[lease: string, report: Report]> {
    return this.#byLease.entries()
  }

  /** The attempt is over. @returns what is kept of what it said, where it said anything */
  end(lease: string): LogText | undefined {
    if (this.#byLease.size === 0) return undefined
    const report = this.#byLease.get(lease)
    if (report === undefined) return undefined
    this.#byLease.delete(lease)
    this.untold.delete(lease)
    return report.log.end > 0 ? report.log.read() : undefined
  }
}
