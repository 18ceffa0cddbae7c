// Looks through tasks backwards in the order of submission, a bounded number of rows a call. Failed tasks and running
// ones have an index of their own to be found by; anything else is looked for in the table.
import type Database from 'better-sqlite3'
import type { TaskState } from '../../task/task.js'
import { shortened, WALKED_ROWS_MAX } from '../listing.js'
import type { Walk } from '../rows.js'
import type { TaskFilter, TaskSummary } from '../store.js'

const SUMMARY = `
  seq, id, queue, type, state, priority, run_at AS runAt, expires_at AS expiresAt, created_at AS createdAt, attempt,
  uncharged, forgiven, max_attempts AS maxAttempts, timeout_ms AS timeoutMs,
  CASE WHEN expires_at IS NOT NULL THEN deadline_at END AS deadlineAt, suspect,
  cancel_requested AS cancelRequested, lease_id AS leaseId, holder, granted_at AS grantedAt, ended_at AS endedAt,
  description, error`

type Stored = { readonly [Key in keyof TaskSummary]-?: unknown }

interface Bounds {
  readonly before: number
  /** Rows from here on are another call's. */
  readonly after: number
  readonly limit: number
  readonly states: string | null
  readonly types: string | null
  readonly queues: string | null
  readonly createdSince: number | null
  readonly createdBefore: number | null
  readonly endedSince: number | null
  readonly endedBefore: number | null
}

interface Way {
  /** The last row that this call looks at, where there are more. */
  readonly end: Database.Statement<[number, number], number>
  readonly rows: Database.Statement<[Bounds], Stored>
}

export class Walker {
  readonly #all: Way
  readonly #failed: Way
  readonly #running: Way

  constructor(database: Database.Database) {
    this.#all = prepare(database, 'tasks', 'true')
    this.#failed = prepare(database, 'tasks INDEXED BY tasks_failures', "state = 'failed'")
    this.#running = prepare(database, 'tasks INDEXED BY tasks_running', "state = 'running'")
  }

  walk(filter: TaskFilter, before: number, limit: number): Walk {
    const way = this.#wayOf(filter.states)
    const end = way.end.get(before, WALKED_ROWS_MAX - 1)
    const found = way.rows.all({
      before,
      after: end ?? 0,
      limit,
      states: listOf(filter.states),
      types: listOf(filter.types),
      queues: listOf(filter.queues),
      createdSince: filter.createdSince ?? null,
      createdBefore: filter.createdBefore ?? null,
      endedSince: filter.endedSince ?? null,
      endedBefore: filter.endedBefore ?? null,
    })
    const tasks = found.map(summary)
    const next = tasks.length === limit ? tasks.at(-1)?.seq : end
    return { found: tasks, ...(next !== undefined && { next }) }
  }

  #wayOf(states: readonly TaskState[] | undefined): Way {
    if (states?.length !== 1) return this.#all
    if (states[0] === 'failed') return this.#failed
    return states[0] === 'running' ? this.#running : this.#all
  }
}

function prepare(database: Database.Database, table: string, where: string): Way {
  const end = database.prepare<[number, number], number>(
    `SELECT seq FROM ${table} WHERE ${where} AND seq < ? ORDER BY seq DESC LIMIT 1 OFFSET ? + 0`,
  )
  const rows = database.prepare<[Bounds], Stored>(`
    SELECT ${SUMMARY} FROM ${table}
    WHERE ${where} AND seq < @before AND seq >= @after
      AND (@states IS NULL OR state IN (SELECT value FROM json_each(@states)))
      AND (@types IS NULL OR type IN (SELECT value FROM json_each(@types)))
      AND (@queues IS NULL OR queue IN (SELECT value FROM json_each(@queues)))
      AND (@createdSince IS NULL OR created_at >= @createdSince)
      AND (@createdBefore IS NULL OR created_at < @createdBefore)
      AND (@endedSince IS NULL OR ended_at >= @endedSince)
      AND (@endedBefore IS NULL OR ended_at < @endedBefore)
    ORDER BY seq DESC LIMIT @limit + 0`)
  return { end: end.pluck() as Way['end'], rows }
}

function listOf(values: readonly string[] | undefined): string | null {
  return values === undefined ? null : JSON.stringify(values)
}

function summary(stored: Stored): TaskSummary {
  const present = Object.entries(stored).filter(([, value]) => value !== null)
  const row = Object.fromEntries(present) as unknown as TaskSummary & { readonly error?: string }
  const { error, ...task } = row
  return {
    ...task,
    suspect: stored.suspect === 1,
    cancelRequested: stored.cancelRequested === 1,
    ...(error !== undefined && { error: shortened(JSON.parse(error)) }),
  } as TaskSummary
}
