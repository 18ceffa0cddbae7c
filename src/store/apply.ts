// What a batch does, the same for every store that holds its data alone: operations as given, then what is due by the
// clock, then claims. Runs inside one transaction of the store that keeps the rows; it neither waits nor commits.

import { DtrError } from '../errors.js'
import type { TaskError } from '../task/task.js'
import { grantClaims } from './claims.js'
import { operateAll } from './operations.js'
import { type Rows, type TaskRow, taskOf } from './rows.js'
import {
  type Batch,
  GATES_PER_BATCH_MAX,
  LOGS_PER_PAGE,
  type LogPage,
  type Outcome,
  PAGE_MAX,
  type PollRecord,
  REPUTATIONS_MAX,
  type Reputations,
  type StoreLimits,
  type TaskWithStory,
} from './store.js'
import { Work } from './work.js'

const EXPIRED: TaskError = { code: 'expired', message: 'its time to wait was over before it ended' }
const DEADLINE: TaskError = { code: 'deadline', message: 'its deadline was over before it ended' }

export function applyBatch(rows: Rows, batch: Batch, limits: StoreLimits): Outcome {
  const work = new Work(rows, batch, limits)
  const operations = operateAll(work, batch.operations)
  work.polls.decide()
  const dueAt = rows.nextDueAt()
  const due = work.retried || (dueAt !== undefined && dueAt <= work.now)
  const allExpired = !due || endOverdue(work)
  work.polls.decide()
  if (due) rows.openGates(work.now, GATES_PER_BATCH_MAX)
  // What is over must not start: while more of it is due than one batch may end, nobody is given anything.
  const claims = grantClaims(work, batch.claims, allExpired)
  const ended = work.finish()
  const nextDueAt = rows.nextDueAt()
  const { waits, polls } = work
  const { stopped, reissued, quarantined } = polls
  return {
    ...{ operations, claims, ended },
    ...(nextDueAt !== undefined && { nextDueAt }),
    ...(waits !== undefined && { waits: { counts: waits.counts, sumMs: waits.sumMs } }),
    ...(stopped.size > 0 && { stopped: [...stopped.values()] }),
    ...(reissued && { reissued }),
    ...(quarantined.length > 0 && { quarantined }),
  }
}

/** Ends pending tasks whose time is over, a bounded number. False where more may be due. */
function endOverdue(work: Work): boolean {
  if (work.retried) {
    for (const row of work.rows.failedAt(work.now)) if (wasOverdue(row)) work.endedBefore(row)
  }
  const overdue = work.rows.overdue(work.now, GATES_PER_BATCH_MAX)
  for (const row of overdue) {
    const late = row.deadlineAt !== undefined && row.deadlineAt <= work.now
    work.endPending(row, 'failed', late ? DEADLINE : EXPIRED)
  }
  return overdue.length < GATES_PER_BATCH_MAX
}

function wasOverdue({ error }: TaskRow): boolean {
  return error?.code === EXPIRED.code || error?.code === DEADLINE.code
}

/** One more than a page is looked for: whether that is the last is known then. */
export function readLogs(rows: Rows, id: string, after = 0): LogPage {
  const found = rows.logs(id, after, LOGS_PER_PAGE + 1)
  return { logs: found.slice(0, LOGS_PER_PAGE), more: found.length > LOGS_PER_PAGE }
}

export function readTasks(rows: Rows, ids: readonly string[]): TaskWithStory[] {
  if (ids.length > PAGE_MAX) {
    throw new DtrError('bad_input', `${ids.length} ids are asked for at once; ask for at most ${PAGE_MAX}`)
  }
  return ids.flatMap((id) => {
    const row = rows.task(id)
    if (row === undefined) return []
    const checkpoint = row.attempt === 0 || row.state === 'completed' ? undefined : rows.checkpoint(id)?.value
    const poll = row.voting === true ? readPoll(rows, id) : undefined
    return [
      {
        task: taskOf(row),
        story: rows.story(id),
        ...(checkpoint !== undefined && { checkpoint }),
        ...(poll && { poll }),
      },
    ]
  })
}

function readPoll(rows: Rows, id: string): PollRecord | undefined {
  const poll = rows.polls.get(id)
  if (poll === undefined) return undefined
  const { rule, checked } = poll
  const replicas = rows.polls.replicas(id).map(({ parentId: _, ...replica }) => replica)
  return { rule, ...(checked === true && { checked }), replicas }
}

export function readReputations({ reputations }: Rows): Reputations {
  return { records: reputations.best(REPUTATIONS_MAX), quarantined: reputations.quarantined() }
}
