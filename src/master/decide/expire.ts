// Who is judged gone, and when. Silence is judged by the monotonic clock alone; a refused port on the same machine is
// proof (the listening socket lives in the worker's host as well, so it refuses only when no code is left).

import type { MonoMs } from '../../clock.js'
import { formatDuration } from '../../config.js'
import type { OperationOutcome } from '../../store/store.js'
import type { ProbeResult } from '../events.js'
import type { HeldLease } from '../leases.js'
import { type ExpiryCause, type MasterState, type Turn, type WorkerState, workerOf } from '../state.js'
import { feedLost } from './feed.js'
import { forgivePulls, sweepPulls } from './pull-leases.js'
import { waitsAgain } from './views.js'

/** A tick that comes later than this was held up: the process stood still, and so did everything it would have heard. */
const LAG_MS_MIN = 100
/** The watch over workers looks at least this often, so that a standstill of our own is seen for what it was. */
const WATCH_MS = 500

/** P19: a master that stood still does not blame its workers for its own silence. */
export function forgive(turn: Turn, lagMs: number): void {
  if (lagMs < LAG_MS_MIN) return
  for (const worker of turn.state.workers.values()) {
    worker.heardAt = Math.min(turn.at.monoMs, worker.heardAt + lagMs)
    if (worker.unseenSince !== undefined) worker.unseenSince = Math.min(turn.at.monoMs, worker.unseenSince + lagMs)
  }
  forgivePulls(turn, lagMs)
  if (lagMs > 1_000)
    turn.log('warn', `this master stood still for ${formatDuration(lagMs)}; its workers are not blamed for it`)
}

export function watch(turn: Turn): void {
  const { suspectMs, leaseMs } = turn.state.settings
  for (const worker of turn.state.workers.values()) {
    // It says nothing before it is welcome, and that is for us to say: a slow disk is not its fault (P19).
    if (worker.phase === 'attaching') continue
    const silentMs = turn.at.monoMs - worker.heardAt
    if (silentMs >= leaseMs) judge(turn, worker, 'silent')
    else if (silentMs >= suspectMs && !worker.suspect && worker.session !== undefined) {
      worker.suspect = true
      turn.log('warn', `${worker.name} is silent for ${formatDuration(silentMs)}: no new work for it`, {
        worker: worker.incarnation,
      })
    }
  }
  watchUnregistered(turn)
  sweepPulls(turn)
}

/** A worker's connection that proves itself and then says nothing keeps its place for no longer than a lease. */
function watchUnregistered(turn: Turn): void {
  const { sessions, settings } = turn.state
  for (const { id, peer, openedAt, closing } of sessions.values()) {
    const late = turn.at.monoMs - openedAt >= settings.leaseMs
    if (late && !closing && peer.role === 'worker' && workerOf(turn.state, id) === undefined) {
      turn.close(id, 'it never registered')
    }
  }
}

export function nextWatch(state: MasterState, at: MonoMs): MonoMs | undefined {
  return state.workers.size > 0 || state.sessions.size > 0 || !state.pulls.idle ? at + WATCH_MS : undefined
}

/** What a dial to a worker without a session met. */
export function probed(turn: Turn, incarnation: string, met: ProbeResult): void {
  const worker = turn.state.workers.get(incarnation)
  if (worker === undefined || worker.session !== undefined || met === 'unknown') return
  if (worker.place?.machine !== turn.state.settings.machine) return
  judge(turn, worker, 'dead')
}

/** Gathers the expiry of a worker; it is judged, but nothing changes before that is durable. */
export function judge(turn: Turn, worker: WorkerState, cause: ExpiryCause): void {
  if (worker.expiring) return
  worker.expiring = true
  const message =
    cause === 'silent'
      ? `${worker.name} was not heard for ${formatDuration(turn.at.monoMs - worker.heardAt)}`
      : `${worker.name} died (its port refuses)`
  if (cause !== 'left') {
    const what = cause === 'dead' ? 'is dead: nobody answers at its port' : 'is given up: silent for a whole lease'
    // Of a holder that was found in the store only the store knows how much it holds.
    const held = worker.about === undefined ? '' : `; it held ${worker.leases.size} tasks`
    turn.log('warn', `${worker.name} ${what}${held}`, { worker: worker.incarnation })
  }
  turn.enqueue(
    { kind: 'expire', incarnation: worker.incarnation, beat: 0, unstarted: [], error: { code: 'lost', message } },
    { kind: 'expire', incarnation: worker.incarnation, cause },
  )
}

/** It is here after all: an expiry that was only gathered is withdrawn. One in flight stands, and the worker attaches anew. */
export function withdrawExpiry(turn: Turn, worker: WorkerState): void {
  const { queue } = turn.state
  const gathered = queue.findIndex(
    ({ purpose }) => purpose.kind === 'expire' && purpose.incarnation === worker.incarnation,
  )
  if (gathered < 0) return
  queue.splice(gathered, 1)
  worker.expiring = false
}

/**
 * Filled in when the batch leaves: by then the outcome of every earlier claim is known. All that a dead worker had written
 * was read before its connection ended; of one that is silent a `started` may have been lost on the way, so that only what
 * never left for it is proven not to have begun (P9, P10).
 */
export function unstartedLeases(state: MasterState, incarnation: string, cause: ExpiryCause): string[] {
  const worker = state.workers.get(incarnation)
  if (worker === undefined) return []
  const mayHaveBegun = (lease: HeldLease): boolean => (cause === 'silent' ? lease.delivered : lease.started)
  return worker.leases.which((lease) => !mayHaveBegun(lease))
}

function attachIsGathered({ queue }: MasterState, incarnation: string): boolean {
  return queue.some(({ purpose }) => purpose.kind === 'attach' && purpose.incarnation === incarnation)
}

/** The expiry is durable. */
export function expired(
  turn: Turn,
  incarnation: string,
  cause: ExpiryCause,
  outcome: Extract<OperationOutcome, { kind: 'expire' }>,
): void {
  const { state } = turn
  const worker = state.workers.get(incarnation)
  if (worker === undefined) return
  worker.expiring = false
  if (outcome.status === 'moved') {
    worker.heardAt = turn.at.monoMs
    return
  }
  const waiting = outcome.tasks.filter((task) => task.state === 'pending').length
  const over = outcome.tasks.length - waiting
  if (cause !== 'left' || outcome.tasks.length > 0) {
    turn.log(
      'warn',
      `${worker.name} is gone: ${waiting} of its tasks run elsewhere${over > 0 ? `, ${over} ended` : ''}`,
      {
        worker: incarnation,
      },
    )
  }
  const error = { code: 'lost', message: `${worker.name} is gone` } as const
  if (cause !== 'left') state.figures.workerLost()
  for (const { id, leaseId, state: now } of outcome.tasks) {
    state.figures.attemptEnded(now === 'cancelled' ? 'cancelled' : 'lost', now === 'pending')
    if (now === 'pending') waitsAgain(turn, id, { leaseId, error })
  }
  for (const task of outcome.tasks) turn.log('debug', `task ${task.id} was with ${worker.name}, now ${task.state}`)
  feedLost(turn, incarnation, outcome.tasks, error.message)
  if (state.stopping !== undefined && outcome.tasks.length > 0) state.stopping.handedBack = true
  if (attachIsGathered(state, incarnation)) return // It came back while this was on its way.
  if (worker.session !== undefined) turn.close(worker.session, 'silent for a whole lease')
  state.workers.delete(incarnation)
}
