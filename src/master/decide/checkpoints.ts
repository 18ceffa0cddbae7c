// What attempts keep of how far they have come: it goes to the store under its fence (P5), and its worker is answered when it
// is on disk. The task's next attempt is assigned with it.
import type { CheckpointOperation, OperationOutcome } from '../../store/store.js'
import type { SessionId } from '../events.js'
import { isFull, type Turn, type WorkerState } from '../state.js'

interface Checkpoint {
  readonly id: string
  readonly lease: string
  readonly n: number
  readonly value: string
}

/** Where there is no room, in memory (P23) or on disk (P24), it is not kept: its worker sends it again. */
export function keep(turn: Turn, worker: WorkerState, session: SessionId, list: readonly Checkpoint[]): void {
  const { state } = turn
  const { incarnation: holder } = worker
  const busy: { lease: string; n: number; status: 'busy' }[] = []
  for (const { id, lease, n, value } of list) {
    if (state.short || isFull(state, 1)) busy.push({ lease, n, status: 'busy' })
    else {
      turn.enqueue(
        { kind: 'checkpoint', taskId: id, leaseId: lease, holder, value },
        { kind: 'checkpoint', session, n },
      )
    }
  }
  if (busy.length > 0) turn.send(session, { type: 'checkpointed', list: busy })
}

export function kept(
  turn: Turn,
  { taskId, leaseId }: CheckpointOperation,
  { session, n }: { readonly session: SessionId; readonly n: number },
  { status }: Extract<OperationOutcome, { kind: 'checkpoint' }>,
): void {
  if (status === 'stale') {
    turn.state.figures.refused()
    turn.log('info', `refused a stale checkpoint of task ${taskId}`, { lease: leaseId })
  }
  turn.send(session, { type: 'checkpointed', list: [{ lease: leaseId, n, status }] })
}
