// The seam to what is durable. The store is the truth: memory above it holds sessions and what is in flight, no more.
//
// A batch is ONE durable transaction: when `apply` resolves, all of it is on disk; when it rejects, the outcome is
// unknown, and the same batch is applied again with `retried: true`, after which it has had one effect. Every operation
// is idempotent by its own ids (task id, lease id), which is what makes that true: there is no list of seen batches.
// After a rejection the store has let go of all that it held in memory, and opens its data anew with the next call: the
// caller only waits a little and applies the batch again. Its lock on the data stays held all the while (P22).
//
// Order within a batch: the operations as given, then gates that are due, then claims. Each operation has an outcome of
// its own; a stale or conflicting one never fails the others. Nothing above this folder may assume that it is alone.
import type { WallMs } from '../clock.js'
import type { Durations } from '../task/histogram.js'
import type { LogText } from '../task/log-tail.js'
import type { VoteRule } from '../task/quorum.js'
import type { Tally } from '../task/reputation.js'
import type { KeyRole } from '../task/roles.js'
import type { AttemptRecord, Encoding, Ending, Task, TaskError, TaskSpec, TaskState } from '../task/task.js'

export interface Store {
  /**
   * One durable transaction, after those that were called for before. Rejects with `store_failed` where its outcome is
   * unknown; see above.
   */
  apply(batch: Batch): Promise<Outcome>
  /** The tasks that exist among `ids` (at most PAGE_MAX), with their stories, in the order asked for. */
  get(ids: readonly string[]): Promise<readonly TaskWithStory[]>
  /** A page of tasks without their data, the newest submission first. */
  list(filter: TaskFilter, page: PageRequest): Promise<TaskPage>
  /**
   * Failed tasks grouped by what ended them, of a bounded number of them. Who wants all goes on with `next` and merges the
   * groups by their key.
   */
  failures(filter: TaskFilter, cursor?: string): Promise<FailurePage>
  /** What attempts of a task said, in the order in which they ended; those behind `after`, the `seq` of another. */
  logs(id: string, after?: number): Promise<LogPage>
  /** How many tasks there are of each queue, type and state. Costs the number of such rows, not of tasks. */
  counts(): Promise<readonly Count[]>
  /**
   * Incarnations that hold running tasks: after a start each of them has one full lease of grace. And all that were enlisted,
   * with what they hold, whether they hold anything or not.
   */
  holders(): Promise<readonly Holder[]>
  /** All keys that were given out and are not forgotten, also those that were revoked or have expired; at most KEYS_MAX. */
  keys(): Promise<readonly KeyRecord[]>
  /** What became of whose votes, and who is quarantined. */
  reputations(): Promise<Reputations>
  /** Waits for the batch in flight; afterwards every call rejects. Frees the data for another master. */
  close(): Promise<void>
}

export const PAGE_MAX = 500
/** Gates that one batch opens at most; the outcome's `nextDueAt` then says that more are due. */
export const GATES_PER_BATCH_MAX = 1_000
/** Keys that are kept; one more makes that one forgotten which has ended first. */
export const KEYS_MAX = 1_000

export interface Batch {
  readonly id: string
  /** The wall clock of the master that gathered it: `runAt`, expiry and all times of the story. */
  readonly now: WallMs
  readonly operations: readonly Operation[]
  readonly claims: readonly Claim[]
  /**
   * The outcome of an earlier try is unknown. What that try did is found again by the ids, and answered as it would have
   * been then: offers that were granted, tasks that ended. Three things tell of this try alone: how many tasks an attach
   * returned, which ones that never started an expiry gave back, and a cancel that came before the submit of its task.
   */
  readonly retried: boolean
}

export type Operation =
  | SubmitOperation
  | SettleOperation
  | CheckpointOperation
  | CancelOperation
  | RetryOperation
  | AttachOperation
  | EnlistOperation
  | ExpireOperation
  | PruneOperation
  | CreateKeyOperation
  | RevokeKeyOperation
  | PardonOperation

export interface SubmitOperation {
  readonly kind: 'submit'
  readonly task: TaskSpec
}

/** Ends an attempt, fenced by its lease. What it makes of the task is `decideEnding` of task/task.ts. */
export interface SettleOperation {
  readonly kind: 'settle'
  readonly taskId: string
  readonly leaseId: string
  /** Who says so: the lease must be its own. Missing where the master itself gives a task back. */
  readonly holder?: string
  readonly ending: Ending
  /** The last of what the attempt said: kept where this settles it. */
  readonly log?: LogText
}

/**
 * How far an attempt has come, in the words of its own code: fenced by its lease, in place of what it or an attempt before it
 * kept. The next attempt is told of it; a task that has completed has none.
 */
export interface CheckpointOperation {
  readonly kind: 'checkpoint'
  readonly taskId: string
  readonly leaseId: string
  readonly holder?: string
  /** JSON as text. */
  readonly value: string
}

/** A pending task is cancelled; of a running one the wish is recorded, and no result counts any more. */
export interface CancelOperation {
  readonly kind: 'cancel'
  readonly taskId: string
  /** A task of another type is `unknown`. */
  readonly types?: readonly string[]
}

/** A person retries a task by name (P6): what that makes of it is `decideRetry` of task/task.ts. */
export interface RetryOperation {
  readonly kind: 'retry'
  readonly taskId: string
  /** A task of another type is `unknown`. */
  readonly types?: readonly string[]
}

/**
 * Ended tasks that are too old, or too many, are forgotten with their stories: the oldest end first, at most `limit` of
 * them, and fewer where they are large. What ended in this very batch stays, its end is not told yet. A batch that is
 * applied again prunes nothing: what the first try left is for the next one.
 */
export interface PruneOperation {
  readonly kind: 'prune'
  /** Completed and cancelled tasks that ended before. */
  readonly completedBefore: WallMs
  readonly failedBefore: WallMs
  /** Of all ended tasks together: so many, and so many bytes of payload and result. */
  readonly keptMax: number
  readonly keptBytesMax: number
  readonly limit: number
}

/** Under an id of its maker's choice: the same again is the same key. */
export interface CreateKeyOperation {
  readonly kind: 'create-key'
  readonly key: NewKey
}

/** From now on the key opens nothing. */
export interface RevokeKeyOperation {
  readonly kind: 'revoke-key'
  readonly id: string
}

/** A voter that is quarantined has work again, and proves itself anew: nobody trusts it, and its last votes are forgotten. */
export interface PardonOperation {
  readonly kind: 'pardon'
  readonly voter: string
}

/**
 * A worker has come (back) with these leases. Running tasks of its incarnation that it does not name never reached it:
 * they end as `returned`, not started.
 */
export interface AttachOperation {
  readonly kind: 'attach'
  readonly incarnation: string
  readonly leases: readonly LeaseRef[]
  readonly place?: Place
  /** Whose votes its votes are. Unset: of all that have its name. */
  readonly voter?: string
  /** What it says that it thinks with: a record of its own. */
  readonly model?: string
}

/** A worker that pulls is known from now on, until it expires as a whole; or what is known of it is new. */
export interface EnlistOperation {
  readonly kind: 'enlist'
  readonly incarnation: string
  /** Text that only its writer reads. */
  readonly about: string
  /** As of a worker that attaches. */
  readonly voter?: string
  readonly model?: string
}

/** Where a worker was: enough for another master to ask whether it still lives. */
export interface Place {
  /** `ip:port` where it listens. */
  readonly address: string
  /** Boot id and network namespace. */
  readonly machine: string
}

/**
 * A worker is judged gone: its running tasks end as `lost`, and nothing is known of it any more. Fails as `moved` where its
 * beat is not this one any more.
 */
export interface ExpireOperation {
  readonly kind: 'expire'
  readonly incarnation: string
  /** The number that was seen unchanged for a whole lease; where one master holds the store alone, always 0. */
  readonly beat: number
  /** Leases of which it is proven that their code never started. */
  readonly unstarted: readonly string[]
  /** Where it is there, only these of its leases are over, and the worker goes on. */
  readonly leases?: readonly LeaseRef[]
  readonly error: TaskError
}

export interface LeaseRef {
  readonly taskId: string
  readonly leaseId: string
}

/** The first n runnable tasks of all routes in one order (P15): priority, then `runAt`, then submission. */
export interface Claim {
  readonly routes: readonly ClaimRoute[]
  /** In place of routes: of these queues whatever has something to run. */
  readonly everyType?: EveryType
  /** One an attempt that may be granted, filled in this order. */
  readonly offers: readonly Offer[]
}

export interface ClaimRoute {
  readonly queue: string
  readonly type: string
  /** The type's default, for tasks that name none; from the grant on it is the task's own. */
  readonly maxAttempts?: number
}

export interface EveryType {
  readonly queues: readonly string[]
  /** For tasks that name none. */
  readonly maxAttempts?: number
}

export interface Offer {
  readonly leaseId: string
  /** Incarnation of the worker. */
  readonly holder: string
  /** Held ready behind what the worker runs: never a task that may run once only (P10). */
  readonly ahead?: boolean
}

export interface Outcome {
  /** One an operation, in the order of the batch. */
  readonly operations: readonly OperationOutcome[]
  /** One a claim, in the order of the batch. */
  readonly claims: readonly ClaimOutcome[]
  /** Every task that this batch brought to its end, whichever part of the batch did it. */
  readonly ended: readonly EndedTask[]
  /** Replicas that run and are not needed any more: their code is to be ended. */
  readonly stopped?: readonly StoppedLease[]
  /** Replicas were sent out after a vote: there may be something to run although nothing was submitted. */
  readonly reissued?: true
  /** By votes of this batch: there is no more work for them. */
  readonly quarantined?: readonly Quarantine[]
  /** When the next gate opens or the next pending task expires; not after `now` where more are due already. */
  readonly nextDueAt?: WallMs
  /** How long what was granted had waited since it might run. Only where something was. */
  readonly waits?: Durations
  /** The disk is nearly full: submits and retries by hand were `busy`, so that what was accepted can still end (P24). */
  readonly short?: boolean
}

export type OperationOutcome =
  | { readonly kind: 'submit'; readonly status: SubmitStatus; readonly state?: TaskState }
  | {
      readonly kind: 'settle'
      readonly status: 'recorded' | 'stale'
      readonly state?: TaskState
      readonly runAt?: WallMs
      /** It said that it had completed, and was recorded as failed with this: it has no vote. */
      readonly refused?: TaskError
    }
  | { readonly kind: 'checkpoint'; readonly status: 'recorded' | 'stale' }
  | {
      readonly kind: 'cancel'
      /** `cancelling`: it runs, and the holder is to end its code. `ended`: it had ended before, as `state` says. */
      readonly status: 'cancelled' | 'cancelling' | 'ended' | 'unknown'
      readonly state?: TaskState
      readonly leaseId?: string
      readonly holder?: string
    }
  | {
      readonly kind: 'retry'
      /** `kept`: it is neither failed nor cancelled, as `state` says. `busy`: too many are pending (P24). */
      readonly status: 'retried' | 'kept' | 'busy' | 'unknown'
      readonly state?: TaskState
    }
  | {
      readonly kind: 'attach'
      /** What it still holds. */
      readonly live: readonly Grant[]
      /** Leases that are not its own any more; their code must end, their results change nothing. */
      readonly stale: readonly LeaseRef[]
      /** Tasks that never reached it and wait again. */
      readonly returned: number
    }
  | { readonly kind: 'enlist' }
  | { readonly kind: 'expire'; readonly status: 'expired' | 'moved'; readonly tasks: readonly ExpiredTask[] }
  /** `more`: there is more to forget already. */
  | { readonly kind: 'prune'; readonly pruned: number; readonly more: boolean }
  | {
      readonly kind: 'create-key'
      /** `conflict`: the id is that of another key. `full`: KEYS_MAX of them are in use. */
      readonly status: 'created' | 'existing' | 'conflict' | 'full'
      readonly key?: KeyRecord
      /** The one that made room for it. */
      readonly forgotten?: string
    }
  | { readonly kind: 'revoke-key'; readonly status: 'revoked' | 'unknown'; readonly key?: KeyRecord }
  /** `kept`: it was not quarantined. */
  | { readonly kind: 'pardon'; readonly status: 'pardoned' | 'kept' }

/**
 * - `accepted`: new and durable; `existing`: the same task was there already (P2), `state` says how it stands;
 * - `conflict`: the id is taken by a task with other content, which is unchanged; `busy`: too many are pending (P24).
 */
export type SubmitStatus = 'accepted' | 'existing' | 'conflict' | 'busy'

export interface ExpiredTask {
  readonly id: string
  readonly leaseId: string
  readonly state: TaskState
}

export interface ClaimOutcome {
  /**
   * In the order of the offers that they meet, at most one each, and in P15's order. Fewer than offers: the routes have nothing runnable left, or so much is over
   * its time that one batch could not end it all; then nothing is granted, and `nextDueAt` is not after `now`.
   */
  readonly grants: readonly Grant[]
  /** There may be something to run left, and it is only not for those whose offers were not met. */
  readonly passed?: true
}

export interface StoppedLease extends LeaseRef {
  readonly holder: string
}

/** An attempt that was granted, with what its worker and the master need of the task. */
export interface Grant {
  readonly taskId: string
  readonly leaseId: string
  readonly holder: string
  readonly queue: string
  readonly type: string
  readonly payload: string
  readonly encoding: Encoding
  readonly priority: number
  readonly attempt: number
  readonly maxAttempts: number
  readonly timeoutMs?: number
  /** Until when it must have ended. */
  readonly deadlineAt?: WallMs
  readonly suspect: boolean
  /** Told where it is so: what ran already may have been cancelled meanwhile. */
  readonly cancelRequested?: boolean
  readonly meta?: string
  /** The last that an attempt before this one kept. */
  readonly checkpoint?: string
  /** Told where it is so: the code is to say what it votes for. */
  readonly ballot?: boolean
  /** Since when it waited; told beside a `meta`, which may stand for a trace. */
  readonly runAt?: WallMs
}

export interface EndedTask {
  readonly id: string
  readonly state: TaskState
  readonly origin?: string
  readonly result?: string
  readonly resultEncoding?: Encoding
  readonly error?: TaskError
}

/** What is not named matches everything. */
export interface TaskFilter {
  readonly states?: readonly TaskState[]
  readonly types?: readonly string[]
  readonly queues?: readonly string[]
  /** Submitted at or after, and before. */
  readonly createdSince?: WallMs
  readonly createdBefore?: WallMs
  /** Ended at or after, and before: then only tasks that have ended match. */
  readonly endedSince?: WallMs
  readonly endedBefore?: WallMs
  /** The key of a FailureGroup: only tasks that failed so. */
  readonly failure?: string
}

export interface PageRequest {
  /** From 1 to PAGE_MAX. */
  readonly limit: number
  /** `next` of the page before; the newest tasks without one. Only the store reads it. */
  readonly cursor?: string
}

/**
 * At most `limit` tasks, and fewer, or none, where so many rows were looked at that it is somebody else's turn: a call
 * costs a bounded number of rows. Nothing is left where `next` is missing.
 */
export interface TaskPage {
  readonly tasks: readonly TaskSummary[]
  readonly next?: string
}

/** A task without its data; its error has no stack, and a short message. */
export type TaskSummary = Omit<Task, 'payload' | 'encoding' | 'result' | 'resultEncoding' | 'meta' | 'origin'>

export interface FailurePage {
  readonly groups: readonly FailureGroup[]
  readonly next?: string
}

/** Failed tasks of one type whose errors are alike: the same code and message, but for numbers, ids and names in it. */
export interface FailureGroup {
  readonly key: string
  readonly type: string
  readonly code: string
  /** Of the newest. */
  readonly message: string
  readonly count: number
  /** When the first and the last of them ended. */
  readonly firstAt: WallMs
  readonly lastAt: WallMs
  /** Ids of the newest. */
  readonly examples: readonly string[]
}

/** The end of what an attempt said; `at` bytes were said before it. */
export interface KeptLog extends LogText {
  /** Its place among all logs. */
  readonly seq: number
  readonly attempt: number
  readonly leaseId: string
  readonly endedAt: WallMs
}

export interface LogPage {
  readonly logs: readonly KeptLog[]
  /** There are more behind these. */
  readonly more: boolean
}

/** In one answer; each is at most LOG_BYTES_MAX. */
export const LOGS_PER_PAGE = 8
/** Of all logs together: of more the oldest are forgotten. */
export const LOGS_BYTES_MAX = 256 * 1024 * 1024

export interface TaskWithStory {
  readonly task: Task
  readonly story: readonly AttemptRecord[]
  readonly checkpoint?: string
  /** Of one that is voted on. */
  readonly poll?: PollRecord
}

export interface PollRecord {
  readonly rule: VoteRule
  /** Of `auto`: one vote was not enough. */
  readonly checked?: boolean
  /** All that were sent out, by number. */
  readonly replicas: readonly ReplicaRecord[]
}

/** A copy of a task that is voted on, itself a task. */
export interface ReplicaRecord {
  readonly taskId: string
  /** From 1. */
  readonly n: number
  /** `void`: it has ended without a vote that counts. */
  readonly state: 'open' | 'cast' | 'void'
  /** Who runs or ran it, and on which machine. */
  readonly voter?: string | undefined
  readonly machine?: string | undefined
  /** What that one said that it thinks with. */
  readonly model?: string | undefined
  /** What it voted for, or, where that is long, its hash. */
  readonly ballot?: string
  /** Whether that is what was agreed on; unset as long as nothing is. */
  readonly agreed?: boolean
}

/** Of one voter's votes for tasks of one type, with one model. */
export interface ReputationRecord extends Tally {
  readonly voter: string
  readonly type: string
  readonly model?: string | undefined
  readonly lastAt: WallMs
}

export interface Quarantine {
  readonly voter: string
  readonly reason: string
  readonly since: WallMs
}

export interface Reputations {
  /** The most matched first; at most REPUTATIONS_MAX. */
  readonly records: readonly ReputationRecord[]
  readonly quarantined: readonly Quarantine[]
}

/** In one answer. */
export const REPUTATIONS_MAX = 1_000

export interface Count {
  readonly queue: string
  readonly type: string
  readonly state: TaskState
  readonly count: number
}

export interface Holder {
  readonly incarnation: string
  readonly beat: number
  readonly running: number
  readonly place?: Place
  /** As it was enlisted. */
  readonly about?: string
  /** Of one that was enlisted. */
  readonly leases?: readonly HeldLease[]
}

export interface HeldLease extends LeaseRef {
  readonly type: string
  /** Until when the task must have ended. */
  readonly deadlineAt?: WallMs
  readonly cancelRequested: boolean
}

/** A key as it is kept: what checks it, and not what opens. */
export interface KeyRecord {
  readonly id: string
  readonly role: KeyRole
  /** It submits, or serves, these task types only. */
  readonly types?: readonly string[]
  /** For people. */
  readonly name?: string
  readonly createdAt: WallMs
  readonly expiresAt?: WallMs
  readonly revokedAt?: WallMs
  readonly storedKey: string
  readonly serverKey: string
}

export interface NewKey extends Omit<KeyRecord, 'createdAt' | 'expiresAt' | 'revokedAt'> {
  readonly expiresMs?: number
}

/** What every implementation is opened with. */
export interface StoreLimits {
  /** Submits are answered `busy` from so many pending tasks on (P24). */
  readonly pendingMax: number
  /** Of the logs of all tasks together; LOGS_BYTES_MAX where unset. */
  readonly logBytesMax?: number
  /** Whoever was wrong in a larger share of its last votes is quarantined; QUARANTINE_SHARE where unset. */
  readonly quarantineShare?: number
}

export const PENDING_MAX = 10_000_000
