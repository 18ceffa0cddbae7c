// Rows in SQLite: one prepared statement for each step. Statements whose cost must not grow with the backlog name their
// index, so that SQLite refuses to prepare them if they could not use it. `LIMIT ? + 0`, for SQLite plans a statement anew
// each time that a bare `LIMIT ?` gets another value, which takes ten times as long as to run it.
import type Database from 'better-sqlite3'
import type { WallMs } from '../../clock.js'
import type { AttemptRecord, Encoding, TaskState } from '../../task/task.js'
import {
  type Checkpoint,
  type CompletedRow,
  defined,
  type EndedRow,
  type Given,
  type Head,
  type Identity,
  INSERTS_MAX,
  type NewTaskRow,
  nameOf,
  type Rows,
  type Settled,
  type Size,
  type TaskRow,
  type Walk,
  type Who,
} from '../rows.js'
import type { ClaimRoute, Count, HeldLease, Holder, KeptLog, LeaseRef, Offer, Place, TaskFilter } from '../store.js'
import { SqliteKeys } from './key-rows.js'
import { SqlitePolls } from './poll-rows.js'
import { SqliteReputations } from './reputation-rows.js'
import { Walker } from './walker.js'

/** A row as SQLite gives it: no booleans, `null` for what is not there, the error as text. */
type Stored<Row, Flags extends keyof Row> = {
  readonly [Key in keyof Row]-?: Key extends Flags
    ? number
    : Key extends 'error'
      ? string | null
      : undefined extends Row[Key]
        ? Exclude<Row[Key], undefined> | null
        : Row[Key]
}
type StoredTask = Stored<Omit<TaskRow, 'voting'>, 'gated' | 'suspect' | 'cancelRequested'>
type StoredRecord = Stored<AttemptRecord & { taskId: string }, 'charged'>
/** With what is to be known of it once it is granted. */
interface StoredHead extends Head {
  readonly origin: string | null
  readonly payloadBytes: number
}
/** As an array: of the many rows of a claim each name would cost. */
type HeadColumns = readonly [
  seq: number,
  id: string,
  priority: number,
  runAt: WallMs,
  origin: string | null,
  payloadBytes: number,
  payload: string | null,
  /** As JSON; `null` where all of it is as of the common task. */
  rest: string | null,
]
type HeadRest = readonly [
  attempt: number,
  maxAttempts: number | null,
  timeoutMs: number | null,
  deadlineAt: WallMs | null,
  suspect: number,
  encoding: Encoding,
  meta: string | null,
]
const COMMON_REST: HeadRest = [0, null, null, null, 0, 'json', null]
type StoredCompleted = Pick<StoredTask, 'queue' | 'type' | 'origin'> & Pick<CompletedRow, 'bytes'>

const TASK = `
  seq, id, queue, type, state, gated, priority, run_at AS runAt, expires_at AS expiresAt, created_at AS createdAt,
  attempt, uncharged, forgiven, max_attempts AS maxAttempts, max_attempts_given AS maxAttemptsGiven, timeout_ms AS timeoutMs,
  deadline_at AS deadlineAt, suspect, cancel_requested AS cancelRequested, lease_id AS leaseId, holder, granted_at AS grantedAt,
  settled_lease AS settledLease, ended_at AS endedAt, origin, encoding, result_encoding AS resultEncoding,
  description, meta, error, payload, result`
/** Payloads up to this come with the head of a line: a claim looks at more tasks than it grants. */
const SHORT_BYTES_MAX = 4_096
/** What `gated` says where a task waits for votes, and of one that did. */
const VOTING = 2
/** From the row's head alone, however long they are. */
const BYTES = 'octet_length(payload) + coalesce(octet_length(result), 0)'
const ENDED = `seq, id, queue, type, state, gated = ${VOTING} AS voting, ended_at AS endedAt, ${BYTES} AS bytes`
/** It stands behind the payload, and is looked for where there is one. */
const DEADLINE = 'CASE WHEN expires_at IS NOT NULL THEN deadline_at END'
/** Each column of a head costs, also where it is `null`. */
const REST = `
  CASE WHEN attempt <> 0 OR max_attempts IS NOT NULL OR timeout_ms IS NOT NULL OR expires_at IS NOT NULL OR suspect <> 0
    OR encoding <> 'json' OR meta IS NOT NULL
  THEN json_array(attempt, max_attempts, timeout_ms, ${DEADLINE}, suspect, encoding, meta) END`
const GRANTED = "state = 'running', attempt = attempt + 1, max_attempts = coalesce(max_attempts, ?)"
const RECORD = `
  task_id AS taskId, attempt, lease_id AS leaseId, holder, granted_at AS grantedAt, ended_at AS endedAt, outcome,
  charged, error`

/** What is known of a task since it was granted here: all that its completion would else have to look up. */
interface Granted extends Omit<CompletedRow, 'bytes'> {
  readonly taskId: string
  readonly holder: string
  readonly seq: number
  readonly payloadBytes: number
  /** It may have a checkpoint. */
  checkpointed: boolean
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

  insert(row: NewTaskRow): boolean {
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

  insertAll(rows: readonly NewTaskRow[]): readonly boolean[] {
    if (rows.length < INSERTS_MAX || !rows.every(isCommon)) return rows.map((row) => this.insert(row))
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

  complete(
    { taskId, leaseId, holder }: Settled,
    result: string,
    encoding: Encoding,
    now: WallMs,
  ): CompletedRow | undefined {
    const granted = this.#granted.get(leaseId)
    if (granted?.taskId === taskId && (holder === undefined || holder === granted.holder)) {
      this.#granted.delete(leaseId)
      const { changes } = this.#statements.completeGranted[encoding].run(now, result, granted.seq, leaseId)
      const { queue, type, origin, payloadBytes } = granted
      if (changes === 1) {
        if (granted.checkpointed) this.#statements.removeCheckpoint.run(taskId)
        return { queue, type, origin, bytes: payloadBytes + Buffer.byteLength(result) }
      }
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

  /** Neighbours at once: a statement costs as much as two of the rows that it changes. */
  grant(given: readonly Given<StoredHead>[], now: WallMs): void {
    for (let from = 0; from < given.length; ) {
      const { head, offer, maxAttempts } = given[from]!
      const { leaseId, holder } = offer
      const { prefix, n, length } = rowFrom(given, from)
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

function prepare(database: Database.Database) {
  const rows = <Parameters extends unknown[], Row>(sql: string) => database.prepare<Parameters, Row>(sql)
  const values = <Parameters extends unknown[], Value>(sql: string) => database.prepare<Parameters, Value>(sql).pluck()
  const changes = <Parameters extends unknown[] = unknown[]>(sql: string) => database.prepare<Parameters>(sql)
  const completeGranted = (encoding: Encoding) =>
    changes<[WallMs, string, number, string]>(`
      UPDATE tasks SET state = 'completed', ended_at = ?, result_encoding = '${encoding}', result = ?, error = NULL
      WHERE seq = ? AND lease_id = ? AND state = 'running' AND cancel_requested = 0`)
  const insertCommon = (count: number) => `
    INSERT INTO tasks (id, queue, type, state, gated, priority, run_at, created_at, attempt, uncharged, suspect,
      cancel_requested, origin, encoding, payload)
    VALUES ${new Array(count).fill("(?, ?, ?, 'pending', 0, ?, ?, ?, 0, 0, 0, 0, ?, 'json', ?)").join()}
    ON CONFLICT (id) DO NOTHING`
  return {
    task: rows<[string], StoredTask>(`SELECT ${TASK} FROM tasks WHERE id = ?`),
    insert: changes(`
      INSERT INTO tasks (id, queue, type, state, gated, priority, run_at, expires_at, deadline_at, created_at, attempt, uncharged,
        max_attempts, max_attempts_given, timeout_ms, suspect, cancel_requested, origin, encoding, description, meta,
        payload)
      VALUES (?, ?, ?, 'pending', ?, ?, ?, ?, ?, ?, 0, 0, ?, ?, ?, 0, 0, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`),
    insertCommon: changes(insertCommon(1)),
    insertRow: changes<[unknown[]]>(insertCommon(INSERTS_MAX)),
    idsBehind: values<[number], string>('SELECT id FROM tasks WHERE seq > ?'),
    update: changes(`
      UPDATE tasks SET state = ?, gated = ?, run_at = ?, expires_at = ?, deadline_at = ?, attempt = ?, uncharged = ?, forgiven = ?, suspect = ?, cancel_requested = ?,
        settled_lease = ?, ended_at = ?, result_encoding = ?, error = ?, result = ?
      WHERE seq = ?`),
    complete: rows<[WallMs, Encoding, string, string, string, string | null], StoredCompleted>(`
      UPDATE tasks SET state = 'completed', ended_at = ?, result_encoding = ?, result = ?, error = NULL
      WHERE id = ? AND lease_id = ? AND holder = coalesce(?, holder) AND state = 'running' AND cancel_requested = 0
      RETURNING queue, type, origin, ${BYTES} AS bytes`),

    completeGranted: { json: completeGranted('json'), base64: completeGranted('base64') },
    heads: database
      .prepare<[string, string, number], HeadColumns>(`
        SELECT seq, id, priority, run_at, origin, octet_length(payload),
          CASE WHEN octet_length(payload) <= ${SHORT_BYTES_MAX} THEN payload END, ${REST}
        FROM tasks INDEXED BY tasks_runnable WHERE queue = ? AND type = ? AND state = 'pending' AND gated = 0
        ORDER BY priority DESC, run_at, seq LIMIT ? + 0`)
      .raw(),
    nextType: values<[string, string], string>(`
      SELECT type FROM tasks INDEXED BY tasks_runnable
      WHERE queue = ? AND type > ? AND state = 'pending' AND gated = 0 ORDER BY type LIMIT 1`),
    payload: values<[number], string>('SELECT payload FROM tasks WHERE seq = ?'),
    grant: changes<[number, string, string, WallMs, number]>(`
      UPDATE tasks SET ${GRANTED}, lease_id = ?, holder = ?, granted_at = ? WHERE seq = ? AND state = 'pending'`),
    // All numbers come as floating ones.
    grantRow: changes<[number, string, number, string, WallMs, number, number]>(`
      UPDATE tasks SET ${GRANTED}, lease_id = ? || CAST(seq - ? AS INTEGER), holder = ?, granted_at = ?
      WHERE seq BETWEEN ? AND ? AND state = 'pending'`),
    leased: rows<[string, string], StoredTask>(`
      SELECT ${TASK} FROM tasks INDEXED BY tasks_running WHERE state = 'running' AND holder = ? AND lease_id = ?`),
    running: rows<[string], StoredTask>(`
      SELECT ${TASK} FROM tasks INDEXED BY tasks_running WHERE state = 'running' AND holder = ? ORDER BY seq`),

    openGates: changes<[WallMs, number]>(`
      UPDATE tasks SET gated = 0 WHERE seq IN (
        SELECT seq FROM tasks INDEXED BY tasks_gated WHERE gated = 1 AND run_at <= ? ORDER BY run_at, seq LIMIT ? + 0)`),
    overdue: rows<[WallMs, number], StoredTask>(`
      SELECT ${TASK} FROM tasks INDEXED BY tasks_expiring
      WHERE state = 'pending' AND expires_at IS NOT NULL AND expires_at <= ? ORDER BY expires_at, seq LIMIT ? + 0`),
    failedAt: rows<[WallMs], StoredTask>(`
      SELECT ${TASK} FROM tasks INDEXED BY tasks_failed
      WHERE state = 'failed' AND ended_at = ? AND expires_at IS NOT NULL`),
    nextGate: values<[], number>(`
      SELECT run_at FROM tasks INDEXED BY tasks_gated WHERE gated = 1 ORDER BY run_at LIMIT 1`),
    nextExpiry: values<[], number>(`
      SELECT expires_at FROM tasks INDEXED BY tasks_expiring
      WHERE state = 'pending' AND expires_at IS NOT NULL ORDER BY expires_at LIMIT 1`),

    record: changes(`
      INSERT INTO attempts (task_id, attempt, lease_id, holder, granted_at, ended_at, outcome, charged, error)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`),
    story: rows<[string], StoredRecord>(`SELECT ${RECORD} FROM attempts WHERE task_id = ? ORDER BY rowid`),
    recordsOf: rows<[string, WallMs], StoredRecord>(`
      SELECT ${RECORD} FROM attempts WHERE holder = ? AND ended_at = ? ORDER BY rowid`),

    failedFirst: rows<[number], EndedRow>(`
      SELECT ${ENDED} FROM tasks INDEXED BY tasks_failed WHERE state = 'failed' ORDER BY ended_at, seq LIMIT ? + 0`),
    othersFirst: rows<[number], EndedRow>(`
      SELECT ${ENDED} FROM tasks INDEXED BY tasks_done WHERE state IN ('completed', 'cancelled')
      ORDER BY ended_at, seq LIMIT ? + 0`),
    remove: changes<[number]>('DELETE FROM tasks WHERE seq = ?'),
    keepCheckpoint: changes<[string, string, string, string | null]>(`
      INSERT INTO checkpoints (task_id, lease_id, value)
      SELECT id, lease_id, ? FROM tasks
      WHERE id = ? AND lease_id = ? AND holder = coalesce(?, holder) AND state = 'running'
      ON CONFLICT (task_id) DO UPDATE SET lease_id = excluded.lease_id, value = excluded.value`),
    checkpoint: rows<[string], Checkpoint>('SELECT lease_id AS leaseId, value FROM checkpoints WHERE task_id = ?'),
    removeCheckpoint: changes<[string]>('DELETE FROM checkpoints WHERE task_id = ?'),
    removeStory: changes<[string]>('DELETE FROM attempts WHERE task_id = ?'),

    keepLog: changes<[string, number, string, WallMs, number, string]>(`
      INSERT INTO logs (task_id, attempt, lease_id, ended_at, at, text) VALUES (?, ?, ?, ?, ?, ?)`),
    logs: rows<[string, number, number], KeptLog>(`
      SELECT seq, attempt, lease_id AS leaseId, ended_at AS endedAt, at, text FROM logs
      WHERE task_id = ? AND seq > ? ORDER BY seq LIMIT ? + 0`),
    logBytes: values<[], number>('SELECT bytes FROM log_size'),
    dropLog: changes<[]>('DELETE FROM logs WHERE seq = (SELECT min(seq) FROM logs)'),
    removeLogs: changes<[string]>('DELETE FROM logs WHERE task_id = ?'),

    beat: values<[string], number>('SELECT beat FROM incarnations WHERE incarnation = ?'),
    remember: changes<[string, string | null, string | null, string | null, string | null]>(`
      INSERT INTO incarnations (incarnation, beat, address, machine, voter, model) VALUES (?, 0, ?, ?, ?, ?)
      ON CONFLICT (incarnation) DO UPDATE SET
        address = coalesce(excluded.address, address), machine = coalesce(excluded.machine, machine), voter = excluded.voter,
        model = excluded.model`),
    enlist: changes<[string, string, string | null, string | null]>(`
      INSERT INTO incarnations (incarnation, beat, about, voter, model) VALUES (?, 0, ?, ?, ?)
      ON CONFLICT (incarnation) DO UPDATE SET about = excluded.about, voter = excluded.voter, model = excluded.model`),
    whoIs: rows<[string], { readonly [Field in keyof Who]: string | null }>(
      'SELECT voter, machine, model FROM incarnations WHERE incarnation = ?',
    ),
    forget: changes<[string]>('DELETE FROM incarnations WHERE incarnation = ?'),

    pending: values<[], number | null>("SELECT sum(count) FROM counts WHERE state = 'pending'"),
    kept: rows<[], Size>(`
      SELECT coalesce(sum(count), 0) AS count, coalesce(sum(bytes), 0) AS bytes FROM counts
      WHERE state IN ('completed', 'cancelled', 'failed')`),
    addToCount: changes<[string, string, TaskState, number, number]>(`
      INSERT INTO counts (queue, type, state, count, bytes) VALUES (?, ?, ?, ?, ?)
      ON CONFLICT (queue, type, state) DO UPDATE SET count = count + excluded.count, bytes = bytes + excluded.bytes`),
    counts: rows<[], Count>('SELECT queue, type, state, count FROM counts WHERE count > 0'),
    holders: rows<[], StoredHolder>(`
      SELECT holder AS incarnation, coalesce(beat, 0) AS beat, count(*) AS running, address, machine, about
      FROM tasks INDEXED BY tasks_running LEFT JOIN incarnations ON incarnation = holder
      WHERE state = 'running' GROUP BY holder
      UNION ALL
      SELECT incarnation, beat, 0, address, machine, about FROM incarnations
      WHERE about IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM tasks INDEXED BY tasks_running WHERE state = 'running' AND holder = incarnation)`),
    leasesOf: rows<[string], StoredLease>(`
      SELECT id AS taskId, lease_id AS leaseId, type, cancel_requested AS cancelRequested, deadline_at AS deadlineAt
      FROM tasks INDEXED BY tasks_running WHERE state = 'running' AND holder = ? ORDER BY seq`),
  }
}

interface StoredLease extends LeaseRef {
  readonly type: string
  readonly cancelRequested: number
  readonly deadlineAt: WallMs | null
}

interface StoredHolder {
  readonly incarnation: string
  readonly beat: number
  readonly running: number
  readonly address: string | null
  readonly machine: string | null
  readonly about: string | null
}

/** As many as one statement grants: neighbours in the order of submission, for one holder, their leases counted on. */
function rowFrom(given: readonly Given[], from: number): { prefix: string; n: number; length: number } {
  const { head, offer, maxAttempts } = given[from]!
  const { leaseId, holder } = offer
  const end = leaseId.lastIndexOf('.') + 1
  const prefix = leaseId.slice(0, end)
  const n = Number(leaseId.slice(end))
  let length = 0
  for (let next = given[from]; next !== undefined; next = given[from + length]) {
    if (next.head.seq !== head.seq + length || next.offer.holder !== holder) break
    if (next.maxAttempts !== maxAttempts || next.offer.leaseId !== `${prefix}${n + length}`) break
    length += 1
  }
  return { prefix, n, length: Math.max(1, length) }
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
