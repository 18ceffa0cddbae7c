// Results: each settlement is kept until a master has answered it, over breaks of the connection too (P8), and what is
// under way to a master is bounded, so that a worker which comes back with much never overruns its write queue.
import { LIST_MAX, type Settlement, WRITE_QUEUE_BYTES_MAX } from '../../protocol/messages.js'
import type { AttemptOutcome } from '../../runner/runner.js'
import type { Attempt } from '../state.js'
import type { Turn } from '../turn.js'
import { aheadOf } from './pace.js'
import { count } from './tally.js'

type WithoutIds<Item> = Item extends Settlement ? Omit<Item, 'id' | 'lease'> : never
/** How an attempt ended, as the wire has it. */
export type Verdict = WithoutIds<Settlement>

/** Half of what may wait to be written, so that beats and answers find room beside it. */
const UNDER_WAY_BYTES_MAX = WRITE_QUEUE_BYTES_MAX / 2

export function settle(turn: Turn, attempt: Attempt, verdict: Verdict): void {
  const { id, lease, type } = attempt.assignment
  const settlement: Settlement = { id, lease, ...verdict }
  const log = turn.state.reports.end(lease)
  if (log !== undefined) settlement.log = log
  turn.state.attempts.delete(attempt)
  turn.state.checkpoints.delete(lease)
  turn.state.unrecorded.add(settlement, bytesAtMost(settlement))
  // Work that had begun and did not come to its own end: the drain was not complete (P21).
  const cut = verdict.outcome === 'lost' || (verdict.outcome === 'returned' && verdict.started)
  if (cut && turn.state.drain !== undefined) turn.state.drain.handedBack = true
  count(turn, verdict.outcome)
  if (!turn.state.config.tellsDebug) return
  const why = 'error' in verdict ? verdict.error?.message : undefined
  turn.log('debug', `task ${id} ${verdict.outcome}`, { type, attempt: attempt.assignment.attempt, error: why })
}

/** Written out: the common ending has no ballot. */
export function completedWith({ result, encoding, ballot }: Extract<AttemptOutcome, { kind: 'completed' }>): Verdict {
  return ballot === undefined
    ? { outcome: 'completed', result, encoding }
    : { outcome: 'completed', result, encoding, ballot }
}

/** Forgets an attempt that a master does not want to hear of any more. */
export function drop(turn: Turn, attempt: Attempt): void {
  turn.state.reports.end(attempt.assignment.lease)
  turn.state.attempts.delete(attempt)
  turn.state.checkpoints.delete(attempt.assignment.lease)
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

/** Sends what is not under way yet, as far as it fits. */
export function deliver(turn: Turn): void {
  if (turn.state.session?.welcomed !== true) return
  const list = turn.state.unrecorded.take(UNDER_WAY_BYTES_MAX)
  for (let from = 0; from < list.length; from += LIST_MAX) tellResults(turn, list.slice(from, from + LIST_MAX))
}

function tellResults(turn: Turn, list: Settlement[]): void {
  const ahead = aheadOf(turn.state)
  turn.tell({ type: 'results', list, ...(ahead > 0 && { ahead }) })
}

/** JSON in JSON doubles at most (quotes and backslashes); text of an error or a log may be control characters, six for one. */
function bytesAtMost(settlement: Settlement): number {
  const said = 6 * (settlement.log?.text.length ?? 0)
  if (settlement.outcome === 'completed') {
    const { result, ballot = '' } = settlement
    return 512 + 2 * (Buffer.byteLength(result) + Buffer.byteLength(ballot)) + said
  }
  const error = 'error' in settlement ? settlement.error : undefined
  return 512 + said + 6 * ((error?.message.length ?? 0) + (error?.stack?.length ?? 0))
}
