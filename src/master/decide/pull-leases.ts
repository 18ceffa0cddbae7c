// When a pulled task is somebody else's: its lease was not renewed until its end. Judged now and then, and at once where a
// person asks for it. A master that stood still moves all ends by its own standstill (P19).
import { formatDuration } from '../../config.js'
import type { OperationOutcome, SettleOperation } from '../../store/store.js'
import type { Ending, TaskError } from '../../task/task.js'
import type { SessionId } from '../events.js'
import type { PulledLease, PullWorker } from '../pulls.js'
import type { Purpose, RequeueTicket, Turn } from '../state.js'
import { feedLost } from './feed.js'
import { journal } from './settle.js'
import { waitsAgain } from './views.js'

export function forgivePulls({ state: { pulls }, at }: Turn, lagMs: number): void {
  for (const worker of pulls.workers.values()) {
    worker.heardAt = Math.min(at.monoMs, worker.heardAt + lagMs)
    for (const lease of worker.leases.values()) lease.endsAt += lagMs
  }
}

const OVERDUE: TaskError = { code: 'deadline', message: 'its deadline was over before it ended' }

export function sweepPulls(turn: Turn): void {
  const { pulls } = turn.state
  if (pulls.idle || turn.at.monoMs < pulls.sweepAt) return
  pulls.sweepAt = turn.at.monoMs + pulls.settings.sweepMs
  endOverdue(turn)
  sweep(turn)
  for (const worker of pulls.workers.values()) if (pulls.isForgettable(worker, turn.at.monoMs)) dismiss(turn, worker)
}

/** A person does not wait for the next look. */
export function requeue(turn: Turn, session: SessionId, re: number): void {
  const ticket: RequeueTicket = { session, re, remaining: 0, count: 0 }
  sweep(turn, ticket)
  if (ticket.remaining === 0) turn.send(session, { type: 'pull-requeued', re, count: 0 })
}

function sweep(turn: Turn, ticket?: RequeueTicket): void {
  for (const worker of turn.state.pulls.workers.values()) {
    const over: PulledLease[] = []
    for (const lease of worker.leases.values()) if (!lease.ending && lease.endsAt <= turn.at.monoMs) over.push(lease)
    if (over.length === 0) continue
    for (const lease of over) lease.ending = true
    if (ticket !== undefined) ticket.remaining += 1
    turn.enqueue(
      {
        ...{ kind: 'expire', incarnation: worker.holder, beat: 0, unstarted: [], error: errorOf(worker, over) },
        leases: over.map(({ taskId, leaseId }) => ({ taskId, leaseId })),
      },
      { kind: 'pull-expire', worker, over, ticket },
    )
  }
}

/** No worker holds a task beyond its deadline by renewing it: the code that runs it somewhere is told that it is lost. */
function endOverdue(turn: Turn): void {
  for (const worker of turn.state.pulls.workers.values()) {
    for (const lease of worker.leases.values()) {
      if (lease.ending || lease.deadlineAt === undefined || lease.deadlineAt > turn.at.monoMs) continue
      lease.ending = true
      const { taskId, leaseId } = lease
      const ending: Ending = { kind: 'failed', error: OVERDUE, final: true }
      turn.enqueue({ kind: 'settle', taskId, leaseId, holder: worker.holder, ending }, { kind: 'pull-overdue', worker })
    }
  }
}

/** It is on disk. Where it was cancelled as well, it is over as that. */
export function pullOverdue(
  turn: Turn,
  operation: SettleOperation,
  { worker }: Extract<Purpose, { kind: 'pull-overdue' }>,
  outcome: Extract<OperationOutcome, { kind: 'settle' }>,
): void {
  turn.state.pulls.release(worker, operation.taskId, operation.leaseId)
  journal(turn, operation, worker, outcome)
}

/** Of several that are over at the same look it tells the longest. */
function errorOf({ name }: PullWorker, over: readonly PulledLease[]): TaskError {
  const lengthMs = Math.max(...over.map((lease) => lease.lengthMs))
  return { code: 'lost', message: `${name} did not renew its lease within ${formatDuration(lengthMs)}` }
}

/** The expiry is durable. */
export function pullExpired(
  turn: Turn,
  { worker, over, ticket }: Extract<Purpose, { kind: 'pull-expire' }>,
  { tasks }: Extract<OperationOutcome, { kind: 'expire' }>,
): void {
  const { pulls } = turn.state
  for (const { taskId, leaseId } of over) pulls.release(worker, taskId, leaseId)
  const waiting = tasks.filter(({ state }) => state === 'pending').length
  const ended = tasks.length - waiting
  if (tasks.length > 0) {
    const rest = ended > 0 ? `, ${ended} ended` : ''
    turn.log('warn', `${worker.name} let ${tasks.length} leases run out: ${waiting} of its tasks run elsewhere${rest}`)
  }
  for (const { id, leaseId, state } of tasks) {
    turn.state.figures.attemptEnded(state === 'cancelled' ? 'cancelled' : 'lost', state === 'pending')
    if (state === 'pending') waitsAgain(turn, id, { leaseId, error: errorOf(worker, over) })
  }
  if (tasks.length > 0) feedLost(turn, worker.holder, tasks, errorOf(worker, over).message)
  for (const task of tasks) turn.log('debug', `task ${task.id} was with ${worker.name}, now ${task.state}`)
  if (ticket === undefined) return
  ticket.remaining -= 1
  ticket.count += tasks.length
  const { session, re, count } = ticket
  if (ticket.remaining === 0) turn.send(session, { type: 'pull-requeued', re, count })
}

/** Nobody has heard of it for long, and it holds nothing. */
function dismiss(turn: Turn, worker: PullWorker): void {
  worker.leaving = true
  const error = { code: 'lost', message: `${worker.name} was not heard of any more` } as const
  turn.enqueue(
    { kind: 'expire', incarnation: worker.holder, beat: 0, unstarted: [], error },
    { kind: 'dismiss', worker },
  )
}

export function dismissed(turn: Turn, worker: PullWorker): void {
  turn.state.pulls.forget(worker)
  turn.log('info', `${worker.name}, which pulled, is forgotten: it was not heard of any more`)
}
