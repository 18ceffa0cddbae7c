// What a worker and its host say to each other, on two pipes: one to the host's main thread, for work, and one to its
// watchdog, which is heard whatever the main thread does.
import type { WrittenCommands } from '../../runner/command.js'
import type { AbortReason, CheckpointAnswer, HostSign } from '../events.js'
import type { AttemptColumns } from './attempt-columns.js'

export type { FromHost, HostRow } from './from-host.js'

/** A payload or a result doubles at most as text within JSON. */
export const PIPE_LINE_BYTES_MAX = 4 * 1024 * 1024
/** Beyond so much text a list is not made longer: three bytes a character, and one more payload, are a line still. */
export const LIST_CHARS_MAX = 256 * 1024

/** In as few lists as fit into a line each. */
export function* inLines<Item>(items: readonly Item[], charsOf: (item: Item) => number): Generator<readonly Item[]> {
  let from = 0
  let chars = 0
  for (let index = 0; index < items.length; index += 1) {
    chars += charsOf(items[index]!)
    if (chars < LIST_CHARS_MAX && index < items.length - 1) continue
    yield from === 0 && index === items.length - 1 ? items : items.slice(from, index + 1)
    from = index + 1
    chars = 0
  }
}

/** What a host is to serve, as the owner of its worker named it (P30). */
export interface Served {
  /** Absolute paths of task modules. */
  readonly modules: readonly string[]
  readonly builtins: boolean
  readonly commands?: ServedCommands | undefined
  /** Absolute paths of modules that are runners. */
  readonly runners?: readonly string[] | undefined
  /** Whether its attempts are traced. */
  readonly traced?: boolean | undefined
}

export interface ServedCommands extends WrittenCommands {
  /** From SIGTERM to SIGKILL where one is told to end. */
  readonly killGraceMs: number
  /** What one may have, with all that it has started. */
  readonly memoryBytesMax?: number | undefined
}

export type ToHost =
  /** The first message: what it is to load. */
  | ({ readonly type: 'load'; readonly slots: number } & Served)
  /** One after the other, as there are slots. Those of an earlier epoch that have not begun never do. */
  | { readonly type: 'run'; readonly epoch: number; readonly list: AttemptColumns }
  | { readonly type: 'abort'; readonly leaseId: string; readonly reason: AbortReason }
  | ({ readonly type: 'checkpointed' } & CheckpointAnswer)
  /** Of one that is traced, and has nothing to run: it is to deliver its spans, and to end. */
  | { readonly type: 'leave' }

export type ToWatchdog = Limits | { readonly recall: number }

export interface Limits {
  /** Until when code may run, on the raw monotonic clock that all processes of a machine share. */
  readonly deadlineMs: number
  readonly signEveryMs: number
}
/** What a watchdog writes: a sign of life. It knows while the code of one attempt keeps all behind it waiting. */
export type SignOfLife = HostSign
/** It answers a recall: so many attempts have begun in the life of the host, and no other one of this epoch does. */
export interface Recalled {
  readonly epoch: number
  readonly begun: number
}
