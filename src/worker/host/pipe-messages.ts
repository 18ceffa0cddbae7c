// What a worker and its host say to each other, on two pipes: one to the host's main thread, for work, and one to its
// watchdog, which is heard whatever the main thread does.
import type { AttemptInput } from '../../runner/runner.js'
import type { AbortReason } from '../events.js'

export type { FromHost } from './from-host.js'

/** A payload or a result doubles at most as text within JSON. */
export const PIPE_LINE_BYTES_MAX = 4 * 1024 * 1024

export type ToHost =
  /** The first message: what it is to load. */
  | { readonly type: 'load'; readonly modules: readonly string[]; readonly builtins: boolean }
  | { readonly type: 'run'; readonly attempt: AttemptInput }
  | { readonly type: 'abort'; readonly leaseId: string; readonly reason: AbortReason }

export interface ToWatchdog {
  /** Until when code may run, on the raw monotonic clock that all processes of a machine share. */
  readonly deadlineMs: number
  readonly signEveryMs: number
}
/** What a watchdog writes: a sign of life. */
export const SIGN_OF_LIFE = '{"alive":true}\n'
