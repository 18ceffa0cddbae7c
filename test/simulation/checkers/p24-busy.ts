// P24: submits are busy where as many tasks are pending as may be, and not before; who is told so is told when to come again.
// (That nothing accepted is dropped is P1's.)
import { isTerminal } from '../../../src/task/task.js'
import type { Applied, Happening, Row } from '../happenings.js'
import type { Checker, Found, Known } from './all.js'

export class Busy implements Checker {
  readonly promise = 'P24'
  /** After the last batch. */
  #pending = 0

  see(happening: Happening, { scene }: Known): Found | undefined {
    if (happening.kind === 'said' && happening.message.type === 'accepted') {
      const lost = happening.message.list.find((task) => task.status === 'busy' && !((task.retryAfterMs ?? 0) > 0))
      return lost && { what: `${lost.id} is busy, and nobody says until when`, taskId: lost.id }
    }
    if (happening.kind !== 'applied') return undefined
    const found = happening.batch.retried ? undefined : this.#counts(happening, scene.plan.pendingMax)
    this.#pending = [...happening.rows.values()].filter(isPending).length
    return found
  }

  #counts({ batch, outcome, before, rows }: Applied, pendingMax: number): Found | undefined {
    // Of what ends over the heads of workers the outcome does not say how much waits again.
    if (batch.operations.some(({ kind }) => kind === 'attach' || kind === 'expire')) return undefined
    // Nor how many replicas went out, or are not needed any more.
    if ([...rows.values()].some(({ poll }) => poll !== undefined)) return undefined
    const ended = new Set<string>()
    let pending = this.#pending
    for (const [index, operation] of batch.operations.entries()) {
      const result = outcome.operations[index]!
      const status = 'status' in result ? result.status : ''
      if (operation.kind === 'submit' || operation.kind === 'retry') {
        const id = operation.kind === 'submit' ? operation.task.id : operation.taskId
        const came = status === 'accepted' || status === 'retried'
        if (came && pending >= pendingMax) return { what: `${id} came to ${pending} that wait`, taskId: id }
        if (status === 'busy' && pending < pendingMax) return { what: `${id} is busy beside ${pending}`, taskId: id }
        if (came) pending += 1
      } else if (operation.kind === 'cancel' && status === 'cancelled') pending -= 1
      else if (operation.kind === 'settle' && result.kind === 'settle' && result.state === 'pending') {
        const { taskId, leaseId } = operation
        const was = before.get(taskId)?.task
        if (was?.state === 'running' && was.leaseId === leaseId && !ended.has(leaseId)) pending += 1
        ended.add(leaseId)
      }
    }
    return undefined
  }
}

function isPending({ task }: Row): boolean {
  return !isTerminal(task.state) && task.state !== 'running'
}
