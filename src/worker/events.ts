// What a worker's machine is told and what it wants done: its whole surface to the world. Sessions and hosts are named by
// numbers that are never used again, so that what arrives late from one that is gone is recognised and ignored.
import type { MonoMs } from '../clock.js'
import type { LogEntry } from '../log.js'
import type { MasterToWorker, WorkerMessage } from '../protocol/messages.js'
import type { AttemptInput, AttemptOutcome, ServedType } from '../runner/runner.js'
import type { TaskError } from '../task/task.js'

export type SessionId = number
export type HostId = number

/** Why the code of an attempt is told to end; also the code of the error that its AbortSignal carries. */
export type AbortReason = 'timeout' | 'cancelled' | 'stale' | 'lost' | 'stopping'

export type WorkerEvent =
  | { readonly kind: 'tick' }
  /** A master has proven itself. `address` is where this worker can be reached from there. */
  | { readonly kind: 'opened'; readonly session: SessionId; readonly master: string; readonly address: string }
  | { readonly kind: 'messages'; readonly session: SessionId; readonly messages: readonly MasterToWorker[] }
  | { readonly kind: 'closed'; readonly session: SessionId; readonly reason: string }
  | { readonly kind: 'host-spawned'; readonly host: HostId; readonly pid: number }
  | { readonly kind: 'host-ready'; readonly host: HostId; readonly types: readonly ServedType[] }
  /** Its modules cannot be loaded; it ends by itself. */
  | { readonly kind: 'host-unfit'; readonly host: HostId; readonly message: string }
  /** Its watchdog gave a sign of life, whatever its code is doing. `begun`: so many attempts have, in the life of the host. */
  | { readonly kind: 'host-alive'; readonly host: HostId; readonly begun: number }
  /** The code of these begins now, one after the other as each lets go; without it it never did. */
  | { readonly kind: 'host-began'; readonly host: HostId; readonly leaseIds: readonly string[] }
  | { readonly kind: 'host-outcomes'; readonly host: HostId; readonly outcomes: readonly HostOutcome[] }
  /** Something was thrown outside every promise; the host is about to end. */
  | { readonly kind: 'host-uncaught'; readonly host: HostId; readonly error: TaskError }
  /** It is gone, and everything that it had said was told before. */
  | { readonly kind: 'host-ended'; readonly host: HostId; readonly exitCode?: number; readonly signal?: string }
  /** The worker is asked to finish and leave. */
  | { readonly kind: 'drain'; readonly graceMs: number }
  /** The task modules have changed on disk. */
  | { readonly kind: 'reload' }
  /** It is to leave now, whatever runs. */
  | { readonly kind: 'stop' }

export interface HostOutcome {
  readonly leaseId: string
  readonly outcome: AttemptOutcome
}

export type WorkerEffect =
  | { readonly kind: 'send'; readonly session: SessionId; readonly message: WorkerMessage }
  /** What was sent leaves, then the session ends. */
  | { readonly kind: 'close'; readonly session: SessionId }
  /** It knows what it serves: masters may come. */
  | { readonly kind: 'accept' }
  | { readonly kind: 'spawn'; readonly host: HostId }
  | { readonly kind: 'kill'; readonly host: HostId }
  /** The watchdog ends the host by itself at this time, on the lease clock; it gives its signs of life so often. */
  | { readonly kind: 'deadline'; readonly host: HostId; readonly at: MonoMs; readonly signEveryMs: number }
  /** Begins the code, not before everything sent so far was written to the session (section 4: `started`). */
  | { readonly kind: 'run'; readonly host: HostId; readonly attempts: readonly AttemptInput[] }
  | { readonly kind: 'abort'; readonly host: HostId; readonly leaseId: string; readonly reason: AbortReason }
  | { readonly kind: 'log'; readonly entry: LogEntry }
  /** The task modules were loaded anew, or could not be. */
  | { readonly kind: 'reloaded'; readonly problem?: string }
  /** The last effect of all. `problem`: why it could not begin its work, bad input of its owner. */
  | { readonly kind: 'exit'; readonly code: number; readonly problem?: string }
