// P3: a task's story tells each attempt that ran, by whom and how it ended; no line of it is lost, and a client reads it as it
// is on disk.
import type { TaskField } from '../../../src/protocol/messages.js'
import type { Happening, Pulled, Row, Run } from '../happenings.js'
import type { Checker, Found, Known } from './all.js'

export class Story implements Checker {
  readonly promise = 'P3'

  see(happening: Happening, { facts }: Known): Found | undefined {
    if (happening.kind === 'said' && happening.message.type === 'tasks') {
      for (const task of happening.message.list) {
        const row = facts.rows.get(task.id)
        if (task.story !== undefined && row !== undefined && !tells(task, row))
          return { what: `${task.id} is told as it is not`, taskId: task.id }
      }
    }
    if (happening.kind !== 'applied') return undefined
    for (const [taskId, row] of happening.after) {
      const before = happening.before.get(taskId)?.story ?? []
      const kept = before.every((line, index) => row.story[index]?.leaseId === line.leaseId)
      if (!kept) return { what: `the story of ${taskId} has lost a line`, taskId }
      const untold = facts.runsOf(taskId).find((run) => !isTold(run, row))
      const unknown = untold ?? facts.pulledOf(taskId).find((pulled) => !isPulledTold(pulled, row))
      if (unknown !== undefined) return { what: `the story of ${taskId} does not tell of ${unknown.leaseId}`, taskId }
    }
    return undefined
  }
}

function isTold({ worker, ...run }: Run, row: Row): boolean {
  return isPulledTold({ ...run, holder: worker.incarnation }, row)
}

/** The last attempt is told by the task itself while it runs, and where it succeeded. */
function isPulledTold({ leaseId, attempt, holder }: Pulled, { task, story }: Row): boolean {
  if (task.leaseId === leaseId && (task.state === 'running' || task.state === 'completed')) return true
  const line = story.find((one) => one.leaseId === leaseId)
  return line?.attempt === attempt && line.holder === holder
}

function tells({ state, attempt, story }: TaskField, row: Row): boolean {
  if (state !== row.task.state || attempt !== row.task.attempt) return false
  const told = story?.map(({ lease, outcome }) => `${lease} ${outcome}`).join()
  return told === row.story.map(({ leaseId, outcome }) => `${leaseId} ${outcome}`).join()
}
