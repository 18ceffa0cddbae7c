// What is held ready (pace.ts) and has to wait all the same, behind tasks that turn out to be longer, is handed back before
// anybody misses it: a long task never hoards what another worker could start (P15).
import type { MonoMs } from '../../clock.js'
import { type Attempt, NEVER, type State } from '../state.js'
import type { Duty, Turn } from '../turn.js'
import { slower, WAIT_MS_MAX } from './pace.js'
import { settle } from './results.js'

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
    slower(turn)
  },
}
