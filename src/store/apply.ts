// What a batch does, the same for every store that holds its data alone: operations as given, then what is due by the
// clock, then claims. Runs inside one transaction of the store that keeps the rows; it neither waits nor commits.

import { DtrError } from '../errors.js'
import type { TaskError } from '../task/task.js'
import { grantClaim } from './claims.js'
import { operate } from './operations.js'
import { endedOf, type Rows, taskOf } from './rows.js'
import {
  type Batch,
  GATES_PER_BATCH_MAX,
  type Outcome,
  PAGE_MAX,
  type StoreLimits,
  type TaskWithStory,
} from './store.js'
import { Work } from './work.js'

const EXPIRED: TaskError = { code: 'expired', message: 'its time to wait was over before it ended' }

export function applyBatch(rows: Rows, batch: Batch, limits: StoreLimits): Outcome {
  const work = new Work(rows, batch, limits)
  const operations = batch.operations.map((operation) => operate(work, operation))
  const dueAt = rows.nextDueAt()
  const due = work.retried || (dueAt !== undefined && dueAt <= work.now)
  const allExpired = !due || endOverdue(work)
  if (due) rows.openGates(work.now, GATES_PER_BATCH_MAX)
  // What is over must not start: while more of it is due than one batch may end, nobody is given anything.
  const claims = batch.claims.map((claim) => grantClaim(work, claim, allExpired))
  const ended = work.finish()
  const nextDueAt = rows.nextDueAt()
  return { operations, claims, ended, ...(nextDueAt !== undefined && { nextDueAt }) }
}

/** Ends pending tasks whose time is over, a bounded number. False where more may be due. */
function endOverdue(work: Work): boolean {
  if (work.retried) {
    for (const row of work.rows.failedAt(work.now)) if (row.error?.code === EXPIRED.code) work.ended(endedOf(row))
  }
  const overdue = work.rows.overdue(work.now, GATES_PER_BATCH_MAX)
  for (const row of overdue) work.endPending(row, 'failed', EXPIRED)
  return overdue.length < GATES_PER_BATCH_MAX
}

export function readTasks(rows: Rows, ids: readonly string[]): TaskWithStory[] {
  if (ids.length > PAGE_MAX) {
    throw new DtrError('bad_input', `${ids.length} ids are asked for at once; ask for at most ${PAGE_MAX}`)
  }
  return ids.flatMap((id) => {
    const row = rows.task(id)
    return row === undefined ? [] : [{ task: taskOf(row), story: rows.story(id) }]
  })
}
