// P5: an attempt is ended by its current lease only, or over its head by the expiry or the return of its worker; anything
// else is stale and changes nothing.
//
// Each batch is played again on a small model of its own: who holds what.
import type { LeaseRef, Operation } from '../../../src/store/store.js'
import type { Applied, Happening } from '../happenings.js'
import type { Checker, Found } from './all.js'

export class Fence implements Checker {
  readonly promise = 'P5'
  /** By task: the lease that it runs on, and whose that is. */
  readonly #held = new Map<string, { readonly leaseId: string; readonly holder: string }>()
  /** Leases that ended by their own settlement, and those that ended over their head. */
  readonly #settled = new Set<string>()
  readonly #endedAbove = new Set<string>()

  see(happening: Happening): Found | undefined {
    if (happening.kind !== 'applied') return undefined
    for (const [index, operation] of happening.batch.operations.entries()) {
      const found = this.#operation(operation, happening, index)
      if (found !== undefined) return found
    }
    for (const { grants } of happening.outcome.claims) {
      for (const { taskId, leaseId, holder } of grants) {
        const held = this.#held.get(taskId)
        if (held !== undefined && held.leaseId !== leaseId) {
          return { what: `${taskId} was granted as ${leaseId} while ${held.leaseId} held it`, taskId }
        }
        this.#held.set(taskId, { leaseId, holder })
      }
    }
    return this.#compare(happening)
  }

  #operation(operation: Operation, { outcome: { operations }, batch }: Applied, index: number): Found | undefined {
    const outcome = operations[index]!
    if (operation.kind === 'settle' && outcome.kind === 'settle') {
      const { taskId, leaseId } = operation
      if (this.#held.get(taskId)?.leaseId === leaseId) {
        this.#held.delete(taskId)
        this.#settled.add(leaseId)
      } else if (outcome.status === 'recorded' && !this.#settled.has(leaseId) && !this.#endedAbove.has(leaseId)) {
        return { what: `a settlement by ${leaseId} was recorded, which does not hold ${taskId}`, taskId }
      }
    } else if (operation.kind === 'checkpoint' && outcome.kind === 'checkpoint') {
      const { taskId, leaseId } = operation
      const holds = this.#held.get(taskId)?.leaseId === leaseId
      // Applied again it is answered as it was then.
      if (holds !== (outcome.status === 'recorded') && !batch.retried)
        return { what: `a checkpoint by ${leaseId} is ${outcome.status}; it holds ${taskId}: ${holds}`, taskId }
    } else if (operation.kind === 'attach') {
      const named = new Set(operation.leases.map(({ leaseId }) => leaseId))
      this.#endAbove(({ leaseId, holder }) => holder === operation.incarnation && !named.has(leaseId))
    } else if (operation.kind === 'expire' && outcome.kind === 'expire' && outcome.status === 'expired') {
      const { incarnation, leases } = operation
      this.#endAbove(({ leaseId, holder }) => holder === incarnation && isAmong(leases, leaseId))
    }
    return undefined
  }

  #endAbove(ends: (held: { readonly leaseId: string; readonly holder: string }) => boolean): void {
    for (const [taskId, held] of this.#held) {
      if (!ends(held)) continue
      this.#held.delete(taskId)
      this.#endedAbove.add(held.leaseId)
    }
  }

  #compare({ after, rows, batch }: Applied): Found | undefined {
    // What ends over the heads of workers ends although the batch does not name it.
    const above = batch.operations.some(({ kind }) => kind === 'attach' || kind === 'expire')
    for (const [taskId, { task }] of above ? rows : after) {
      const held = this.#held.get(taskId)
      const runs = task.state === 'running'
      if (runs !== (held !== undefined) || (runs && held?.leaseId !== task.leaseId)) {
        const should = held === undefined ? 'by nobody' : `by ${held.leaseId}`
        const what = `${taskId} is ${task.state} (${task.leaseId}) after batch ${batch.id}; it is held ${should}`
        return { what, taskId }
      }
    }
    return undefined
  }
}

/** Where an expiry names none, all of them. */
function isAmong(leases: readonly LeaseRef[] | undefined, leaseId: string): boolean {
  return leases === undefined || leases.some((lease) => lease.leaseId === leaseId)
}
