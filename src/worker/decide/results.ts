// Results: each settlement is kept until a master has answered it, over breaks of the connection too (P8), and what is
// under way to a master is bounded, so that a worker which comes back with much never overruns its write queue.
import { LIST_MAX, type Settlement, WRITE_QUEUE_BYTES_MAX } from '../../protocol/messages.js'
import type { Attempt, State } from '../state.js'
import type { Turn } from '../turn.js'
import { count } from './tally.js'

type WithoutIds<Item> = Item extends Settlement ? Omit<Item, 'id' | 'lease'> : never
/** How an attempt ended, as the wire has it. */
export type Verdict = WithoutIds<Settlement>

/** Half of what may wait to be written, so that beats and answers find room beside it. */
const UNDER_WAY_BYTES_MAX = WRITE_QUEUE_BYTES_MAX / 2

export function settle(turn: Turn, attempt: Attempt, verdict: Verdict): void {
  const { id, lease, type } = attempt.assignment
  const settlement: Settlement = { id, lease, ...verdict }
  turn.state.attempts.delete(lease)
  turn.state.unrecorded.set(lease, { settlement, bytes: bytesAtMost(settlement), sent: false })
  // Work that had begun and did not come to its own end: the drain was not complete (P21).
  const cut = verdict.outcome === 'lost' || (verdict.outcome === 'returned' && verdict.started)
  if (cut && turn.state.drain !== undefined) turn.state.drain.handedBack = true
  count(turn, verdict.outcome)
  const why = 'error' in verdict ? verdict.error?.message : undefined
  turn.log('debug', `task ${id} ${verdict.outcome}`, { type, attempt: attempt.assignment.attempt, error: why })
}

/** Forgets an attempt that a master does not want to hear of any more. */
export function drop(turn: Turn, attempt: Attempt): void {
  turn.state.attempts.delete(attempt.assignment.lease)
  turn.log('debug', `task ${attempt.assignment.id} dropped: its lease is not ours any more`)
}

export function recorded(turn: Turn, list: readonly { lease: string; status: 'recorded' | 'stale' }[]): void {
  let stale = 0
  for (const { lease, status } of list) {
    const known = turn.state.unrecorded.delete(lease)
    if (known && status === 'stale') stale += 1
  }
  if (stale > 0) turn.log('warn', `${stale} results came too late: they were refused as stale`)
}

/** A new session knows nothing of what was sent to the last one. */
export function sendAgain(state: State): void {
  for (const entry of state.unrecorded.values()) entry.sent = false
}

/** Sends what is not under way yet, as far as it fits. */
export function deliver(turn: Turn): void {
  if (turn.state.session?.welcomed !== true) return
  let list: Settlement[] = []
  let room = UNDER_WAY_BYTES_MAX
  for (const entry of turn.state.unrecorded.values()) if (entry.sent) room -= entry.bytes
  for (const entry of turn.state.unrecorded.values()) {
    if (entry.sent) continue
    if (entry.bytes > room) break
    room -= entry.bytes
    entry.sent = true
    list.push(entry.settlement)
    if (list.length === LIST_MAX) {
      turn.tell({ type: 'results', list })
      list = []
    }
  }
  if (list.length > 0) turn.tell({ type: 'results', list })
}

/** JSON in JSON doubles at most (quotes and backslashes); text of an error may be control characters, six for one. */
function bytesAtMost(settlement: Settlement): number {
  if (settlement.outcome === 'completed') return 512 + 2 * Buffer.byteLength(settlement.result)
  const error = 'error' in settlement ? settlement.error : undefined
  return 512 + 6 * ((error?.message.length ?? 0) + (error?.stack?.length ?? 0))
}
