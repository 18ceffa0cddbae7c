// P15: of the tasks that are on disk and may run, the highest priority goes first, then the earliest `runAt`, then the first
// that was submitted; and where a slot was offered and not filled, nothing was left to run there.
import { mayBeReplica } from '../../../src/store/polls.js'
import type { Happening, Row } from '../happenings.js'
import type { Checker, Found } from './all.js'

export class Order implements Checker {
  readonly promise = 'P15'
  /** By the wall clock of the masters. */
  #latest = 0

  see(happening: Happening): Found | undefined {
    if (happening.kind !== 'applied' || happening.batch.retried) return undefined
    const { batch, outcome, before, rows } = happening
    this.#latest = Math.max(this.#latest, batch.now)
    for (const [index, claim] of batch.claims.entries()) {
      const types = new Set(claim.routes.map(({ type }) => type))
      const isAsked = (type: string): boolean => claim.everyType !== undefined || types.has(type)
      const pending = [...rows.values()].filter(({ task }) => task.state === 'pending' && isAsked(task.type))
      const waiting = pending.filter(({ task }) => task.runAt <= batch.now)
      const { grants } = outcome.claims[index]!
      // What is voted on is nobody's, and a replica may be for none of those that ask: P31.
      const [first] = waiting.filter(({ task, poll }) => poll === undefined && !mayBeReplica(task.id)).sort(inOrder)
      if (first === undefined) continue
      const { id } = first.task
      const filled = new Set(grants.map(({ leaseId }) => leaseId))
      // What may run once only is not held ready, nor is what stands behind it: it may have gone to a later claim, or the clock
      // was set back since it came to stand there.
      const later = outcome.claims
        .slice(index + 1)
        .flatMap(({ grants }) => grants.map(({ taskId }) => rows.get(taskId)!))
      const mayStandFirst = [...later, ...pending.filter((row) => row === first || this.#hasWaited(row))]
      const onlyAtOnce = mayStandFirst.some(
        ({ task }) => (task.maxAttempts ?? claim.routes.find(({ type }) => type === task.type)?.maxAttempts) === 1,
      )
      if (claim.offers.some(({ leaseId, ahead }) => !filled.has(leaseId) && !(ahead === true && onlyAtOnce))) {
        return { what: `${id} waits although a slot was offered`, taskId: id }
      }
      for (const { taskId } of grants) {
        const granted = before.get(taskId) ?? rows.get(taskId)!
        // What came or came back with this very batch is compared as it is now.
        const row = granted.task.state === 'pending' ? granted : rows.get(taskId)!
        if (inOrder(first, row) < 0) return { what: `${taskId} was granted before ${id}`, taskId }
      }
    }
    return undefined
  }

  #hasWaited({ task }: Row): boolean {
    return task.runAt <= this.#latest
  }
}

function inOrder({ task: one }: Row, { task: other }: Row): number {
  return other.priority - one.priority || one.runAt - other.runAt || one.seq - other.seq
}
