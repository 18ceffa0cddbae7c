// P6: a task has one terminal state, for ever, unless a person sends a failed or cancelled one back: on disk, and as it is told. Its result is that of the lease that ended it.
import { isTerminal, type Task } from '../../../src/task/task.js'
import { type Happening, type Row, retriedBy } from '../happenings.js'
import { leaseOf } from '../plan-votes.js'
import type { Checker, Found, Known } from './all.js'

export class OneEnd implements Checker {
  readonly promise = 'P6'
  /** More than one where a person sent it back. */
  readonly #ends = new Map<string, readonly Task[]>()

  see(happening: Happening, { facts }: Known): Found | undefined {
    if (happening.kind === 'applied') {
      const retried = retriedBy(happening)
      for (const [taskId, { task: before }] of happening.before) {
        const task = happening.after.get(taskId)!.task
        if (isTerminal(before.state) && (before.state === 'completed' || !retried.has(taskId)))
          return { what: `${taskId} was ${before.state}, and is changed to ${task.state}`, taskId }
      }
      for (const [taskId, row] of happening.after) {
        if (isTerminal(row.task.state)) this.#ends.set(taskId, [...(this.#ends.get(taskId) ?? []), row.task])
        const flaw = flawOf(row)
        if (flaw !== undefined) return { what: `${taskId} ${flaw}`, taskId }
      }
    }
    if (happening.kind !== 'told-end') return undefined
    const { end } = happening
    // What is told is on its way for a while: meanwhile it may be sent back, or forgotten.
    const task = (facts.rows.get(end.id) ?? facts.forgotten.get(end.id))?.task
    const ended = this.#ends.get(end.id)
    if (ended?.some(({ state, result }) => state === end.state && result === end.result)) return undefined
    return {
      what: `${end.id} is told as ${end.state} with ${end.result?.length} characters, and is ${task?.state} with ${task?.result?.length}`,
      taskId: end.id,
    }
  }
}

function flawOf({ task, poll }: Row): string | undefined {
  if (task.state !== 'completed') return task.result === undefined ? undefined : `is ${task.state} and has a result`
  // It is that of a replica, and P31 says which.
  if (poll !== undefined) return undefined
  // The result of each attempt begins with the name of its lease.
  const lease = leaseOf(task.result)
  return lease === task.leaseId ? undefined : `has the result of ${lease}, not of its lease ${task.leaseId}`
}
