// Tells code to end, if it listens, and takes what it tells and keeps. The signal is made when the code asks for it: most never does.
import type { MonoMs } from '../../clock.js'
import type { DtrError } from '../../errors.js'
import { progressOf } from '../../runner/progress.js'
import type { Control } from '../../runner/runner.js'
import { type Checkpoints, over } from './checkpoints.js'
import type { EventLoop } from './event-loop.js'
import type { Reports } from './reports.js'

/** What all attempts of a host share. */
export interface Shared {
  readonly reports: Reports
  readonly loop: EventLoop
  readonly checkpoints: Checkpoints
}

export class LateControl implements Control {
  readonly #leaseId: string
  readonly #shared: Shared
  #controller: AbortController | undefined
  #reason: DtrError | undefined
  #ended = false
  /** Its code began then. */
  beganMs: MonoMs = 0

  constructor(leaseId: string, shared: Shared) {
    this.#leaseId = leaseId
    this.#shared = shared
  }

  get blockedMs(): number {
    return this.#shared.loop.blockedMsSince(this.beganMs)
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      if (this.#reason !== undefined) this.#controller.abort(this.#reason)
    }
    return this.#controller.signal
  }

  /** Why it was told to end, if it was. */
  get told(): DtrError | undefined {
    return this.#reason
  }

  abort(reason: DtrError): void {
    this.#reason ??= reason
    this.#controller?.abort(reason)
  }

  progress(percent: number, message?: string): void {
    this.#shared.reports.progress(this.#leaseId, progressOf(percent, message))
  }

  log(text: string): void {
    this.#shared.reports.log(this.#leaseId, String(text))
  }

  checkpoint(value: string): Promise<void> {
    if (!this.#ended) return this.#shared.checkpoints.keep(this.#leaseId, value)
    const refused = Promise.reject(over())
    refused.catch(() => {})
    return refused
  }

  ended(): void {
    this.#ended = true
    this.#shared.checkpoints.ended(this.#leaseId)
  }
}
