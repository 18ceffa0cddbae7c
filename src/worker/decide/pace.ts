// How much work is held ready: so much more than the slots run that the next task is there when one ends, about 50 ms of what
// this worker has lately done in that time, and so none where its tasks are long (P15). What it does, not what a task takes:
// on a busy machine that is less than its slots could.
import type { MonoMs } from '../../clock.js'
import type { Attempt, Pace, State } from '../state.js'
import type { Turn } from '../turn.js'

/** Work of so long is held ready. */
export const AHEAD_MS = 50
/** What has waited so long for a slot is handed back. */
export const WAIT_MS_MAX = 2 * AHEAD_MS
const AHEAD_MAX = 1_000
/** No task is quicker, as far as this is concerned. */
const ENDED_MS_MIN = 0.05
/** Of payloads that are held ready. */
const AHEAD_BYTES_MAX = 8 * 1024 * 1024
/** What counts less and less: after so long of work a third. */
const MEMORY_MS = 2 * AHEAD_MS
/** How much the last payload counts against all before it. */
const WEIGHT = 0.2

/** The code of these has come to its own end. */
export function paced({ state, at }: Turn, ended: readonly Attempt[]): void {
  if (ended.length === 0) return
  const { pace, config } = state
  let since: MonoMs = at
  let bytes = pace?.bytes ?? ended[0]!.assignment.payload.length
  for (const { sentAt, assignment } of ended) {
    since = Math.min(since, sentAt)
    bytes += WEIGHT * (assignment.payload.length - bytes)
  }
  // Before that it had nothing to do, or what it did was counted.
  since = Math.max(since, pace?.at ?? since)
  const busyMs = Math.min(at - since, config.slots * MEMORY_MS)
  const left = Math.exp(-busyMs / MEMORY_MS)
  state.pace = {
    at,
    ended: left * (pace?.ended ?? 0) + ended.length,
    busyMs: left * (pace?.busyMs ?? 0) + busyMs,
    bytes,
  }
}

/** Whatever runs now is longer than what ran before: nothing is held ready until that has changed. */
export function slower({ state, at }: Turn): void {
  state.pace = { at, ended: 1, busyMs: state.config.slots * MEMORY_MS, bytes: state.pace?.bytes ?? 0 }
}

/** So many tasks may come beyond those that its slots run. */
export function aheadOf({ pace, drain, lease }: State): number {
  if (pace === undefined || drain !== undefined || lease !== 'alive') return 0
  const bySize = AHEAD_BYTES_MAX / Math.max(1, pace.bytes)
  return Math.floor(Math.min(AHEAD_MAX, bySize, byTime(pace)))
}

function byTime({ ended, busyMs }: Pace): number {
  return (AHEAD_MS * ended) / Math.max(busyMs, ended * ENDED_MS_MIN)
}
