// What a worker's machine is told and what it wants done: its whole surface to the world. Sessions and hosts are named by
// numbers that are never used again, so that what arrives late from one that is gone is recognised and ignored.
import type { MonoMs } from '../clock.js'
import type { LogEntry } from '../log.js'
import type { MasterToWorker, WorkerMessage } from '../protocol/messages.js'
import type { Progress } from '../runner/progress.js'
import type { AttemptInput, AttemptOutcome, ServedType } from '../runner/runner.js'
import type { LogText } from '../task/log-tail.js'
import type { TaskError } from '../task/task.js'

export type SessionId = number
export type HostId = number

/** Why the code of an attempt is told to end; also the code of the error that its AbortSignal carries. */
export type AbortReason = 'timeout' | 'deadline' | 'cancelled' | 'stale' | 'lost' | 'stopping'

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
  /** Its watchdog gave a sign of life, whatever its code is doing. */
  | ({ readonly kind: 'host-alive'; readonly host: HostId; readonly ownBytes?: number | undefined } & HostSign)
  /** So many attempts have begun in its life, and no other one of this epoch does. */
  | { readonly kind: 'host-recalled'; readonly host: HostId; readonly epoch: number; readonly begun: number }
  /** The code of these begins now, one after the other as there are slots; without it it never did. */
  | { readonly kind: 'host-began'; readonly host: HostId; readonly leaseIds: readonly string[] }
  | { readonly kind: 'host-outcomes'; readonly host: HostId; readonly outcomes: readonly HostOutcome[] }
  /** What attempts tell while they run; before the outcome of each. */
  | { readonly kind: 'host-reports'; readonly host: HostId; readonly list: readonly HostReport[] }
  /** Code has kept how far it came. */
  | { readonly kind: 'host-checkpoints'; readonly host: HostId; readonly checkpoints: readonly HostCheckpoint[] }
  /** Something was thrown outside every promise; the host is about to end. */
  | { readonly kind: 'host-uncaught'; readonly host: HostId; readonly error: TaskError }
  /** It is gone, and everything that it had said was told before. */
  | ({ readonly kind: 'host-ended'; readonly host: HostId } & HostEnd)
  /** The worker is asked to finish and leave. */
  | { readonly kind: 'drain'; readonly graceMs: number }
  /** The task modules have changed on disk. */
  | { readonly kind: 'reload' }
  /** It is to leave now, whatever runs. */
  | { readonly kind: 'stop' }

export interface HostSign {
  /** So many attempts have, in the life of the host. */
  readonly begun: number
  /** Of its process. */
  readonly memoryBytes: number
  /** For so long its code has let nothing else have its turn. */
  readonly blockedMs: number
}

export interface HostEnd {
  readonly exitCode?: number
  readonly signal?: string
  /** What was full, where that is known to have ended it: its heap, or the memory of the machine. */
  readonly full?: 'heap' | 'machine'
}

export interface HostOutcome {
  readonly leaseId: string
  readonly outcome: AttemptOutcome
  /** From where it began, by the clock of its host. */
  readonly tookMs: number
}

/** What an attempt has to tell while it runs: how far it is, and what it said since the last time. */
export interface HostReport {
  readonly leaseId: string
  readonly progress?: Progress
  readonly log?: LogText
}

export interface HostCheckpoint {
  readonly leaseId: string
  /** Counted by the attempt from 1. */
  readonly n: number
  readonly value: string
}

/** What became of a checkpoint, and of all before it of the same attempt. */
export interface CheckpointAnswer {
  readonly leaseId: string
  readonly n: number
  readonly status: 'recorded' | 'stale' | 'unsupported'
}

export type WorkerEffect =
  /** `lossy`: it is left out where much is unread already. */
  | {
      readonly kind: 'send'
      readonly session: SessionId
      readonly message: WorkerMessage
      readonly lossy?: true
    }
  /** What was sent leaves, then the session ends. */
  | { readonly kind: 'close'; readonly session: SessionId }
  /** It knows what it serves: masters may come. */
  | { readonly kind: 'accept' }
  /** `memoryBytesMax`: it is to keep below that by itself as far as it can. */
  | { readonly kind: 'spawn'; readonly host: HostId; readonly memoryBytesMax?: number }
  | { readonly kind: 'kill'; readonly host: HostId }
  /** The watchdog ends the host by itself at this time, on the lease clock; it gives its signs of life so often. */
  | { readonly kind: 'deadline'; readonly host: HostId; readonly at: MonoMs; readonly signEveryMs: number }
  /** Begins the code, not before everything sent so far was written to the session (section 4: `started`). */
  | {
      readonly kind: 'run'
      readonly host: HostId
      readonly epoch: number
      readonly attempts: readonly AttemptInput[]
    }
  /** What has not begun of this epoch never does. */
  | { readonly kind: 'recall'; readonly host: HostId; readonly epoch: number }
  | { readonly kind: 'abort'; readonly host: HostId; readonly leaseId: string; readonly reason: AbortReason }
  | { readonly kind: 'checkpointed'; readonly host: HostId; readonly answer: CheckpointAnswer }
  | { readonly kind: 'log'; readonly entry: LogEntry }
  /** The task modules were loaded anew, or could not be. */
  | { readonly kind: 'reloaded'; readonly problem?: string }
  /** The last effect of all. `problem`: why it could not begin its work, bad input of its owner. */
  | { readonly kind: 'exit'; readonly code: number; readonly problem?: string }
