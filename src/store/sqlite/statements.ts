// The statements of SqliteRows, one for each step, and what they give back. Those whose cost must not grow with the backlog name
// their index, so that SQLite refuses to prepare them if they could not use it. `LIMIT ? + 0`, for SQLite plans a statement anew each
// time that a bare `LIMIT ?` gets another value, which takes ten times as long as to run it. `OR FAIL` where one changes many: an
// error ends the whole transaction anyway, and to be able to undo the statement alone costs a tenth of all.
import type Database from 'better-sqlite3'
import type { WallMs } from '../../clock.js'
import type { AttemptRecord, Encoding, TaskState } from '../../task/task.js'
import type { Checkpoint, CompletedRow, EndedRow, Size, TaskRow, Who } from '../rows.js'
import type { Count, KeptLog, LeaseRef } from '../store.js'

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
export type StoredTask = Stored<Omit<TaskRow, 'voting'>, 'gated' | 'suspect' | 'cancelRequested'>
export type StoredRecord = Stored<AttemptRecord & { taskId: string }, 'charged'>
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
export type HeadRest = readonly [
  attempt: number,
  maxAttempts: number | null,
  timeoutMs: number | null,
  deadlineAt: WallMs | null,
  suspect: number,
  encoding: Encoding,
  meta: string | null,
]
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
export const VOTING = 2
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

/** So many tasks come, or complete, with one statement: it costs as much as two of the rows that it changes. */
export const TOGETHER = 8

/** As much of better-sqlite3's own as is used; that one has no name outside its package. */
export interface Statement<Parameters extends unknown[], Row = unknown> {
  run(...parameters: Parameters): { readonly changes: number; readonly lastInsertRowid: number | bigint }
  get(...parameters: Parameters): Row | undefined
  all(...parameters: Parameters): Row[]
}

export function prepare(database: Database.Database) {
  const rows = <Parameters extends unknown[], Row>(sql: string): Statement<Parameters, Row> => database.prepare(sql)
  const values = <Parameters extends unknown[], Value>(sql: string): Statement<Parameters, Value> =>
    database.prepare<Parameters, Value>(sql).pluck()
  const columns = <Parameters extends unknown[], Row>(sql: string): Statement<Parameters, Row> =>
    database.prepare<Parameters, Row>(sql).raw()
  const changes = <Parameters extends unknown[] = unknown[]>(sql: string): Statement<Parameters> =>
    database.prepare(sql)
  const completeGranted = (encoding: Encoding) =>
    changes<[WallMs, string, number, string]>(`
      UPDATE tasks SET state = 'completed', ended_at = ?, result_encoding = '${encoding}', result = ?, error = NULL
      WHERE seq = ? AND lease_id = ? AND state = 'running' AND cancel_requested = 0`)
  const insertCommon = (count: number) => `
    INSERT OR FAIL INTO tasks (id, queue, type, state, gated, priority, run_at, created_at, attempt, uncharged, suspect,
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
    insertRow: changes<[unknown[]]>(insertCommon(TOGETHER)),
    idsBehind: values<[number], string>('SELECT id FROM tasks WHERE seq > ?'),
    update: changes(`
      UPDATE tasks SET state = ?, gated = ?, run_at = ?, expires_at = ?, deadline_at = ?, attempt = ?, uncharged = ?, forgiven = ?, suspect = ?, cancel_requested = ?,
        settled_lease = ?, ended_at = ?, result_encoding = ?, error = ?, result = ?
      WHERE seq = ?`),
    complete: rows<[WallMs, Encoding, string, string, string, string | null], StoredCompleted>(`
      UPDATE tasks SET state = 'completed', ended_at = ?, result_encoding = ?, result = ?, error = NULL
      WHERE id = ? AND lease_id = ? AND holder = coalesce(?, holder) AND state = 'running' AND cancel_requested = 0
      RETURNING queue, type, origin, ${BYTES} AS bytes`),

    completeRow: changes<(string | number)[]>(`
      UPDATE OR FAIL tasks SET state = 'completed', ended_at = ?, result_encoding = 'json', error = NULL,
        result = CASE seq - ? ${Array.from({ length: TOGETHER }, (_, n) => `WHEN ${n} THEN ?`).join(' ')} END
      WHERE seq BETWEEN ? AND ? AND lease_id = ? || CAST(seq - ? AS INTEGER)
        AND state = 'running' AND cancel_requested = 0`),
    completeGranted: { json: completeGranted('json'), base64: completeGranted('base64') },
    heads: columns<[string, string, number], HeadColumns>(`
        SELECT seq, id, priority, run_at, origin, octet_length(payload),
          CASE WHEN octet_length(payload) <= ${SHORT_BYTES_MAX} THEN payload END, ${REST}
        FROM tasks INDEXED BY tasks_runnable WHERE queue = ? AND type = ? AND state = 'pending' AND gated = 0
        ORDER BY priority DESC, run_at, seq LIMIT ? + 0`),
    nextType: values<[string, string], string>(`
      SELECT type FROM tasks INDEXED BY tasks_runnable
      WHERE queue = ? AND type > ? AND state = 'pending' AND gated = 0 ORDER BY type LIMIT 1`),
    payload: values<[number], string>('SELECT payload FROM tasks WHERE seq = ?'),
    grant: changes<[number, string, string, WallMs, number]>(`
      UPDATE tasks SET ${GRANTED}, lease_id = ?, holder = ?, granted_at = ? WHERE seq = ? AND state = 'pending'`),
    // All numbers come as floating ones.
    grantRow: changes<[number, string, number, string, WallMs, number, number]>(`
      UPDATE OR FAIL tasks SET ${GRANTED}, lease_id = ? || CAST(seq - ? AS INTEGER), holder = ?, granted_at = ?
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
