// What a master counts of all that it has seen since it started, for who watches a cluster: an addition for each event, and
// nothing of it by task or worker.
import type { MetricsReport } from '../protocol/messages.js'
import { BOUNDS_MS, Histogram } from '../task/histogram.js'
import type { TaskState } from '../task/task.js'

/** How an attempt ended. `lost`: with its worker, its process or its lease. */
export type AttemptEnd = 'completed' | 'failed' | 'lost' | 'cancelled' | 'returned'

export class Figures {
  /** From the moment from which a task might run to its grant. */
  readonly wait = new Histogram()
  /** From the word that its code begins, or from a claim by hand, to its result. */
  readonly run = new Histogram()
  /** From the gathering of a batch until it is on disk. */
  readonly commit = new Histogram()
  readonly #ended = { completed: 0, failed: 0, cancelled: 0 }
  readonly #attempts: Record<AttemptEnd, number> = { completed: 0, failed: 0, lost: 0, cancelled: 0, returned: 0 }
  #submitted = 0
  #retries = 0
  #stale = 0
  #workersLost = 0

  submitted(): void {
    this.#submitted += 1
  }

  /** A task came to its end, in whichever way. */
  ended(state: TaskState): void {
    if (state !== 'pending' && state !== 'running') this.#ended[state] += 1
  }

  /** @param goesOn the task waits for its next attempt */
  attemptEnded(end: AttemptEnd, goesOn: boolean): void {
    this.#attempts[end] += 1
    if (goesOn && end !== 'returned') this.#retries += 1
  }

  /** A result or a checkpoint that was refused. */
  refused(): void {
    this.#stale += 1
  }

  get stale(): number {
    return this.#stale
  }

  workerLost(): void {
    this.#workersLost += 1
  }

  report(): Omit<MetricsReport, 'type' | 're'> {
    return {
      boundsMs: [...BOUNDS_MS],
      wait: this.wait.copy(),
      run: this.run.copy(),
      commit: this.commit.copy(),
      submitted: this.#submitted,
      ended: { ...this.#ended },
      attempts: { ...this.#attempts },
      retries: this.#retries,
      stale: this.#stale,
      workersLost: this.#workersLost,
    }
  }
}
