// What is held ready (pace.ts) and has to wait all the same, behind tasks that turn out to be longer, is handed back before
// anybody misses it: a long task never hoards what another worker could start (P15).
import type { MonoMs } from '../../clock.js'
import { type Attempt, NEVER, type State } from '../state.js'
import type { Duty, Turn } from '../turn.js'
import { AHEAD_MS } from './pace.js'
import { settle } from './results.js'

/** What has waited so long for a slot is handed back. */
const WAIT_MS_MAX = 2 * AHEAD_MS

/** Those for which there is no slot, in the order in which they came. */
function* waiting({ attempts, config }: State): Generator<Attempt, void> {
  let free = config.slots - attempts.inHosts
  for (const attempt of attempts.waiting) {
    if (free > 0) free -= 1
    else yield attempt
  }
}

export const aheadDuty: Duty = {
  next(state: State): MonoMs {
    const first = waiting(state).next().value
    return first === undefined ? NEVER : first.assignedAt + WAIT_MS_MAX
  },

  due(turn: Turn): void {
    const { state, at } = turn
    const late = [...waiting(state)].filter(({ assignedAt }) => assignedAt + WAIT_MS_MAX <= at)
    if (late.length === 0) return
    for (const attempt of late) settle(turn, attempt, { outcome: 'returned', reason: 'ahead', started: false })
    // Whatever runs now is longer than what ran before: nothing is held ready until that has changed.
    const tookMs = Math.max(state.pace?.tookMs ?? 0, 2 * state.config.slots * AHEAD_MS)
    state.pace = { tookMs, bytes: state.pace?.bytes ?? 0 }
  },
}
