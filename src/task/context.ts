// What the code of a task is given besides its payload. `signal` and `log` are made when the code asks for them, because most
// never does: they are getters, which a copy (`{ ...ctx }`) leaves behind.
import type { Log } from '../log.js'

export interface TaskContext {
  /**
   * Aborted when the code should end. Its reason is a DtrError; the code says why: `timeout`, `cancelled`, `stale` (the
   * lease is over), `lost` (the worker has lost its master), `stopping` (the worker stops; the task goes elsewhere, uncharged).
   */
  readonly signal: AbortSignal
  readonly taskId: string
  readonly type: string
  readonly queue: string
  /** Counted from 1. */
  readonly attempt: number
  readonly maxAttempts: number
  /** Names this attempt; another attempt of the same task has another. */
  readonly leaseId: string
  /** The same for all attempts of a task: what makes its side effects happen once. */
  readonly idempotencyKey: string
  /** The client's annotations, as it sent them. */
  readonly meta: string | undefined
  /** Lines for the worker's log: `ctx.log('text')`, or with a level, `ctx.log.warn('text', { size: 3 })`. */
  readonly log: TaskLog
}

export type TaskLog = Log['info'] & Pick<Log, 'debug' | 'info' | 'warn' | 'error'>
