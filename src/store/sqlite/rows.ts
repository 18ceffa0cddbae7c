// Rows in SQLite, by the statements of statements.ts.
import type Database from 'better-sqlite3'
import type { WallMs } from '../../clock.js'
import type { AttemptRecord, TaskState } from '../../task/task.js'
import {
  type Checkpoint,
  type CompletedRow,
  type Completion,
  defined,
  type EndedRow,
  type Given,
  type Head,
  type Identity,
  type NewTaskRow,
  nameOf,
  type Rows,
  type Settled,
  type Size,
  type TaskRow,
  type Walk,
  type Who,
} from '../rows.js'
import type { ClaimRoute, Count, HeldLease, Holder, KeptLog, Offer, Place, TaskFilter } from '../store.js'
import { SqliteKeys } from './key-rows.js'
import { SqlitePolls } from './poll-rows.js'
import { SqliteReputations } from './reputation-rows.js'
import { type HeadRest, prepare, type StoredRecord, type StoredTask, TOGETHER, VOTING } from './statements.js'
import { Walker } from './walker.js'

/** With what is to be known of it once it is granted. */
interface StoredHead extends Head {
  readonly origin: string | null
  readonly payloadBytes: number
}
const COMMON_REST: HeadRest = [0, null, null, null, 0, 'json', null]

/** What is known of a task since it was granted here: all that its completion would else have to look up. */
interface Granted extends Omit<CompletedRow, 'bytes'> {
  readonly taskId: string
  readonly holder: string
  readonly seq: number
  readonly payloadBytes: number
  /** It may have a checkpoint. */
  checkpointed: boolean
}

/** An attempt of those that were granted here has ended. */
interface Ended {
  readonly granted: Granted
  readonly completion: Completion
}

export class SqliteRows implements Rows {
  readonly keys: SqliteKeys
  readonly polls: SqlitePolls
  readonly reputations: SqliteReputations
  readonly #statements: ReturnType<typeof prepare>
  readonly #walker: Walker
  /**
   * By lease, of tasks that run. A help and no truth: each statement that uses it asks for the lease itself, so what a
   * rollback left here changes nothing.
   */
  readonly #granted = new Map<string, Granted>()

  constructor(database: Database.Database) {
    this.#statements = prepare(database)
    this.#walker = new Walker(database)
    this.keys = new SqliteKeys(database)
    this.polls = new SqlitePolls(database)
    this.reputations = new SqliteReputations(database)
  }

  task(id: string): TaskRow | undefined {
    const stored = this.#statements.task.get(id)
    return stored === undefined ? undefined : taskRow(stored)
  }

  insert(rows: readonly NewTaskRow[]): readonly boolean[] {
    const inserted: boolean[] = []
    for (let from = 0; from < rows.length; from = inserted.length) {
      const next = rows.slice(from, from + TOGETHER)
      if (next.length === TOGETHER && next.every(isCommon)) inserted.push(...this.#insertTogether(next))
      else inserted.push(this.#insertOne(rows[from]!))
    }
    return inserted
  }

  #insertOne(row: NewTaskRow): boolean {
    if (isCommon(row)) {
      const { id, queue, type, priority, runAt, createdAt, origin, payload } = row
      const common = this.#statements.insertCommon
      return common.run(id, queue, type, priority, runAt, createdAt, origin ?? null, payload).changes === 1
    }
    const { changes } = this.#statements.insert.run(
      row.id,
      row.queue,
      row.type,
      gateOf(row),
      row.priority,
      row.runAt,
      row.expiresAt ?? null,
      row.deadlineAt ?? null,
      row.createdAt,
      row.maxAttempts ?? null,
      row.maxAttemptsGiven ?? null,
      row.timeoutMs ?? null,
      row.origin ?? null,
      row.encoding,
      row.description ?? null,
      row.meta ?? null,
      row.payload,
    )
    return changes === 1
  }

  #insertTogether(rows: readonly NewTaskRow[]): readonly boolean[] {
    const values: unknown[] = []
    for (const { id, queue, type, priority, runAt, createdAt, origin, payload } of rows) {
      values.push(id, queue, type, priority, runAt, createdAt, origin ?? null, payload)
    }
    const { changes, lastInsertRowid } = this.#statements.insertRow.run(values)
    if (changes === rows.length) return rows.map(() => true)
    // Each takes the number behind the last one.
    const ids = new Set(changes === 0 ? [] : this.#statements.idsBehind.all(Number(lastInsertRowid) - changes))
    return rows.map(({ id }) => ids.delete(id))
  }

  update(row: TaskRow): void {
    if (row.leaseId !== undefined) this.#granted.delete(row.leaseId)
    this.#statements.update.run(
      row.state,
      gateOf(row),
      row.runAt,
      row.expiresAt ?? null,
      row.deadlineAt ?? null,
      row.attempt,
      row.uncharged,
      row.forgiven,
      row.suspect ? 1 : 0,
      row.cancelRequested ? 1 : 0,
      row.settledLease ?? null,
      row.endedAt ?? null,
      row.resultEncoding ?? null,
      row.error === undefined ? null : JSON.stringify(row.error),
      row.result ?? null,
      row.seq,
    )
  }

  complete(list: readonly Completion[], now: WallMs): readonly (CompletedRow | undefined)[] {
    const completed: (CompletedRow | undefined)[] = []
    for (let from = 0; from < list.length; from = completed.length) {
      const row = this.#rowOf(list, from)
      if (row !== undefined) completed.push(...this.#completeRow(row, now))
      else completed.push(this.#completeOne(list[from]!, now))
    }
    return completed
  }

  /** What was granted in a row often ends in a row: so many at once, if it did. */
  #rowOf(list: readonly Completion[], from: number): readonly Ended[] | undefined {
    if (list.length - from < TOGETHER) return undefined
    const { prefix, n } = partsOf(list[from]!.leaseId)
    const row: Ended[] = []
    for (let index = 0; index < TOGETHER; index += 1) {
      const completion = list[from + index]!
      const granted = this.#grantedFor(completion)
      if (granted === undefined || completion.ending.encoding !== 'json') return undefined
      if (granted.seq !== (row[0]?.granted.seq ?? granted.seq) + index) return undefined
      if (completion.leaseId !== `${prefix}${n + index}`) return undefined
      row.push({ granted, completion })
    }
    return row
  }

  #completeRow(row: readonly Ended[], now: WallMs): readonly CompletedRow[] {
    const { granted, completion } = row[0]!
    const { seq } = granted
    const { prefix, n } = partsOf(completion.leaseId)
    const results = row.map(({ completion: { ending } }) => ending.result)
    const last = seq + TOGETHER - 1
    const { changes } = this.#statements.completeRow.run(now, seq, ...results, seq, last, prefix, seq - n)
    // Whatever else ends an attempt, or asks for its end, has forgotten what was granted.
    if (changes !== TOGETHER) throw new Error(`a task from seq ${seq} on was to complete although its lease is over`)
    return row.map((ended) => this.#completedOf(ended))
  }

  /** The row of what was granted here and has completed. */
  #completedOf({ granted, completion }: Ended): CompletedRow {
    const { taskId, queue, type, origin, payloadBytes, checkpointed } = granted
    this.#granted.delete(completion.leaseId)
    if (checkpointed) this.#statements.removeCheckpoint.run(taskId)
    return { queue, type, origin, bytes: payloadBytes + Buffer.byteLength(completion.ending.result) }
  }

  #grantedFor({ taskId, leaseId, holder }: Settled): Granted | undefined {
    const granted = this.#granted.get(leaseId)
    return granted?.taskId === taskId && (holder ?? granted.holder) === granted.holder ? granted : undefined
  }

  #completeOne(completion: Completion, now: WallMs): CompletedRow | undefined {
    const { taskId, leaseId, holder, ending } = completion
    const { result, encoding } = ending
    const granted = this.#grantedFor(completion)
    if (granted !== undefined) {
      const { changes } = this.#statements.completeGranted[encoding].run(now, result, granted.seq, leaseId)
      if (changes === 1) return this.#completedOf({ granted, completion })
      this.#granted.delete(leaseId)
    }
    const stored = this.#statements.complete.get(now, encoding, result, taskId, leaseId, holder ?? null)
    if (stored === undefined) return undefined
    this.#statements.removeCheckpoint.run(taskId)
    return { ...stored, origin: stored.origin ?? undefined }
  }

  keepCheckpoint({ taskId, leaseId, holder }: Settled, value: string): boolean {
    const { changes } = this.#statements.keepCheckpoint.run(value, taskId, leaseId, holder ?? null)
    const granted = this.#granted.get(leaseId)
    if (granted !== undefined) granted.checkpointed = true
    return changes === 1
  }

  checkpoint(taskId: string): Checkpoint | undefined {
    return this.#statements.checkpoint.get(taskId)
  }

  heads({ queue, type }: ClaimRoute, limit: number): readonly StoredHead[] {
    // By number: to take an array apart by names costs as much as the query.
    return this.#statements.heads.all(queue, type, limit).map((row) => {
      const rest: HeadRest = row[7] === null ? COMMON_REST : JSON.parse(row[7])
      return {
        seq: row[0],
        id: row[1],
        queue,
        type,
        priority: row[2],
        runAt: row[3],
        attempt: rest[0],
        maxAttempts: rest[1],
        timeoutMs: rest[2],
        deadlineAt: rest[3],
        suspect: rest[4],
        origin: row[4],
        encoding: rest[5],
        meta: rest[6],
        payloadBytes: row[5],
        payload: row[6],
      }
    })
  }

  runnableTypes(queue: string, limit: number): readonly string[] {
    const types: string[] = []
    for (let type = this.#statements.nextType.get(queue, ''); type !== undefined && types.length < limit; ) {
      types.push(type)
      type = this.#statements.nextType.get(queue, type)
    }
    return types
  }

  payload({ seq }: Head): string {
    return this.#statements.payload.get(seq) ?? ''
  }

  /** Neighbours at once. */
  grant(given: readonly Given<StoredHead>[], now: WallMs): void {
    for (let from = 0; from < given.length; ) {
      const { head, offer, maxAttempts } = given[from]!
      const { leaseId, holder } = offer
      const { prefix, n } = partsOf(leaseId)
      const length = lengthOf(given, from)
      const { seq } = head
      const { changes } =
        length === 1
          ? this.#statements.grant.run(maxAttempts, leaseId, holder, now, seq)
          : this.#statements.grantRow.run(maxAttempts, prefix, seq - n, holder, now, seq, seq + length - 1)
      if (changes !== length) throw new Error(`a task from seq ${seq} on was granted although it is not pending`)
      from += length
    }
    for (const { head, offer } of given) {
      const { leaseId, holder } = offer
      const { id: taskId, seq, queue, type, payloadBytes } = head
      const origin = head.origin ?? undefined
      const checkpointed = head.attempt > 0
      this.#granted.set(leaseId, { taskId, holder, seq, queue, type, origin, payloadBytes, checkpointed })
    }
  }

  leased(offer: Offer): TaskRow | undefined {
    const stored = this.#statements.leased.get(offer.holder, offer.leaseId)
    return stored === undefined ? undefined : taskRow(stored)
  }

  running(incarnation: string): readonly TaskRow[] {
    return this.#statements.running.all(incarnation).map(taskRow)
  }

  openGates(now: WallMs, limit: number): void {
    this.#statements.openGates.run(now, limit)
  }

  overdue(now: WallMs, limit: number): readonly TaskRow[] {
    return this.#statements.overdue.all(now, limit).map(taskRow)
  }

  failedAt(endedAt: WallMs): readonly TaskRow[] {
    return this.#statements.failedAt.all(endedAt).map(taskRow)
  }

  nextDueAt(): WallMs | undefined {
    const times = [this.#statements.nextGate.get(), this.#statements.nextExpiry.get()]
    const known = times.filter((time) => time !== undefined)
    return known.length === 0 ? undefined : Math.min(...known)
  }

  walk(filter: TaskFilter, before: number, limit: number): Walk {
    return this.#walker.walk(filter, before, limit)
  }

  record(taskId: string, record: AttemptRecord): void {
    this.#statements.record.run(
      taskId,
      record.attempt,
      record.leaseId,
      record.holder,
      record.grantedAt,
      record.endedAt,
      record.outcome,
      record.charged ? 1 : 0,
      record.error === undefined ? null : JSON.stringify(record.error),
    )
  }

  story(taskId: string): readonly AttemptRecord[] {
    return this.#statements.story.all(taskId).map((stored) => {
      const { taskId: _, ...record } = recordRow(stored)
      return record
    })
  }

  recordsOf(incarnation: string, endedAt: WallMs): readonly (AttemptRecord & { readonly taskId: string })[] {
    return this.#statements.recordsOf.all(incarnation, endedAt).map(recordRow)
  }

  keepLog(taskId: string, { attempt, leaseId, endedAt, at, text }: Omit<KeptLog, 'seq'>): void {
    this.#statements.keepLog.run(taskId, attempt, leaseId, endedAt, at, text)
  }

  logs(taskId: string, after: number, limit: number): readonly KeptLog[] {
    return this.#statements.logs.all(taskId, after, limit)
  }

  dropLogs(bytesMax: number): void {
    while ((this.#statements.logBytes.get() ?? 0) > bytesMax) this.#statements.dropLog.run()
  }

  endedFirst(which: 'failed' | 'others', limit: number): readonly EndedRow[] {
    return this.#statements[which === 'failed' ? 'failedFirst' : 'othersFirst'].all(limit)
  }

  remove({ seq, id, state, voting }: EndedRow): void {
    if (voting === 1) this.polls.remove(id)
    this.#statements.removeStory.run(id)
    this.#statements.removeLogs.run(id)
    if (state !== 'completed') this.#statements.removeCheckpoint.run(id)
    this.#statements.remove.run(seq)
  }

  beat(incarnation: string): number | undefined {
    return this.#statements.beat.get(incarnation)
  }

  remember(incarnation: string, place: Place | undefined, { voter, model }: Identity): void {
    const { address = null, machine = null } = place ?? {}
    this.#statements.remember.run(incarnation, address, machine, voter ?? null, model ?? null)
  }

  enlist(incarnation: string, about: string, { voter, model }: Identity): void {
    this.#statements.enlist.run(incarnation, about, voter ?? null, model ?? null)
  }

  whoIs(incarnation: string): Who {
    const { voter, machine, model } = this.#statements.whoIs.get(incarnation) ?? {}
    return defined({
      voter: voter ?? nameOf(incarnation),
      machine: machine ?? undefined,
      model: model ?? undefined,
    })
  }

  forget(incarnation: string): void {
    this.#statements.forget.run(incarnation)
  }

  pending(): number {
    return this.#statements.pending.get() ?? 0
  }

  kept(): Size {
    return this.#statements.kept.get() ?? { count: 0, bytes: 0 }
  }

  addToCount(queue: string, type: string, state: TaskState, { count, bytes }: Size): void {
    this.#statements.addToCount.run(queue, type, state, count, bytes)
  }

  counts(): readonly Count[] {
    return this.#statements.counts.all()
  }

  holders(): readonly Holder[] {
    return this.#statements.holders.all().map(({ address, machine, about, ...holder }) => ({
      ...holder,
      ...(address !== null && machine !== null && { place: { address, machine } }),
      ...(about !== null && { about, leases: this.#leasesOf(holder.incarnation) }),
    }))
  }

  #leasesOf(incarnation: string): HeldLease[] {
    const stored = this.#statements.leasesOf.all(incarnation)
    return stored.map(({ deadlineAt, ...lease }) => ({
      ...lease,
      cancelRequested: lease.cancelRequested === 1,
      ...(deadlineAt !== null && { deadlineAt }),
    }))
  }
}

/** A lease's number, and what stands before it. */
function partsOf(leaseId: string): { prefix: string; n: number } {
  const end = leaseId.lastIndexOf('.') + 1
  return { prefix: leaseId.slice(0, end), n: Number(leaseId.slice(end)) }
}

/** As many as one statement grants: neighbours in the order of submission, for one holder, their leases counted on. */
function lengthOf(given: readonly Given[], from: number): number {
  const { head, offer, maxAttempts } = given[from]!
  const { leaseId, holder } = offer
  const { prefix, n } = partsOf(leaseId)
  let length = 0
  for (let next = given[from]; next !== undefined; next = given[from + length]) {
    if (next.head.seq !== head.seq + length || next.offer.holder !== holder) break
    if (next.maxAttempts !== maxAttempts || next.offer.leaseId !== `${prefix}${n + length}`) break
    length += 1
  }
  return Math.max(1, length)
}

/** Most are: each parameter of a statement costs, also one that is `null`. */
function isCommon(row: NewTaskRow): boolean {
  return (
    !row.gated &&
    row.voting !== true &&
    row.encoding === 'json' &&
    row.expiresAt === undefined &&
    row.deadlineAt === undefined &&
    row.maxAttempts === undefined &&
    row.maxAttemptsGiven === undefined &&
    row.timeoutMs === undefined &&
    row.description === undefined &&
    row.meta === undefined
  )
}

function gateOf({ gated, voting }: Pick<TaskRow, 'gated' | 'voting'>): number {
  return voting === true ? VOTING : Number(gated)
}

function taskRow(stored: StoredTask): TaskRow {
  return withoutNulls<TaskRow>({
    ...stored,
    gated: stored.gated === 1,
    voting: stored.gated === VOTING ? true : null,
    suspect: stored.suspect === 1,
    cancelRequested: stored.cancelRequested === 1,
    error: stored.error === null ? null : JSON.parse(stored.error),
  })
}

function recordRow(stored: StoredRecord): AttemptRecord & { readonly taskId: string } {
  return withoutNulls<AttemptRecord & { taskId: string }>({
    ...stored,
    charged: stored.charged === 1,
    error: stored.error === null ? null : JSON.parse(stored.error),
  })
}

function withoutNulls<Row extends object>(row: { readonly [Key in keyof Row]-?: Row[Key] | null }): Row {
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null)) as Row
}
