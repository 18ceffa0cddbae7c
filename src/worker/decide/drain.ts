// Leaving in order (P21): nothing new begins, what runs gets its time, the rest goes back, and results are recorded first.
import { formatDuration } from '../../config.js'
import { DtrError, EXIT_OK } from '../../errors.js'
import { NEVER, type State } from '../state.js'
import type { Duty, Turn } from '../turn.js'
import { diedBeside } from './deaths.js'
import { kill } from './hosts.js'
import { giveUpReload } from './reload.js'
import { settle } from './results.js'

/** How long results wait for a master that is not there. */
const UNRECORDED_MS = 2_000

export function beginDrain(turn: Turn, graceMs: number, why: string): void {
  const { state } = turn
  const killAt = turn.at + graceMs
  if (state.drain !== undefined) {
    state.drain.killAt = Math.min(state.drain.killAt, killAt)
    return
  }
  state.drain = { killAt, handedBack: false, emptySince: undefined }
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

/** Until when results wait to be recorded: as long as a master is heard, and a moment. */
function patience(state: State, emptySince: number): number {
  const heardUntil = state.session === undefined ? 0 : state.session.heardAt + state.timings.suspectMs
  return Math.max(heardUntil, emptySince + UNRECORDED_MS)
}

export const drainDuty: Duty = {
  next(state) {
    const { drain } = state
    if (drain === undefined) return NEVER
    return drain.emptySince === undefined ? drain.killAt : patience(state, drain.emptySince)
  },

  due(turn) {
    const { drain, hosts, attempts } = turn.state
    if (drain === undefined || drain.emptySince !== undefined || turn.at < drain.killAt) return
    turn.log('warn', 'the time to finish is over: the rest is handed back', { held: attempts.size })
    drain.killAt = NEVER
    for (const host of hosts.values()) kill(turn, host, 'drain')
  },
}
