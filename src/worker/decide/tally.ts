// What is assigned and settled, counted: a line a second at most, so that speed does not drown in logging.

import { NEVER, type State } from '../state.js'
import type { Duty, Turn } from '../turn.js'

const LINE_EVERY_MS = 1_000

export function count(turn: Turn, what: string, times = 1): void {
  const { counts } = turn.state.tally
  counts.set(what, (counts.get(what) ?? 0) + times)
}

/** Tells what was counted, at once where the last line is old enough. */
export function tell(turn: Turn): void {
  const { tally } = turn.state
  if (tally.counts.size === 0 || turn.at < tally.toldAt + LINE_EVERY_MS) return
  const text = [...tally.counts].map(([what, times]) => `${times} ${what}`).join(', ')
  tally.counts.clear()
  tally.toldAt = turn.at
  turn.log('info', `tasks: ${text}`, { held: turn.state.attempts.size })
}

export const tallyDuty: Duty = {
  next: (state: State) => (state.tally.counts.size === 0 ? NEVER : state.tally.toldAt + LINE_EVERY_MS),
  due: tell,
}
