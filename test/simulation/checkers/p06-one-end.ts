// P6: a task has one terminal state, for ever: on disk, and as it is told. Its result is that of the lease that ended it.
import { isTerminal } from '../../../src/task/task.js'
import type { Happening, Row } from '../happenings.js'
import type { Checker, Found, Known } from './all.js'

export class OneEnd implements Checker {
  readonly promise = 'P6'

  see(happening: Happening, { facts }: Known): Found | undefined {
    if (happening.kind === 'applied') {
      for (const [taskId, { task: before }] of happening.before) {
        const task = happening.after.get(taskId)!.task
        if (isTerminal(before.state))
          return { what: `${taskId} was ${before.state}, and is changed to ${task.state}`, taskId }
      }
      for (const [taskId, row] of happening.after) {
        const flaw = flawOf(row)
        if (flaw !== undefined) return { what: `${taskId} ${flaw}`, taskId }
      }
    }
    if (happening.kind !== 'told-end') return undefined
    const { end } = happening
    const task = facts.rows.get(end.id)?.task
    if (task?.state === end.state && task.result === end.result) return undefined
    return {
      what: `${end.id} is told as ${end.state} with ${end.result?.length} characters, and is ${task?.state} with ${task?.result?.length}`,
      taskId: end.id,
    }
  }
}

function flawOf({ task }: Row): string | undefined {
  if (task.state !== 'completed') return task.result === undefined ? undefined : `is ${task.state} and has a result`
  // The result of each attempt begins with the name of its lease.
  const [, lease] = /^"(\S+) /.exec(task.result ?? '') ?? []
  return lease === task.leaseId ? undefined : `has the result of ${lease}, not of its lease ${task.leaseId}`
}
