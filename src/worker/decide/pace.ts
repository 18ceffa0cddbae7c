// How much work is held ready: so much more than the slots run that the next task is there when one ends, about 50 ms of what
// this worker's own tasks have lately taken, and so none where they are long (P15).
import type { Attempt, Pace, State } from '../state.js'
import type { Turn } from '../turn.js'

/** Work of so long is held ready. */
export const AHEAD_MS = 50
const AHEAD_MAX = 1_000
/** Of payloads that are held ready. */
const AHEAD_BYTES_MAX = 8 * 1024 * 1024
/** How much the last task counts against all before it. */
const WEIGHT = 0.2
/** No task is quicker, as far as this is concerned. */
const TOOK_MS_MIN = 0.05

/** The code of an attempt has come to its own end. */
export function paced({ state, at }: Turn, { assignment, sentAt }: Attempt): void {
  const took = { tookMs: Math.max(TOOK_MS_MIN, at - sentAt), bytes: assignment.payload.length }
  state.pace = state.pace === undefined ? took : mixed(state.pace, took)
}

function mixed(before: Pace, last: Pace): Pace {
  const mix = (one: number, other: number): number => one + WEIGHT * (other - one)
  return { tookMs: mix(before.tookMs, last.tookMs), bytes: mix(before.bytes, last.bytes) }
}

/** So many tasks may come beyond those that its slots run. */
export function aheadOf({ pace, config, drain, lease }: State): number {
  if (pace === undefined || drain !== undefined || lease !== 'alive') return 0
  const bySize = AHEAD_BYTES_MAX / Math.max(1, pace.bytes)
  return Math.floor(Math.min(AHEAD_MAX, bySize, (config.slots * AHEAD_MS) / pace.tookMs))
}
