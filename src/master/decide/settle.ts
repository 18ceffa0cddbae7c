// How attempts end, as far as the master has a say: settlements go to the store under their fence, and what came of them
// is told to the worker (so that it forgets them), to the clients that wait, and to the log.

import { isErrorCode } from '../../errors.js'
import type {
  ErrorField,
  MasterToClient,
  MasterToWorker,
  PullEndingField,
  Settlement,
} from '../../protocol/messages.js'
import type { EndedTask, OperationOutcome, SettleOperation, StoppedLease } from '../../store/store.js'
import type { Ending, TaskError } from '../../task/task.js'
import type { SessionId } from '../events.js'
import { isFull, type Turn, type WorkerState } from '../state.js'
import { chunked } from './chunks.js'
import { feedSettled } from './feed.js'
import { waitsAgain } from './views.js'

export function settle(turn: Turn, worker: WorkerState, session: SessionId, list: readonly Settlement[]): void {
  for (const settlement of list) {
    const held = worker.leases.get(settlement.lease)
    // What it holds is bounded by its slots; what it does not hold, or has settled, is welcome while there is room (P23).
    if (held?.ended !== false && isFull(turn.state, 1)) {
      return turn.close(session, 'settles much that it does not hold')
    }
    if (held !== undefined) {
      if (held.begunAt !== undefined && settlement.outcome !== 'returned') {
        turn.state.figures.run.add(turn.at.monoMs - held.begunAt)
      }
      worker.leases.end(held)
    }
    const { incarnation: holder } = worker
    const { id: taskId, lease: leaseId, log } = settlement
    const ending = endingOf(settlement)
    turn.enqueue(
      log === undefined
        ? { kind: 'settle', taskId, leaseId, holder, ending }
        : { kind: 'settle', taskId, leaseId, holder, ending, log: { at: log.at, text: log.text.toWellFormed() } },
      { kind: 'settle', incarnation: holder, session },
    )
  }
}

function endingOf(settlement: Settlement): Ending {
  switch (settlement.outcome) {
    case 'completed':
      return completedBy(settlement)
    case 'failed':
      return { kind: 'failed', error: errorOf(settlement.error), final: settlement.final }
    case 'lost':
      return { kind: 'lost', started: settlement.started, error: errorOf(settlement.error) }
    case 'cancelled':
      return { kind: 'cancelled' }
    case 'returned':
      return {
        kind: 'returned',
        reason: settlement.reason,
        started: settlement.started,
        ...(settlement.suspect === true && { suspect: true }),
        ...(settlement.waitMs !== undefined && { waitMs: settlement.waitMs }),
        ...(settlement.error !== undefined && { error: errorOf(settlement.error) }),
      }
  }
}

/** Written out: the common ending has no ballot. */
export function completedBy({ result, encoding = 'json', ballot }: Completed): Ending {
  return ballot === undefined
    ? { kind: 'completed', result, encoding }
    : { kind: 'completed', result, encoding, ballot }
}

/** A worker of another version may know codes that we do not. */
function errorOf(error: ErrorField): TaskError {
  return { ...error, code: isErrorCode(error.code) ? error.code : 'task_failed' }
}

/** A grant that could not be delivered: uncharged, for it never started. */
export function giveBack(
  turn: Turn,
  lease: { taskId: string; leaseId: string },
  worker: WorkerState | undefined,
): void {
  // An expiry that is gathered already will end it, as never started; or its worker comes back, and attaches without it.
  if (worker?.expiring === true && worker.session === undefined) return
  const held = worker?.leases.get(lease.leaseId)
  if (held !== undefined) worker?.leases.end(held)
  turn.enqueue(
    {
      kind: 'settle',
      taskId: lease.taskId,
      leaseId: lease.leaseId,
      ending: { kind: 'returned', reason: 'undelivered', started: false },
    },
    { kind: 'settle', incarnation: worker?.incarnation ?? '', session: undefined },
  )
}

type Completed = Omit<Extract<PullEndingField, { outcome: 'completed' }>, 'outcome'>
type SettleOutcome = Extract<OperationOutcome, { kind: 'settle' }>

/** Gathers what is to be told of a committed batch, so that each peer hears of it in one message. */
export class Announcements {
  readonly #recorded = new Map<SessionId, { lease: string; status: 'recorded' | 'stale' }[]>()

  constructor(private readonly turn: Turn) {}

  settled(
    operation: SettleOperation,
    incarnation: string,
    session: SessionId | undefined,
    outcome: SettleOutcome,
  ): void {
    const { state } = this.turn
    const worker = state.workers.get(incarnation)
    worker?.leases.delete(operation.leaseId)
    if (outcome.status === 'stale') state.figures.refused()
    journal(this.turn, operation, worker, outcome)
    if (session === undefined || !state.sessions.has(session)) return
    const list = this.#recorded.get(session)
    const line = { lease: operation.leaseId, status: outcome.status }
    if (list === undefined) this.#recorded.set(session, [line])
    else list.push(line)
  }

  /** Sends it all: to clients what has ended, for somebody waits for that; to workers what was recorded. */
  tell(ended: readonly EndedTask[]): void {
    tellEnded(this.turn, ended)
    for (const [session, list] of this.#recorded) {
      for (const chunk of chunked(list, () => 0)) this.turn.send(session, { type: 'recorded', list: chunk })
    }
  }
}

/** To the log, and to who watches the task. */
export function journal(
  turn: Turn,
  operation: SettleOperation,
  worker: Pick<WorkerState, 'name' | 'completed' | 'failed'> | undefined,
  outcome: SettleOutcome,
): void {
  const { state } = turn
  const { ending, taskId } = operation
  const by = worker?.name ?? 'a worker that is gone'
  if (outcome.status === 'stale') {
    state.journal.settled('stale')
    if (ending.kind !== 'returned')
      turn.log('info', `refused a stale result of ${by} for task ${taskId}`, { lease: operation.leaseId })
    return
  }
  feedSettled(turn, operation, outcome)
  if (ending.kind === 'completed' && outcome.state === 'completed') {
    if (worker !== undefined) worker.completed += 1
    state.journal.settled('completed')
    state.figures.attemptEnded('completed', false)
    if (state.settings.tellsDebug) turn.log('debug', `task ${taskId} completed by ${by}`)
    return
  }
  if (outcome.state === 'pending') {
    const error = 'error' in ending ? ending.error : undefined
    waitsAgain(turn, taskId, { leaseId: operation.leaseId, error, runAt: outcome.runAt })
  }
  if (ending.kind === 'returned') {
    state.journal.settled('returned')
    state.figures.attemptEnded('returned', false)
    if (state.stopping !== undefined && ending.started) state.stopping.handedBack = true
    turn.log('debug', `task ${taskId} handed back by ${by}: ${ending.reason}`)
    return
  }
  if (outcome.state === 'cancelled') {
    state.journal.settled('cancelled')
    state.figures.attemptEnded('cancelled', false)
    turn.log('debug', `task ${taskId} cancelled; its code at ${by} has ended`)
    return
  }
  if (worker !== undefined) worker.failed += 1
  state.journal.settled(outcome.state === 'pending' ? 'retried' : 'failed')
  state.figures.attemptEnded(ending.kind === 'lost' ? 'lost' : 'failed', outcome.state === 'pending')
  const error = outcome.refused?.message ?? ('error' in ending ? ending.error?.message : undefined)
  const waitMs = Math.max(0, (outcome.runAt ?? 0) - turn.at.wallMs)
  const next = outcome.state === 'pending' ? `runs again in ${(waitMs / 1_000).toFixed(1)} s` : 'failed for good'
  turn.log(
    state.journal.nameFailure() ? 'info' : 'debug',
    `task ${taskId} failed at ${by}, ${next}: ${error ?? ending.kind}`,
  )
}

/** Enough have voted: the code of the others is to end. Who is not here is told when it comes back. */
export function stopReplicas(turn: Turn, leases: readonly StoppedLease[]): void {
  const { state } = turn
  const bySession = new Map<SessionId, StoppedLease[]>()
  for (const lease of leases) {
    state.pulls.cancel(lease.holder, lease.taskId, lease.leaseId)
    const session = state.workers.get(lease.holder)?.session
    if (session !== undefined) bySession.set(session, [...(bySession.get(session) ?? []), lease])
  }
  for (const [session, stopped] of bySession) {
    for (const chunk of chunked(stopped, () => 0)) {
      const list = chunk.map(({ taskId: id, leaseId: lease }) => ({ id, lease, reason: 'cancelled' as const }))
      turn.send(session, { type: 'cancel', list })
    }
  }
}

/** Tells the end of tasks to the client that submitted each, and to whoever watches it. */
export function tellEnded(turn: Turn, ended: readonly EndedTask[]): void {
  if (ended.length === 0) return
  const { state } = turn
  const bySession = new Map<SessionId, EndedTask[]>()
  const add = (session: SessionId, task: EndedTask): void => {
    const list = bySession.get(session)
    if (list === undefined) bySession.set(session, [task])
    else list.push(task)
  }
  for (const task of ended) {
    state.figures.ended(task.state)
    const own = task.origin === undefined ? undefined : state.clients.get(task.origin)
    if (own !== undefined) add(own, task)
    const viewing = state.views.end(task.id)
    for (const session of viewing ?? []) if (session !== own) add(session, task)
    const watching = state.watchers.get(task.id)
    if (watching === undefined) continue
    state.watchers.delete(task.id)
    for (const session of watching) {
      state.sessions.get(session)?.watches.delete(task.id)
      if (session !== own && viewing?.has(session) !== true) add(session, task)
    }
  }
  for (const [session, tasks] of bySession) sendEnded(turn, session, tasks)
}

export function sendEnded(turn: Turn, session: SessionId, tasks: readonly EndedTask[]): void {
  for (const chunk of chunked(tasks, (task) => task.result?.length ?? 0)) {
    const list = chunk.map((task) => ({
      id: task.id,
      state: task.state,
      ...(task.result !== undefined && { result: task.result, encoding: task.resultEncoding ?? 'json' }),
      ...(task.error !== undefined && { error: task.error }),
    }))
    turn.send(session, { type: 'ended', list } satisfies MasterToClient | MasterToWorker)
  }
}
