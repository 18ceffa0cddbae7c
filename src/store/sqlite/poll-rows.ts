// Polls and their replicas in SQLite: one prepared statement for each step.
import type Database from 'better-sqlite3'
import type { VoteRule } from '../../task/quorum.js'
import { defined, type PollRow, type PollRows, type ReplicaRow } from '../rows.js'

interface StoredPoll extends Omit<PollRow, 'rule' | 'checked'> {
  readonly rule: string
  readonly checked: number | null
}

interface StoredReplica {
  readonly taskId: string
  readonly parentId: string
  readonly n: number
  readonly state: ReplicaRow['state']
  readonly voter: string | null
  readonly machine: string | null
  readonly model: string | null
  readonly ballot: string | null
  readonly agreed: number | null
}

const REPLICA = 'task_id AS taskId, parent_id AS parentId, n, state, voter, machine, model, ballot, agreed'

export class SqlitePolls implements PollRows {
  readonly #statements: ReturnType<typeof prepare>

  constructor(database: Database.Database) {
    this.#statements = prepare(database)
  }

  get(taskId: string): PollRow | undefined {
    const stored = this.#statements.poll.get(taskId)
    if (stored === undefined) return undefined
    const { checked, ...poll } = stored
    return { ...poll, rule: JSON.parse(stored.rule) as VoteRule, ...(checked === 1 && { checked: true }) }
  }

  put({ taskId, rule, first, issued, checked }: PollRow): void {
    this.#statements.putPoll.run(taskId, JSON.stringify(rule), first, issued, checked === true ? 1 : null)
  }

  replica(taskId: string): ReplicaRow | undefined {
    const stored = this.#statements.replica.get(taskId)
    return stored === undefined ? undefined : replicaOf(stored)
  }

  replicas(parentId: string): readonly ReplicaRow[] {
    return this.#statements.replicas.all(parentId).map(replicaOf)
  }

  putReplica({ taskId, parentId, n, state, voter, machine, model, ballot, agreed }: ReplicaRow): void {
    const flag = agreed === undefined ? null : Number(agreed)
    this.#statements.putReplica.run(
      ...[taskId, parentId, n, state, voter ?? null, machine ?? null, model ?? null, ballot ?? null, flag],
    )
  }

  remove(taskId: string): void {
    this.#statements.removeReplicas.run(taskId)
    this.#statements.removePoll.run(taskId)
  }
}

function prepare(database: Database.Database) {
  return {
    poll: database.prepare<[string], StoredPoll>(
      'SELECT task_id AS taskId, rule, first, issued, checked FROM polls WHERE task_id = ?',
    ),
    putPoll: database.prepare(
      'INSERT OR REPLACE INTO polls (task_id, rule, first, issued, checked) VALUES (?, ?, ?, ?, ?)',
    ),
    replica: database.prepare<[string], StoredReplica>(`SELECT ${REPLICA} FROM replicas WHERE task_id = ?`),
    replicas: database.prepare<[string], StoredReplica>(`
      SELECT ${REPLICA} FROM replicas INDEXED BY replicas_parent WHERE parent_id = ? ORDER BY n`),
    putReplica: database.prepare(`
      INSERT OR REPLACE INTO replicas (task_id, parent_id, n, state, voter, machine, model, ballot, agreed)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`),
    removePoll: database.prepare<[string]>('DELETE FROM polls WHERE task_id = ?'),
    removeReplicas: database.prepare<[string]>('DELETE FROM replicas WHERE parent_id = ?'),
  }
}

function replicaOf({ voter, machine, model, ballot, agreed, ...stored }: StoredReplica): ReplicaRow {
  return defined({
    ...stored,
    voter: voter ?? undefined,
    machine: machine ?? undefined,
    model: model ?? undefined,
    ballot: ballot ?? undefined,
    agreed: agreed === null ? undefined : agreed === 1,
  }) as ReplicaRow
}
