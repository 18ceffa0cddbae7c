// The lease: code runs only while a master confirms our beats, counted from when the last confirmed one was SENT (P7). The
// deadlines are those of our own leases, so no lag of ours ever moves them.
import type { MonoMs } from '../../clock.js'
import { formatDuration } from '../../config.js'
import { NEVER, type State } from '../state.js'
import type { Duty, Turn } from '../turn.js'
import { diedBeside, judgeDeaths } from './deaths.js'
import { abort, settleEnded } from './endings.js'
import { kill, tellDeadlines } from './hosts.js'

/** A beat that was sent then is confirmed. */
export function confirm(turn: Turn, sentAt: MonoMs): void {
  const { state } = turn
  if (state.confirmedAt !== undefined && sentAt <= state.confirmedAt) return
  state.confirmedAt = sentAt
  tellDeadlines(turn)
  judgeDeaths(turn, sentAt)
  // A word that took long may confirm what is over by now: nothing begins on that.
  leaseDuty.due(turn)
  if (turn.at >= abortAt(state) || state.lease === 'alive') return
  state.lease = 'alive'
  for (const attempt of state.attempts) if (attempt.ending === 'lost') attempt.ending = undefined
}

function deadline(state: State): MonoMs {
  return (state.confirmedAt ?? NEVER) + state.timings.codeDeadMs
}

/** The signal goes out early enough for its grace: 1.5 s of 12 s. */
function abortAt(state: State): MonoMs {
  return deadline(state) - state.timings.codeDeadMs / 8
}

export const leaseDuty: Duty = {
  next(state) {
    if (state.lease === 'ended') return NEVER
    return state.lease === 'alive' ? abortAt(state) : deadline(state)
  },

  due(turn) {
    const { state } = turn
    if (turn.at >= deadline(state)) endAll(turn)
    else if (turn.at >= abortAt(state) && state.lease === 'alive') abortAll(turn)
  },
}

function abortAll(turn: Turn): void {
  turn.state.lease = 'aborted'
  const running = [...turn.state.attempts].filter((attempt) => attempt.phase !== 'ready')
  if (running.length > 0) turn.log('warn', `no word from the master: ${running.length} tasks are told to end`)
  for (const attempt of running) {
    if (attempt.ending !== undefined) continue
    attempt.ending = 'lost'
    abort(turn, attempt, 'lost')
  }
}

/** No code from here on, not even an idle host's. What had begun is over; what had not waits for a master's word. */
function endAll(turn: Turn): void {
  const { state } = turn
  if (state.lease === 'ended') return
  state.lease = 'ended'
  diedBeside(turn)
  const begun = [...state.attempts].filter(({ phase }) => phase === 'begun' || phase === 'adrift')
  const sinceMs = turn.at - (state.confirmedAt ?? turn.at)
  turn.log('warn', `no word from the master for ${formatDuration(sinceMs)}: no code may run`, { ended: begun.length })
  for (const host of state.hosts.values()) kill(turn, host, 'lease')
  for (const attempt of begun) {
    attempt.ending ??= 'lost'
    settleEnded(turn, attempt)
  }
}
