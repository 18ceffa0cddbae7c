// The seam to what executes a task type. A runner lives in a host process, never in the worker.
import type { TaskError } from '../task/task.js'

/** Of the text of a result; PAYLOAD_BYTES_MAX of the wire. */
export const RESULT_BYTES_MAX = 1024 * 1024

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

export type Control = Pick<AbortController, 'signal'>

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
}

export type AttemptOutcome =
  | { readonly kind: 'completed'; readonly result: string; readonly encoding: 'json' | 'base64' }
  | { readonly kind: 'failed'; readonly error: TaskError; readonly final: boolean }
  /** The type is not served here after all: handed back, and the registration is wrong. */
  | { readonly kind: 'unserved' }
