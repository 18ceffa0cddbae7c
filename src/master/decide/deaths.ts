// Who dies beside whom (P11). The worker whose host died decides whether that counts; what it cannot see it is told from here:
// that on its machine another worker, or a host of one, has died. Nothing of it is durable: where the master dies no death
// beside that counts.
import type { Turn, WorkerState } from '../state.js'

/** A thousand workers may die at once: each of the others is told once in so long. */
const TELL_EVERY_MS = 1_000

/** @param ended attempts whose code ended with it, and which are settled later: their slots are free */
export function hostDied(turn: Turn, worker: WorkerState, ended: readonly { readonly lease: string }[]): void {
  for (const { lease } of ended) {
    const held = worker.leases.get(lease)
    if (held !== undefined) worker.leases.end(held)
  }
  tellNeighbours(turn, worker)
}

/** A host of this worker died, or the worker itself may have. */
export function tellNeighbours(turn: Turn, { incarnation, place }: WorkerState): void {
  for (const other of turn.state.workers.values()) {
    if (other.incarnation === incarnation || other.place?.machine !== place?.machine) continue
    if (other.session === undefined || turn.at.monoMs < other.besideToldAt + TELL_EVERY_MS) continue
    other.besideToldAt = turn.at.monoMs
    turn.send(other.session, { type: 'died-beside' })
  }
}
