// What code has kept of how far it came goes to the master, and its answer to the code that waits for it. It is sent again in
// each new session, for as long as its attempt runs.
import { LIST_MAX, WRITE_QUEUE_BYTES_MAX } from '../../protocol/messages.js'
import type { CheckpointAnswer, HostCheckpoint, HostId } from '../events.js'
import type { Turn } from '../turn.js'

/** Of what may wait to be written; results take half of it. */
const UNDER_WAY_BYTES_MAX = WRITE_QUEUE_BYTES_MAX / 4

/** The code of a host says so. */
export function kept({ state }: Turn, host: HostId, list: readonly HostCheckpoint[]): void {
  for (const { leaseId, n, value } of list) {
    const attempt = state.attempts.get(leaseId)
    if (attempt?.host !== host || attempt.phase !== 'begun') continue
    state.checkpoints.put({ id: attempt.assignment.id, lease: leaseId, n, value })
  }
}

/** Sends what is not under way yet, as far as it fits. */
export function deliverCheckpoints(turn: Turn): void {
  const { checkpoints, session } = turn.state
  if (checkpoints.size === 0 || session?.welcomed !== true) return
  const list = checkpoints.take(UNDER_WAY_BYTES_MAX)
  for (let from = 0; from < list.length; from += LIST_MAX) {
    turn.tell({ type: 'checkpoints', list: list.slice(from, from + LIST_MAX) })
  }
}

interface Answer {
  readonly lease: string
  readonly n: number
  readonly status: 'recorded' | 'stale' | 'busy'
}

/** The master says so. One that was busy is asked again with the next beat. */
export function checkpointed(turn: Turn, list: readonly Answer[]): void {
  const { checkpoints } = turn.state
  for (const { lease, n, status } of list) {
    if (status === 'busy') checkpoints.holdBack(lease)
    else answer(turn, { leaseId: lease, n, status })
  }
}

/** A master of the version before: nobody is left to wait for what will not come. */
export function checkpointsUnsupported(turn: Turn): void {
  for (const { lease, n } of turn.state.checkpoints) answer(turn, { leaseId: lease, n, status: 'unsupported' })
}

function answer(turn: Turn, said: CheckpointAnswer): void {
  turn.state.checkpoints.answered(said.leaseId, said.n)
  const host = turn.state.attempts.get(said.leaseId)?.host
  if (host !== undefined) turn.do({ kind: 'checkpointed', host, answer: said })
}
