// A worker without a master leaves, also if none ever came (P18): a countdown in the log, then the end, with code 0.
import { formatDuration } from '../../config.js'
import { EXIT_OK } from '../../errors.js'
import { NEVER, type State } from '../state.js'
import type { Duty } from '../turn.js'
import { leave } from './drain.js'

/** The log counts down at so much left. */
const MARKS_MS = [20_000, 10_000, 5_000] as const

function marks(state: State): readonly number[] {
  return MARKS_MS.filter((mark) => mark < (state.config.masterTimeoutMs ?? 0))
}

export const lossDuty: Duty = {
  next(state) {
    const { masterTimeoutMs } = state.config
    if (state.loss === undefined || masterTimeoutMs === undefined) return NEVER
    const leftMs = marks(state)[state.loss.marksTold] ?? 0
    return state.loss.at + masterTimeoutMs - leftMs
  },

  due(turn) {
    const { loss, config } = turn.state
    if (loss === undefined || config.masterTimeoutMs === undefined) return
    const leftMs = loss.at + config.masterTimeoutMs - turn.at
    if (leftMs <= 0) {
      turn.log('warn', `no master for ${formatDuration(config.masterTimeoutMs)}: leaving`)
      return leave(turn, EXIT_OK)
    }
    const told = marks(turn.state).filter((mark) => leftMs <= mark).length
    if (told > loss.marksTold)
      turn.log('warn', `no master: leaving in ${formatDuration(Math.ceil(leftMs / 1_000) * 1_000)}`)
    loss.marksTold = told
  },
}
