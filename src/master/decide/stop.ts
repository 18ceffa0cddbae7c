// The end of a master: the cluster's (no grants, workers drain and leave, the master last), or only its own where its
// workers are to be taken over by another.
import type { MonoMs } from '../../clock.js'
import { formatDuration } from '../../config.js'
import { ERRORS, EXIT_OK } from '../../errors.js'
import type { Stopping, Turn } from '../state.js'
import { endAllWaits } from './pull-claims.js'

/** What workers need beyond their grace to hand back the rest and leave. */
const LEAVE_MS = 4_000
/** When the time is over: so long what is gathered may still become durable. Whoever waits for the rest tells it again. */
const LAST_BATCH_MS = 2_000

export function requestStop(turn: Turn, reason: string, graceMs: number, now = false): void {
  const { state } = turn
  if (state.stopping !== undefined && !now) return stopSooner(turn, state.stopping, reason, graceMs)
  const keep = state.settings.keepWorkers
  turn.log('info', `stopping: ${reason}${keep ? '; workers are left to the next master' : ''}`, {
    grace: formatDuration(graceMs),
  })
  const waitMs = now || keep ? 0 : graceMs + LEAVE_MS
  state.stopping = {
    reason,
    deadline: turn.at.monoMs + waitMs,
    handedBack: state.stopping?.handedBack ?? false,
    exited: false,
  }
  endAllWaits(turn)
  if (!keep && !now) drainAll(turn, graceMs)
}

/** Asked again, with less time: what still runs then goes back sooner. */
function stopSooner(turn: Turn, stopping: Stopping, reason: string, graceMs: number): void {
  const deadline = turn.at.monoMs + graceMs + LEAVE_MS
  if (stopping.exited || deadline >= stopping.deadline) return
  turn.log('info', `stopping sooner: ${reason}`, { grace: formatDuration(graceMs) })
  turn.state.stopping = { ...stopping, deadline }
  drainAll(turn, graceMs)
}

function drainAll(turn: Turn, graceMs: number): void {
  for (const worker of turn.state.workers.values()) {
    if (worker.session !== undefined) turn.send(worker.session, { type: 'drain', graceMs })
  }
}

/** When it is to look again whether it can leave. */
export function nextLook({ deadline }: Stopping, at: MonoMs): MonoMs {
  return at < deadline ? deadline : deadline + LAST_BATCH_MS
}

/** Leaves once nobody is there to wait for and everything gathered is durable, or when the time is over. */
export function leaveIfDone(turn: Turn): void {
  const { state, at } = turn
  const { stopping } = state
  if (stopping === undefined || stopping.exited) return
  const idle = state.queue.length === 0 && state.inFlight.length === 0
  const workers = [...state.workers.values()]
  const connected = workers.filter((worker) => worker.session !== undefined)
  const holding = workers.some((worker) => worker.leases.size > 0)
  // One that is away with work comes back with its results, or is proven dead: both are waited for.
  const done = idle && connected.length === 0 && !holding
  const over = at.monoMs >= stopping.deadline && (idle || at.monoMs >= stopping.deadline + LAST_BATCH_MS)
  if (!done && !over) return
  stopping.exited = true
  const incomplete = !state.settings.keepWorkers && (stopping.handedBack || holding || !idle)
  if (!state.settings.keepWorkers && connected.length > 0) {
    turn.log('warn', `leaving with ${connected.length} workers still connected`)
  }
  const last = state.journal.take(turn.at, true)
  if (last !== undefined) turn.effects.push({ kind: 'log', entry: last })
  turn.log('info', incomplete ? 'stopped; work was handed back' : 'stopped')
  turn.exit(incomplete ? ERRORS.drain_incomplete.exit : EXIT_OK)
}
