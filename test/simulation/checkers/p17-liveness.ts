// P17: when faults stop and a worker of each needed route is up, every task whose code ends or has a timeout ends, and
// whoever waits for it is told.
import { isTerminal } from '../../../src/task/task.js'
import type { Happening } from '../happenings.js'
import type { Checker, Found } from './all.js'

export class Liveness implements Checker {
  readonly promise = 'P17'

  see(happening: Happening): Found | undefined {
    if (happening.kind !== 'over' || happening.inTime) return undefined
    const open = [...happening.rows.values()].find(({ task }) => !isTerminal(task.state))
    if (open !== undefined) return { what: `${open.task.id} is still ${open.task.state}`, taskId: open.task.id }
    return { what: 'every task has ended, and a client was not told' }
  }
}
