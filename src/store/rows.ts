// What a store keeps, and the narrow seam between what a batch does (batch.ts, the same for every store that holds its
// data alone) and how rows are kept and found (memory.ts, sqlite/rows.ts). Every method is one step of a transaction that
// is under way; none of them decides anything.
//
// What always holds: only runnable rows are in the claim's order, that is pending ones that no gate keeps out of it.
import type { WallMs } from '../clock.js'
import type { VoteRule } from '../task/quorum.js'
import type { Recent, Tally } from '../task/reputation.js'
import type { AttemptRecord, Encoding, Ending, EndingDecision, Task, TaskSpec, TaskState } from '../task/task.js'
import { DEFAULT_MAX_ATTEMPTS, isTerminal } from '../task/task.js'
import type {
  Claim,
  ClaimRoute,
  Count,
  EndedTask,
  Grant,
  Holder,
  KeptLog,
  KeyRecord,
  Offer,
  Place,
  Quarantine,
  ReplicaRecord,
  ReputationRecord,
  SettleOperation,
  TaskFilter,
  TaskSummary,
} from './store.js'

/** A task with what only the store itself asks for. */
export interface TaskRow extends Task {
  /** A pending task that waits for its `runAt`. */
  readonly gated: boolean
  /** It is voted on: its replicas run in its place, and no time opens its gate. */
  readonly voting?: true
  /** As submitted; `maxAttempts` itself may come from the first grant. Tells whether a resubmit is the same (P2). */
  readonly maxAttemptsGiven?: number
  /** The last lease that its worker itself settled other than by completing: tells a repetition from a stale one (P6). */
  readonly settledLease?: string
}

/** A task that comes: pending, without attempts, and without a place in the order of submission. */
export type NewTaskRow = Pick<
  TaskRow,
  | 'id'
  | 'queue'
  | 'type'
  | 'payload'
  | 'encoding'
  | 'priority'
  | 'maxAttempts'
  | 'maxAttemptsGiven'
  | 'timeoutMs'
  | 'description'
  | 'meta'
  | 'origin'
  | 'createdAt'
  | 'runAt'
  | 'gated'
  | 'voting'
  | 'expiresAt'
  | 'deadlineAt'
>

/** A runnable task as a claim finds it: where it stands in the one order of P15, and what its worker is to be told. */
export interface Head {
  readonly seq: number
  readonly id: string
  readonly queue: string
  readonly type: string
  readonly priority: number
  readonly runAt: WallMs
  /** Attempts so far. */
  readonly attempt: number
  /** As the task has it so far. */
  readonly maxAttempts?: number | null | undefined
  readonly timeoutMs?: number | null | undefined
  readonly deadlineAt?: WallMs | null | undefined
  readonly suspect: boolean | number
  readonly meta?: string | null | undefined
  readonly encoding: Encoding
  /** Missing where it is long: a claim looks at more tasks than it grants. */
  readonly payload?: string | null | undefined
}

/** What a claim gives to whom. */
export interface Given<Of extends Head = Head> {
  readonly head: Of
  readonly offer: Offer
  /** For a task that names none. */
  readonly maxAttempts: number
}

/** A lease, and who says that it has ended: anybody where that is missing. */
export type Settled = Pick<SettleOperation, 'taskId' | 'leaseId' | 'holder'>

/** The common ending of an attempt. */
export type Completion = Settled & { readonly ending: Extract<Ending, { kind: 'completed' }> }

/** The fence (P5): it runs on this very lease, and the lease is that holder's. */
export function isHeldBy(row: TaskRow, { leaseId, holder = row.holder }: Settled): boolean {
  return row.state === 'running' && row.leaseId === leaseId && row.holder === holder
}

export interface Rows {
  task(id: string): TaskRow | undefined
  /** One after the other: false, and nothing is changed, where the id is taken. Neighbours may cost less together. */
  insert(rows: readonly NewTaskRow[]): readonly boolean[]
  /** Replaces the row of this `seq`; what a grant alone changes (lease, holder, grantedAt) stays. */
  update(row: TaskRow): void
  /**
   * Each in one step what `decideEnding` makes of `completed`, and no checkpoint is left; undefined, and nothing is changed, where the
   * lease is over or a cancel was asked for. Neighbours may cost less together.
   */
  complete(list: readonly Completion[], now: WallMs): readonly (CompletedRow | undefined)[]

  /** Keeps it for the task that runs on this lease. False, and nothing is changed, where none does (P5). */
  keepCheckpoint(lease: Settled, value: string): boolean
  /** The last one of a task that has not completed, and the lease that it was kept on. */
  checkpoint(taskId: string): Checkpoint | undefined

  /** The first runnable tasks of one route, in P15's order. */
  heads(route: ClaimRoute, limit: number): readonly Head[]
  /** The first types of a queue that have something to run. Costs as many steps as there are such types. */
  runnableTypes(queue: string, limit: number): readonly string[]
  /** Where the head does not have it. */
  payload(head: Head): string
  grant(given: readonly Given[], now: WallMs): void
  /** The running task that holds this very lease. */
  leased(offer: Offer): TaskRow | undefined
  /** The running tasks of an incarnation, in the order of submission. */
  running(incarnation: string): readonly TaskRow[]

  /** Lets the first of the tasks whose `runAt` has come into the claim's order. */
  openGates(now: WallMs, limit: number): void
  /** Pending tasks whose time is over, the earliest first. */
  overdue(now: WallMs, limit: number): readonly TaskRow[]
  /** Failed tasks that had a time to expire and ended at this very moment. */
  failedAt(endedAt: WallMs): readonly TaskRow[]
  nextDueAt(): WallMs | undefined

  /**
   * Tasks before this `seq` that match, the last first. It looks at a bounded number of rows; `next` is where to go on,
   * and missing where nothing is left. What `filter` says of the failure is not its business.
   */
  walk(filter: TaskFilter, before: number, limit: number): Walk

  record(taskId: string, record: AttemptRecord): void
  story(taskId: string): readonly AttemptRecord[]
  /** Attempts of an incarnation that ended at this very moment. */
  recordsOf(incarnation: string, endedAt: WallMs): readonly (AttemptRecord & { readonly taskId: string })[]

  /** `log.text` is well-formed. */
  keepLog(taskId: string, log: Omit<KeptLog, 'seq'>): void
  /** In the order in which they were kept, from behind `after` on. */
  logs(taskId: string, after: number, limit: number): readonly KeptLog[]
  /** Forgets the oldest logs of all tasks, until the others are not more than so many bytes. */
  dropLogs(bytesMax: number): void

  /** Those that ended first, of the ones that failed or of all others. */
  endedFirst(which: 'failed' | 'others', limit: number): readonly EndedRow[]
  /** Forgets a task with its story, its logs, its checkpoint and its votes. */
  remove(row: EndedRow): void

  beat(incarnation: string): number | undefined
  remember(incarnation: string, place: Place | undefined, identity: Identity): void
  enlist(incarnation: string, about: string, identity: Identity): void
  /** Whose vote that of this incarnation is, and where it is, as far as that is known. */
  whoIs(incarnation: string): Who
  forget(incarnation: string): void

  pending(): number
  /** How many tasks have ended, and the bytes of their payloads and results. */
  kept(): Size
  addToCount(queue: string, type: string, state: TaskState, change: Size): void
  counts(): readonly Count[]
  holders(): readonly Holder[]

  readonly keys: KeyRows
  readonly polls: PollRows
  readonly reputations: ReputationRows
}

/** As whom an incarnation votes, as far as it was told. */
export type Identity = Pick<ReplicaRecord, 'voter' | 'model'>

export interface Who extends Pick<ReplicaRecord, 'machine' | 'model'> {
  readonly voter: string
}

/** What voters are worth. */
export interface ReputationRows {
  tally(of: TallyKey): Tally | undefined
  /** In place of what was there. */
  put(record: ReputationRecord): void
  /** The most matched first, then by who and what. */
  best(limit: number): readonly ReputationRecord[]
  voter(voter: string): VoterRow | undefined
  putVoter(row: VoterRow): void
  quarantined(): readonly Quarantine[]
  /** Nobody trusts it any more, whatever the type. */
  endStreaks(voter: string): void
}

export type TallyKey = Pick<ReputationRecord, 'voter' | 'type' | 'model'>

export interface VoterRow {
  readonly voter: string
  readonly recent: Recent
  readonly quarantine?: Omit<Quarantine, 'voter'>
}

/** Tasks that are voted on. */
export interface PollRows {
  get(taskId: string): PollRow | undefined
  /** In place of what was there. */
  put(poll: PollRow): void
  replica(taskId: string): ReplicaRow | undefined
  /** In the order of their numbers. */
  replicas(parentId: string): readonly ReplicaRow[]
  putReplica(replica: ReplicaRow): void
  /** With its replicas, which stay as tasks. */
  remove(taskId: string): void
}

export interface PollRow {
  readonly taskId: string
  readonly rule: VoteRule
  /** The first replica whose vote counts: those before it voted before the last retry by hand. */
  readonly first: number
  /** The number of the last replica. */
  readonly issued: number
  /** Of `auto`: one vote was not enough. */
  readonly checked?: boolean
}

export interface ReplicaRow extends ReplicaRecord {
  readonly parentId: string
}

/** The keys that were given out. */
export interface KeyRows {
  get(id: string): KeyRecord | undefined
  /** In the order of their ids. */
  all(): readonly KeyRecord[]
  insert(key: KeyRecord): void
  revoke(id: string, now: WallMs): void
  remove(id: string): void
}

export interface Checkpoint {
  readonly leaseId: string
  readonly value: string
}

export interface Walk {
  readonly found: readonly TaskSummary[]
  readonly next?: number
}

export interface Size {
  readonly count: number
  /** Of payload and result, in UTF-8. Counted for tasks that have ended only. */
  readonly bytes: number
}

/** What must be known of a task to forget it. */
export type EndedRow = Pick<TaskRow, 'seq' | 'id' | 'queue' | 'type' | 'state'> & {
  /** As `gated` of a row that SQLite keeps, or as it is. */
  readonly voting?: boolean | number
  readonly endedAt: WallMs
  readonly bytes: number
}

export type CompletedRow = Pick<TaskRow, 'queue' | 'type' | 'origin'> & Pick<Size, 'bytes'>

const NEVER: WallMs = Number.POSITIVE_INFINITY

/** The row that a submit makes. */
export function newRow(spec: TaskSpec, now: WallMs): NewTaskRow {
  const { delayMs = 0, vote } = spec
  const deadlineAt = spec.deadlineMs === undefined ? undefined : now + spec.deadlineMs
  return {
    id: spec.id,
    queue: spec.queue,
    type: spec.type,
    payload: spec.payload,
    encoding: spec.encoding,
    priority: spec.priority,
    maxAttempts: spec.maxAttempts,
    maxAttemptsGiven: spec.maxAttempts,
    timeoutMs: spec.timeoutMs,
    description: spec.description,
    meta: spec.meta,
    origin: spec.origin,
    createdAt: now,
    runAt: now + delayMs,
    gated: delayMs > 0 && vote === undefined,
    voting: vote === undefined ? undefined : true,
    expiresAt: spec.expiresMs === undefined ? deadlineAt : Math.min(now + spec.expiresMs, deadlineAt ?? NEVER),
    deadlineAt,
  }
}

/** Whether a submit under a known id is the same task, but for how it is voted on (P2). Delay, expiry and deadline may differ: a client that repeats counts anew. */
export function sameContent(row: TaskRow, spec: TaskSpec): boolean {
  return (
    row.type === spec.type &&
    row.queue === spec.queue &&
    row.payload === spec.payload &&
    row.encoding === spec.encoding &&
    row.priority === spec.priority &&
    row.maxAttemptsGiven === spec.maxAttempts &&
    row.timeoutMs === spec.timeoutMs
  )
}

/** The row after an attempt has ended. A task that has ended carries the error it ended with, or none. */
export function rowAfter(row: TaskRow, decision: EndingDecision, now: WallMs): TaskRow {
  const { record: _, ...changes } = decision
  const { error, ...kept } = row
  const stays = isTerminal(decision.state) || error === undefined ? {} : { error }
  return { ...kept, ...stays, ...changes, gated: decision.state === 'pending' && decision.runAt > now }
}

/** Of an incarnation, which is that and a random id (PROTOCOL.md). */
export function nameOf(incarnation: string): string {
  const end = incarnation.lastIndexOf('#')
  return end < 0 ? incarnation : incarnation.slice(0, end)
}

/** In UTF-8. */
export function bytesOf({ payload, result }: Pick<TaskRow, 'payload' | 'result'>): number {
  return Buffer.byteLength(payload) + Buffer.byteLength(result ?? '')
}

/** The task as everybody above the store sees it. */
export function taskOf(row: TaskRow): Task {
  const { gated: _, voting: __, maxAttemptsGiven: ___, settledLease: ____, ...task } = row
  return task
}

/** What the worker is told of a task that runs on this offer. */
export function grantOf(
  row: Omit<Head, 'payload'> & { readonly cancelRequested?: boolean },
  { leaseId, holder }: Pick<Offer, 'leaseId' | 'holder'>,
  payload: string,
  maxAttempts = row.maxAttempts ?? DEFAULT_MAX_ATTEMPTS,
  attempt = row.attempt,
): Grant {
  const { id: taskId, queue, type, encoding, priority, timeoutMs, deadlineAt, meta } = row
  const suspect = row.suspect === true || row.suspect === 1
  const grant = { taskId, leaseId, holder, queue, type, payload, encoding, priority, attempt, maxAttempts, suspect }
  if (timeoutMs == null && deadlineAt == null && meta == null && row.cancelRequested !== true) return grant
  return {
    ...grant,
    ...(timeoutMs != null && { timeoutMs }),
    ...(deadlineAt != null && { deadlineAt }),
    ...(meta != null && { meta, runAt: row.runAt }),
    ...(row.cancelRequested && { cancelRequested: true }),
  }
}

export function endedOf(row: TaskRow): EndedTask {
  const { id, state, origin, result, resultEncoding, error } = row
  return defined({ id, state, origin, result, resultEncoding, error })
}

/** P15: the higher priority, then the earlier `runAt`, then the earlier submission. */
export function inClaimOrder(a: Head, b: Head): number {
  return b.priority - a.priority || a.runAt - b.runAt || a.seq - b.seq
}

/** The routes of a claim are a set: one that was named twice counts once. */
export function distinctRoutes(claim: Pick<Claim, 'routes'>): ClaimRoute[] {
  const routes = new Map<string, ClaimRoute>()
  for (const route of claim.routes) routes.set(JSON.stringify([route.queue, route.type]), route)
  return [...routes.values()]
}

/** Without the keys that have no value, so that the same row looks the same from every store. */
export function defined<Row extends object>(row: Row): Row {
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== undefined)) as Row
}
