// P14: a cancel is durable when it is answered; a pending task never starts after it; of a running one no result counts.
import { type Happening, retriedBy } from '../happenings.js'
import type { Checker, Found, Known } from './all.js'

export class Cancel implements Checker {
  readonly promise = 'P14'
  /** Those of which a client knows that they were cancelled before they ran. */
  readonly #never = new Set<string>()

  see(happening: Happening, { facts }: Known): Found | undefined {
    switch (happening.kind) {
      case 'said': {
        if (happening.message.type !== 'cancelled-tasks') return undefined
        const early = happening.message.list.find(({ id, status }) => {
          const task = facts.rows.get(id)?.task
          const wished = status === 'cancelled' || status === 'cancelling'
          return wished && task?.state !== 'cancelled' && task?.cancelRequested !== true
        })
        return early && { what: `the cancel of ${early.id} was answered before it was on disk`, taskId: early.id }
      }
      case 'cancelled':
        if (happening.status === 'cancelled') this.#never.add(happening.id)
        return undefined
      case 'began': {
        const { taskId } = happening.run
        return this.#never.has(taskId) ? { what: `${taskId} begins although it was cancelled`, taskId } : undefined
      }
      case 'applied': {
        const retried = retriedBy(happening)
        for (const taskId of [...retried, ...happening.forgotten.keys()]) this.#never.delete(taskId)
        for (const [taskId, { task }] of happening.before) {
          const { state } = happening.after.get(taskId)!.task
          if (task.cancelRequested && !retried.has(taskId) && state !== 'running' && state !== 'cancelled') {
            return { what: `${taskId} was to be cancelled, and is ${state}`, taskId }
          }
        }
      }
    }
    return undefined
  }
}
