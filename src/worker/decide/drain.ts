// Leaving in order (P21): nothing new begins, what runs gets its time, the rest goes back, and results are recorded first.
import { formatDuration } from '../../config.js'
import { DtrError, EXIT_OK } from '../../errors.js'
import { type Drain, NEVER, type State } from '../state.js'
import type { Duty, Turn } from '../turn.js'
import { diedBeside } from './deaths.js'
import { abort } from './endings.js'
import { kill } from './hosts.js'
import { giveUpReload } from './reload.js'
import { settle } from './results.js'

/** How long results wait for a master that is not there. */
const UNRECORDED_MS = 2_000
/** Of the time to finish: so much is left when code is told to end. */
const SIGNAL_SHARE = 1 / 8

export function beginDrain(turn: Turn, graceMs: number, why: string): void {
  const { state } = turn
  const killAt = turn.at + graceMs
  const signalAt = killAt - graceMs * SIGNAL_SHARE
  if (state.drain !== undefined) {
    state.drain.killAt = Math.min(state.drain.killAt, killAt)
    state.drain.signalAt = Math.min(state.drain.signalAt, signalAt)
    return
  }
  state.drain = { signalAt, killAt, handedBack: false, emptySince: undefined }
  turn.log('info', `draining: ${why}`, { held: state.attempts.size, grace: formatDuration(graceMs) })
  giveUpReload(turn)
  if (state.session !== undefined) turn.tell({ type: 'draining' })
}

/** At once, whatever runs: a second signal. */
export function stop(turn: Turn): void {
  const running = [...turn.state.attempts].some((attempt) => attempt.phase !== 'ready')
  turn.log('warn', 'stopped at once', { running: turn.state.attempts.size })
  leave(turn, running || turn.state.drain?.handedBack === true ? incomplete : EXIT_OK)
}

export function leave(turn: Turn, code: number): void {
  const { state } = turn
  if (state.exited) return
  state.exited = true
  turn.log('info', `leaving with exit code ${code}`)
  if (state.session !== undefined) turn.do({ kind: 'close', session: state.session.id })
  turn.do({ kind: 'exit', code })
}

const incomplete = new DtrError('drain_incomplete', 'work was handed back').exitCode

/** Hands back what has not begun, and leaves when nothing is left. */
export function drainOn(turn: Turn): void {
  const { state, at } = turn
  const { drain } = state
  if (drain === undefined || state.exited) return
  // It dies itself, in order: no death beside that counts.
  diedBeside(turn)
  for (const attempt of state.attempts) {
    if (attempt.phase === 'ready') settle(turn, attempt, { outcome: 'returned', reason: 'drain', started: false })
  }
  if (state.attempts.size > 0) return
  drain.emptySince ??= at
  if (state.unrecorded.size > 0 && at < patience(state, drain.emptySince)) return
  leave(turn, drain.handedBack || state.unrecorded.size > 0 ? incomplete : EXIT_OK)
}

/** What listens can still write down how far it came. */
function signalAll(turn: Turn, drain: Drain): void {
  drain.signalAt = NEVER
  for (const attempt of turn.state.attempts) {
    if (attempt.phase !== 'begun' || attempt.ending !== undefined) continue
    attempt.ending = 'stopping'
    abort(turn, attempt, 'stopping')
  }
}

/** Until when results wait to be recorded: as long as a master is heard, and a moment. */
function patience(state: State, emptySince: number): number {
  const heardUntil = state.session === undefined ? 0 : state.session.heardAt + state.timings.suspectMs
  return Math.max(heardUntil, emptySince + UNRECORDED_MS)
}

export const drainDuty: Duty = {
  next(state) {
    const { drain } = state
    if (drain === undefined) return NEVER
    if (drain.emptySince !== undefined) return patience(state, drain.emptySince)
    return Math.min(drain.signalAt, drain.killAt)
  },

  due(turn) {
    const { drain, hosts, attempts } = turn.state
    if (drain === undefined || drain.emptySince !== undefined) return
    if (turn.at < drain.killAt) {
      if (turn.at >= drain.signalAt) signalAll(turn, drain)
      return
    }
    turn.log('warn', 'the time to finish is over: the rest is handed back', { held: attempts.size })
    drain.killAt = NEVER
    drain.signalAt = NEVER
    for (const host of hosts.values()) kill(turn, host, 'drain')
  },
}
