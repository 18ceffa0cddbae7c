// What a task does, as who watches it is told.
import type { ErrorField } from '../protocol/messages.js'
import type { TaskState } from '../task/task.js'
import type { TaskEnd } from './task-end.js'

/**
 * What a watched task does, in order: its state first, as it is, and every change; how far it is; what it says; and last how
 * it ended.
 */
export type TaskEvent = TaskStateEvent | TaskProgressEvent | TaskLogEvent | TaskEndedEvent

export interface TaskStateEvent {
  readonly kind: 'state'
  readonly id: string
  /** `pending` after `running`: it is tried again. Its end comes as `ended`. */
  readonly state: Extract<TaskState, 'pending' | 'running'>
  /** The current attempt, counted from 1; while it is pending those that it had. */
  readonly attempt: number
  /** Name of the worker that runs it. */
  readonly worker?: string
  /** Why the attempt before did not succeed. */
  readonly error?: ErrorField
  /** It does not run before, in milliseconds since 1970. */
  readonly runAt?: number
}

export interface TaskProgressEvent {
  readonly kind: 'progress'
  readonly id: string
  readonly attempt: number
  /** From 0 to 100. */
  readonly percent: number
  readonly message?: string
}

export interface TaskLogEvent {
  readonly kind: 'log'
  readonly id: string
  readonly attempt: number
  /** As it came: it need not end with a line. */
  readonly text: string
  /** So many bytes before it are missing: nobody could keep up, or more was said than is kept. */
  readonly skipped?: number
}

export type TaskEndedEvent = { readonly kind: 'ended' } & TaskEnd

/** What an attempt said, as far as it is kept: the last 64 KiB. */
export interface TaskLog {
  readonly attempt: number
  readonly text: string
  /** So many bytes before it were not kept. */
  readonly skipped: number
  /** When the attempt ended, in milliseconds since 1970; not set for one that runs. */
  readonly endedAt?: number
}
