// P10: with `maxAttempts: 1` code that has started never starts again, whatever ended it.
import type { Happening } from '../happenings.js'
import type { Checker, Found, Known } from './all.js'

export class AtMostOnce implements Checker {
  readonly promise = 'P10'

  see(happening: Happening, { facts }: Known): Found | undefined {
    if (happening.kind !== 'began') return undefined
    const { taskId } = happening.run
    if (facts.rows.get(taskId)?.task.maxAttempts !== 1 || facts.runsOf(taskId).length === 1) return undefined
    return { what: `${taskId} may run once, and begins again`, taskId }
  }
}
