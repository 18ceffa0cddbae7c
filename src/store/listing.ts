// Pages of tasks, and failed tasks grouped by what ended them, the same for every store that holds its data alone.
import { DtrError } from '../errors.js'
import { failureKey } from '../task/failure.js'
import { type Rows, type TaskRow, taskOf } from './rows.js'
import {
  type FailureGroup,
  type FailurePage,
  PAGE_MAX,
  type PageRequest,
  type TaskFilter,
  type TaskPage,
  type TaskSummary,
} from './store.js'

/** Failed tasks that one call groups: their messages are read and hashed, some 10 ms in which nothing else is written. */
export const FAILURES_PER_CALL = 200
const EXAMPLES_MAX = 3
const MESSAGE_CHARS_MAX = 500

/** A store looks at so many rows in one call at most: a few milliseconds in which nothing else is written. */
export const WALKED_ROWS_MAX = 10_000

export function listTasks(rows: Rows, filter: TaskFilter, { limit, cursor }: PageRequest): TaskPage {
  const before = positionOf(cursor)
  checkLimit(limit)
  const { found, next } = rows.walk(statesOf(filter), before, limit)
  const { failure } = filter
  const tasks = failure === undefined ? found : found.filter(({ type, error }) => failureKey(type, error) === failure)
  return { tasks, ...(next !== undefined && { next: String(next) }) }
}

export function listFailures(rows: Rows, filter: TaskFilter, cursor?: string): FailurePage {
  const before = positionOf(cursor)
  const { found, next } = rows.walk({ ...filter, states: ['failed'] }, before, FAILURES_PER_CALL)
  const groups = new Map<string, FailureGroup>()
  for (const task of found) {
    const key = failureKey(task.type, task.error)
    if (filter.failure === undefined || key === filter.failure) groups.set(key, joined(groups.get(key), key, task))
  }
  return { groups: [...groups.values()], ...(next !== undefined && { next: String(next) }) }
}

function joined(group: FailureGroup | undefined, key: string, task: TaskSummary): FailureGroup {
  const { id, type, error, endedAt = 0 } = task
  const start = {
    key,
    type,
    code: error?.code ?? '',
    message: error?.message ?? '',
    count: 0,
    firstAt: endedAt,
    lastAt: endedAt,
    examples: [],
  }
  const { count, firstAt, lastAt, examples, ...same } = group ?? start
  return {
    ...same,
    count: count + 1,
    firstAt: Math.min(firstAt, endedAt),
    lastAt: Math.max(lastAt, endedAt),
    examples: examples.length < EXAMPLES_MAX ? [...examples, id] : examples,
  }
}

/** Only what failed has a failure. */
function statesOf(filter: TaskFilter): TaskFilter {
  return filter.failure === undefined ? filter : { ...filter, states: ['failed'] }
}

function positionOf(cursor: string | undefined): number {
  if (cursor === undefined) return Number.MAX_SAFE_INTEGER
  if (/^\d{1,15}$/.test(cursor)) return Number(cursor)
  throw new DtrError('bad_input', `cursor: "${cursor.slice(0, 40)}" is none of this store`, {
    hint: 'take `next` of the page before',
  })
}

function checkLimit(limit: number): void {
  if (Number.isInteger(limit) && limit >= 1 && limit <= PAGE_MAX) return
  throw new DtrError('bad_input', `limit: ${limit} is not a whole number from 1 to ${PAGE_MAX}`)
}

/** What a page shows of a task. */
export function summaryOf(row: TaskRow): TaskSummary {
  const {
    payload: _,
    encoding: __,
    result: ___,
    resultEncoding: ____,
    meta: _____,
    origin: ______,
    ...task
  } = taskOf(row)
  return task.error === undefined ? task : { ...task, error: shortened(task.error) }
}

export function shortened({ code, message, exitCode, signal }: NonNullable<TaskRow['error']>): TaskSummary['error'] {
  return {
    code,
    message:
      message.length <= MESSAGE_CHARS_MAX ? message : `${message.slice(0, MESSAGE_CHARS_MAX - 3)}...`.toWellFormed(),
    ...(exitCode !== undefined && { exitCode }),
    ...(signal !== undefined && { signal }),
  }
}

/** For stores that look at rows one by one. */
export function matches(task: TaskSummary, filter: TaskFilter): boolean {
  const { states, types, queues, createdSince = 0, createdBefore = Number.POSITIVE_INFINITY } = filter
  const { endedSince, endedBefore } = filter
  if (states?.includes(task.state) === false || types?.includes(task.type) === false) return false
  if (queues?.includes(task.queue) === false) return false
  if (task.createdAt < createdSince || task.createdAt >= createdBefore) return false
  if (endedSince === undefined && endedBefore === undefined) return true
  if (task.endedAt === undefined) return false
  return task.endedAt >= (endedSince ?? 0) && task.endedAt < (endedBefore ?? Number.POSITIVE_INFINITY)
}
