// P5, for workers that pull: what leaves for them was granted on disk, and a result that is told as recorded is the one that
// stands there.
import type { Applied, Happening } from '../happenings.js'
import type { Checker, Found, Known } from './all.js'

export class Recorded implements Checker {
  readonly promise = 'P5'
  /** What was settled without a lease counts for the one that its worker has then, which may be another attempt's. */
  readonly #unfenced = new Set<string>()
  readonly #ranOut = new Set<string>()

  see(happening: Happening, { facts }: Known): Found | undefined {
    if (happening.kind === 'said' && happening.message.type === 'pull-claimed') {
      const early = happening.message.list.find(({ lease }) => !facts.granted.has(lease))
      return early && { what: `${early.lease} was given before its grant was on disk`, taskId: early.id }
    }
    if (happening.kind === 'applied') this.#note(happening)
    if (happening.kind !== 'pull-settled') return undefined
    const { taskId, leaseId, status } = happening
    if (leaseId === undefined) this.#unfenced.add(taskId)
    else if (status === 'recorded' && this.#ranOut.has(leaseId))
      return { what: `${leaseId} had run out, and what came after that is told as recorded`, taskId }
    if (happening.ending !== 'completed' || this.#unfenced.has(taskId)) return undefined
    const task = (facts.rows.get(taskId) ?? facts.forgotten.get(taskId))?.task
    if (status !== 'recorded' || task === undefined) return undefined
    const stands = task.state === 'completed' && task.leaseId === leaseId
    // Submitted anew after it was forgotten: another task.
    if (stands || facts.forgotten.has(taskId)) return undefined
    return { what: `a result of ${leaseId} is told as recorded, and ${taskId} is ${task.state}`, taskId }
  }

  #note({ batch, outcome }: Applied): void {
    for (const [index, operation] of batch.operations.entries()) {
      const result = outcome.operations[index]!
      if (operation.kind !== 'expire' || result.kind !== 'expire') continue
      for (const { leaseId } of result.tasks) this.#ranOut.add(leaseId)
    }
  }
}
