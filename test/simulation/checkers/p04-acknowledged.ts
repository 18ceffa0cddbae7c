// P4: the master acknowledges nothing that is not on disk: *recorded* is said of what was settled there, and of that alone.
import type { Happening } from '../happenings.js'
import type { Checker, Found } from './all.js'

export class Acknowledged implements Checker {
  readonly promise = 'P4'
  readonly #settled = new Set<string>()

  see(happening: Happening): Found | undefined {
    if (happening.kind === 'applied') {
      for (const [index, operation] of happening.batch.operations.entries()) {
        const outcome = happening.outcome.operations[index]!
        if (operation.kind !== 'settle' || outcome.kind !== 'settle') continue
        if (outcome.status === 'recorded') this.#settled.add(operation.leaseId)
      }
    }
    if (happening.kind !== 'said' || happening.message.type !== 'recorded') return undefined
    const early = happening.message.list.find(({ lease, status }) => status === 'recorded' && !this.#settled.has(lease))
    return early && { what: `${early.lease} was answered recorded before it was on disk` }
  }
}
