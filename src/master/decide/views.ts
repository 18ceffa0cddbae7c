// Tasks that are watched: what they do goes to whoever watches, as it comes. What workers report is accepted under the
// current lease alone (P5). Nothing of it is written to disk: it is over with the attempt.
import type { ErrorField, SeenField, TaskReport } from '../../protocol/messages.js'
import type { Grant, TaskWithStory } from '../../store/store.js'
import { isTerminal, type Task } from '../../task/task.js'
import type { SessionId } from '../events.js'
import type { LeaseProgress } from '../leases.js'
import type { PulledLease } from '../pulls.js'
import type { MasterState, Turn, WorkerState } from '../state.js'
import type { Standing, View } from '../views.js'
import { chunked } from './chunks.js'

/** What attempts of this worker tell while they run. */
export function reported(turn: Turn, worker: WorkerState, list: readonly TaskReport[]): void {
  const { state } = turn
  const seen = new Map<SessionId, SeenField[]>()
  for (const { lease, percent, message, log } of list) {
    const held = worker.leases.get(lease)
    if (held === undefined || held.ended) {
      state.figures.refused()
      continue
    }
    const progress = percent === undefined ? {} : { percent, ...(message !== undefined && { message }) }
    if (percent !== undefined) worker.leases.progressed(lease, progress as LeaseProgress)
    const view = state.views.ofLease(lease)
    if (view?.standing === undefined) continue
    const entry = { id: view.taskId, attempt: view.standing.attempt, ...progress, ...(log && { log }) }
    for (const session of view.sessions) {
      const entries = seen.get(session)
      if (entries === undefined) seen.set(session, [entry])
      else entries.push(entry)
    }
  }
  for (const [session, entries] of seen) {
    for (const list of chunked(entries, ({ log, message: words = '' }) => words.length + (log?.text.length ?? 0))) {
      turn.sendLossy(session, { type: 'seen', list })
    }
  }
}

/** How far a running task is, as far as its worker has said so. */
export function progressOf(
  { state }: Turn,
  { id, state: taskState, leaseId, holder }: Task,
): LeaseProgress | undefined {
  if (taskState !== 'running' || leaseId === undefined || holder === undefined) return undefined
  return heldProgress(state, id, leaseId, holder)
}

function heldProgress(
  { workers, pulls }: MasterState,
  taskId: string,
  leaseId: string,
  holder: string,
): LeaseProgress | undefined {
  const pulled = pulls.leaseOf(holder, taskId)
  if (pulled !== undefined) return pulled.leaseId === leaseId ? pulled.progress : undefined
  return workers.get(holder)?.leases.progressOf(leaseId)
}

/** A worker that pulls says it when it renews its lease, to which this belongs. */
export function progressed(turn: Turn, lease: PulledLease, progress: LeaseProgress): void {
  lease.progress = progress
  const view = turn.state.views.ofLease(lease.leaseId)
  if (view?.standing === undefined) return
  const list = [{ id: lease.taskId, attempt: view.standing.attempt, ...progress }]
  for (const session of view.sessions) turn.sendLossy(session, { type: 'seen', list })
}

/** The store has told how these stand. Where that is known better by now, because it has changed since, that is told. */
export function show(turn: Turn, session: SessionId, tasks: readonly TaskWithStory[]): void {
  const { views } = turn.state
  for (const { task } of tasks) {
    const view = isTerminal(task.state) ? undefined : views.get(task.id)
    if (view === undefined) continue
    const told = view.standing
    if (told === undefined) views.stands(view, standingOf(task))
    else if (told.attempt === 0) views.stands(view, { ...told, attempt: task.attempt })
    turn.send(session, { type: 'seen', list: [seenOf(turn, view)] })
    follow(turn, view, true)
  }
}

function standingOf({ state, attempt, leaseId, holder, error, runAt }: Task): Standing {
  return state === 'running' ? { state, attempt, leaseId, holder } : { state, attempt, error, runAt }
}

/** A grant of it has left. */
export function runs(turn: Turn, { taskId, leaseId, attempt, holder }: Grant): void {
  const view = turn.state.views.get(taskId)
  if (view === undefined) return
  turn.state.views.stands(view, { state: 'running', attempt, leaseId, holder })
  tell(turn, view)
  follow(turn, view, true)
}

/** Its attempt has ended, and it has not. */
export function waitsAgain(
  turn: Turn,
  taskId: string,
  { leaseId, error, runAt }: { leaseId: string; error?: ErrorField | undefined; runAt?: number | undefined },
): void {
  const view = turn.state.views.get(taskId)
  if (view === undefined) return
  // Told of an attempt that was over before this one began.
  if (view.standing?.leaseId !== undefined && view.standing.leaseId !== leaseId) return
  turn.state.views.stands(view, { state: 'pending', attempt: view.standing?.attempt ?? 0, error, runAt })
  // Else the store has not told yet how it stood.
  if (view.standing?.attempt !== 0) tell(turn, view)
}

export function unview(turn: Turn, taskId: string, session: SessionId): void {
  const left = turn.state.views.remove(taskId, session)
  if (left !== undefined) follow(turn, left, false)
}

export function unviewAll(turn: Turn, session: SessionId): void {
  for (const taskId of turn.state.views.ofSession(session)) unview(turn, taskId, session)
}

/** A worker is back: in its new session it has been told of nobody who watches. */
export function followAgain(turn: Turn, worker: WorkerState): void {
  for (const view of turn.state.views) {
    if (view.standing?.holder === worker.incarnation) follow(turn, view, true)
  }
}

/** One that does not understand it is not asked: its tasks show states and progress alone. */
function follow(turn: Turn, { taskId, standing }: View, on: boolean): void {
  if (standing?.leaseId === undefined || standing.holder === undefined) return
  const worker = turn.state.workers.get(standing.holder)
  if (worker?.session === undefined || worker.about?.follows !== true) return
  // Before it is welcome it is told nothing, and then all (`followAgain`).
  if (worker.phase !== 'ready' && worker.phase !== 'draining') return
  turn.send(worker.session, { type: 'follow', list: [{ id: taskId, lease: standing.leaseId, on }] })
}

function tell(turn: Turn, view: View): void {
  for (const session of view.sessions) turn.send(session, { type: 'seen', list: [seenOf(turn, view)] })
}

function seenOf(turn: Turn, { taskId, standing }: View): SeenField {
  const { state, attempt, leaseId, holder, error, runAt } = standing as Standing
  const held = holder !== undefined && leaseId !== undefined
  const progress = held ? heldProgress(turn.state, taskId, leaseId, holder) : undefined
  return {
    ...{ id: taskId, attempt, state, ...progress },
    // An incarnation is the name and something random.
    ...(holder !== undefined && { worker: holder.split('#')[0] ?? holder }),
    ...(error !== undefined && { error }),
    ...(runAt !== undefined && { runAt }),
  }
}
