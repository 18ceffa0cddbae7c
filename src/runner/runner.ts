// The seam to what executes a task type. A runner lives in a host process, never in the worker.
import type { TaskError } from '../task/task.js'

/** Of the text of a result; PAYLOAD_BYTES_MAX of the wire. */
export const RESULT_BYTES_MAX = 1024 * 1024
/** Of the text of a checkpoint; that of the wire. */
export const CHECKPOINT_BYTES_MAX = 256 * 1024

export interface Runner {
  /** What it serves, known once it is loaded. */
  readonly types: readonly ServedType[]
  /**
   * Runs one attempt to its end. Never rejects: whatever the user's code does is an outcome. Ends early when the signal
   * is aborted and the code listens to it; what does not listen is ended from outside, with its host.
   * @param control asked for the signal when the code asks: to make one costs more than many a task
   */
  run(attempt: AttemptInput, control: Control): Promise<AttemptOutcome>
}

/** How an attempt is told to end, and tells what it does while it runs. */
export interface Control {
  readonly signal: AbortSignal
  /**
   * How far it is, from 0 to 100, and in words. The last one counts; so it may be said as often as one likes.
   * @throws DtrError `bad_input` for a percent that is no number
   */
  progress(percent: number, message?: string): void
  /** What it says, as it comes: the last 64 KiB are kept with its story. Lines end where the text says so. */
  log(text: string): void
  /** The longest time for which nothing in its process had its turn, since its code began; where the host tells it. */
  readonly blockedMs?: number
  /**
   * Keeps how far the attempt has come, for the next one of its task, in place of what was kept before. Resolves when it is on
   * disk, or a later one of the same attempt is; rejects as `stale` where the lease is over, and harms nobody who does not look.
   * @param value JSON as text
   * @throws DtrError `too_large` or `bad_input`, at once
   */
  checkpoint(value: string): Promise<void>
}

/** A task type as its worker's owner registered it. */
export interface ServedType {
  readonly type: string
  /** Limit of one run for tasks that name none. */
  readonly timeoutMs?: number
  /** For tasks that name none. */
  readonly maxAttempts?: number
}

export interface AttemptInput {
  readonly taskId: string
  readonly leaseId: string
  readonly type: string
  readonly queue: string
  /** Text as the client sent it, and how it is written. */
  readonly payload: string
  readonly encoding: 'json' | 'base64'
  readonly attempt: number
  readonly maxAttempts: number
  readonly meta?: string
  /** The last that an attempt before this one kept: JSON as text. */
  readonly checkpoint?: string
  /** It is voted on by what its code says: what it completes with has a `ballot`. */
  readonly ballot?: boolean
  /** The span of this attempt, for what it starts; only where it is traced. */
  readonly trace?: { readonly traceparent: string; readonly tracestate?: string }
}

export type AttemptOutcome =
  | {
      readonly kind: 'completed'
      readonly result: string
      readonly encoding: 'json' | 'base64'
      /** JSON as text, at most BALLOT_BYTES_MAX, where the attempt asked for it. */
      readonly ballot?: string
    }
  | { readonly kind: 'failed'; readonly error: TaskError; readonly final: boolean }
  /** The type is not served here after all: handed back, and the registration is wrong. */
  | { readonly kind: 'unserved' }
