// What the code of a task is given besides its payload. `signal`, `log`, `lastCheckpoint` and `checkpoint` are made when the
// code asks for them, because most never does: they are getters, which a copy (`{ ...ctx }`) leaves behind.
import type { Log } from '../log.js'

export interface TaskContext {
  /**
   * Aborted when the code should end. Its reason is a DtrError; the code says why: `timeout`, `deadline`, `cancelled`,
   * `stale` (the lease is over), `lost` (the worker has lost its master), `stopping` (the worker stops; the task goes elsewhere, uncharged).
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
  /** What an attempt before this one kept last, by `checkpoint`; undefined where none did. */
  readonly lastCheckpoint: unknown
  /**
   * Keeps how far this attempt has come: the next one, if it comes to that, starts with it as `lastCheckpoint`. In place of what
   * was kept before; gone when the task has completed. Resolves when it is on disk, or a later one of this attempt is.
   * @param value what JSON can say, at most 256 KiB as text
   * @throws DtrError `bad_input` or `too_large`; rejects as `stale` where the lease is over
   */
  readonly checkpoint: (value: unknown) => Promise<void>
  /**
   * A line: `ctx.log('text')`, or with a level, `ctx.log.warn('text', { size: 3 })`. It goes to whoever watches the task
   * (`dtr watch`), into the worker's log, and the last 64 KiB stay with the story (`dtr logs ID`).
   */
  readonly log: TaskLog
  /**
   * The longest time, since this attempt began, for which the event loop of its process did not turn: its own code, or that
   * of a neighbour, let nothing else have its turn. To half a second; 0 while all goes well.
   */
  readonly blockedMs: number
  /**
   * How far it is: `ctx.progress(40, 'resizing')`, a percent from 0 to 100 and, if there is something to say, up to 500
   * characters. Say it as often as you like: what leaves is the last, five times a second at most.
   * @throws DtrError `bad_input` for a percent that is no number
   */
  progress(percent: number, message?: string): void
}

export type TaskLog = Log['info'] & Pick<Log, 'debug' | 'info' | 'warn' | 'error'>
