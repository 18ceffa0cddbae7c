// What can happen to a master's machine, and what it can want: the whole border between deciding and doing.
import type { Instant, MonoMs } from '../clock.js'
import type { ErrorCode } from '../errors.js'
import type { LogEntry } from '../log.js'
import type { ClientMessage, MasterToClient, MasterToWorker, WorkerMessage } from '../protocol/messages.js'
import type {
  Batch,
  Count,
  FailurePage,
  Holder,
  KeyRecord,
  LogPage,
  Outcome,
  Quarantine,
  Reputations,
  TaskFilter,
  TaskPage,
  TaskWithStory,
} from '../store/store.js'

/** Number of a connection, given by the node; never used twice in the life of a process. */
export type SessionId = number

export type MasterEvent =
  /** A peer has proven itself. `worker` will register, `client` may ask at once. */
  | { readonly kind: 'opened'; readonly session: SessionId; readonly peer: SessionPeer }
  | { readonly kind: 'message'; readonly session: SessionId; readonly message: WorkerMessage | ClientMessage }
  /** `heardAll`: everything that it had said was told before; else something may be lost. */
  | { readonly kind: 'closed'; readonly session: SessionId; readonly reason: string; readonly heardAll: boolean }
  /** What a dial to an absent worker's address met. */
  | { readonly kind: 'probed'; readonly incarnation: string; readonly met: ProbeResult }
  /** The batch is durable, all of it. Outcomes come in the order of their batches. */
  | { readonly kind: 'committed'; readonly outcome: Outcome }
  | { readonly kind: 'answered'; readonly read: Read; readonly answer: ReadAnswer }
  | { readonly kind: 'tick' }
  /** The very first event: connections can be made from now on. */
  | { readonly kind: 'started' }
  /** Asked to stop from outside: a signal, or the launcher is gone. `now` does not wait for anybody. */
  | { readonly kind: 'stop'; readonly reason: string; readonly graceMs: number; readonly now?: boolean }

export interface SessionPeer {
  readonly role: 'worker' | 'client'
  readonly incarnation: string
  readonly remote: string
  /** Of the key that it came with; none, it has the secret. */
  readonly keyId?: string
}

/** `refused`: nobody listens there. `other`: somebody else does. Anything else says nothing. */
export type ProbeResult = 'refused' | 'other' | 'unknown'

export type MasterEffect =
  /** `lossy`: it is left out where much is unread already. */
  | {
      readonly kind: 'send'
      readonly session: SessionId
      readonly message: MasterToWorker | MasterToClient
      readonly lossy?: true
    }
  /** What was sent before leaves first. */
  | { readonly kind: 'close'; readonly session: SessionId; readonly reason: string }
  /** Dial this address at once, and again for a short while: is the worker still there? */
  | { readonly kind: 'probe'; readonly incarnation: string; readonly address: string }
  | { readonly kind: 'read'; readonly read: Read }
  | { readonly kind: 'log'; readonly entry: LogEntry }
  | { readonly kind: 'exit'; readonly code: number }

/** A question to the store on behalf of a session. */
export type Read =
  | {
      readonly kind: 'get'
      readonly session: SessionId
      readonly re: number
      readonly ids: readonly string[]
      readonly story: boolean
    }
  | {
      readonly kind: 'watch'
      readonly session: SessionId
      readonly re: number
      readonly ids: readonly string[]
      /** Those that an earlier part of the answer did not find. */
      readonly unknown: readonly string[]
      /** The course of each is to be seen, not only its end. */
      readonly live: boolean
      /** First it is seen which of them are there for who asked; those that are, so far. */
      readonly admitted?: readonly string[]
    }
  | {
      readonly kind: 'logs'
      readonly session: SessionId
      readonly re: number
      readonly id: string
      readonly after: number | undefined
      /** Of a task of another type nothing is told. */
      readonly types?: readonly string[] | undefined
    }
  | { readonly kind: 'status'; readonly session: SessionId; readonly re: number }
  | { readonly kind: 'leaderboard'; readonly session: SessionId; readonly re: number }
  | {
      readonly kind: 'list'
      readonly session: SessionId
      readonly re: number
      readonly filter: TaskFilter
      readonly limit: number
      readonly cursor: string | undefined
    }
  | {
      readonly kind: 'failures'
      readonly session: SessionId
      readonly re: number
      readonly filter: TaskFilter
      readonly cursor: string | undefined
    }

export type ReadAnswer =
  /** `unread`: of the ids asked for those that were left for another time, for one answer does not hold them. */
  | { readonly kind: 'tasks'; readonly tasks: readonly TaskWithStory[]; readonly unread: readonly string[] }
  | { readonly kind: 'reputations'; readonly reputations: Reputations }
  | { readonly kind: 'counts'; readonly counts: readonly Count[] }
  | { readonly kind: 'page'; readonly page: TaskPage }
  | { readonly kind: 'logs'; readonly page: LogPage }
  | { readonly kind: 'failures'; readonly page: FailurePage }
  | { readonly kind: 'failed'; readonly code: ErrorCode; readonly message: string }

/** The master's machine as its driver sees it (design: section 3). */
export interface MasterDecisions {
  step(at: Instant, event: MasterEvent): readonly MasterEffect[]
  /**
   * What is to be made durable next, if anything; perhaps before the outcome of the last was looked at. `batchId` is random,
   * and every lease id of the batch is drawn from it.
   * @param atWork the store is at work on another: what has gathered may wait for more
   */
  takeBatch(at: Instant, batchId: string, atWork: boolean): Batch | undefined
  nextDeadline(): MonoMs | undefined
}

export interface MasterSettings {
  readonly incarnation: string
  readonly pid: number
  readonly version: string
  readonly address: string
  /** Boot id and network namespace; equal to a worker's, a refused port is proof of death. */
  readonly machine: string
  readonly heartbeatMs: number
  readonly suspectMs: number
  readonly leaseMs: number
  readonly codeDeadMs: number
  readonly drainMs: number
  /** Leave the workers alone when stopping: a master is about to take them over. */
  readonly keepWorkers: boolean
  /** The log wants a line of each task. */
  readonly tellsDebug: boolean
  readonly keep: Keep
  readonly pull: PullSettings
  /** Who held leases when the store was opened: each has one full lease of grace. */
  readonly holders: readonly Holder[]
  /** The keys that were given out, from the store. */
  readonly keys: readonly KeyRecord[]
  /** Who is given nothing more, from the store. */
  readonly quarantined: readonly Quarantine[]
}

/** Of workers that pull. */
export interface PullSettings {
  /** Of a lease, where a claim says nothing else. */
  readonly leaseMs: number
  /** Silent for so long, a worker is shown as stale. */
  readonly staleMs: number
  /** Between two looks for leases that are over. */
  readonly sweepMs: number
  /** Of tasks that name none. */
  readonly maxAttempts: number
}

/** For how long ended tasks are kept, and how much of them at most. */
export interface Keep {
  /** Completed and cancelled ones; without end where missing. */
  readonly completedMs: number | undefined
  readonly failedMs: number | undefined
  readonly tasks: number
  /** Of payloads and results. */
  readonly bytes: number
}
