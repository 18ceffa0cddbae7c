// P10: with `maxAttempts: 1` code that has started never starts again, whatever ended it, unless a person
// sends it back; and such a task is never held ready at a worker.
import type { Happening } from '../happenings.js'
import type { Checker, Found, Known } from './all.js'

export class AtMostOnce implements Checker {
  readonly promise = 'P10'

  see(happening: Happening, { facts }: Known): Found | undefined {
    if (happening.kind === 'applied') return heldReady(happening)
    if (happening.kind !== 'began' && happening.kind !== 'pull-began') return undefined
    const { taskId } = happening.kind === 'began' ? happening.run : happening
    if (facts.rows.get(taskId)?.task.maxAttempts !== 1 || facts.startsSinceRetry(taskId) <= 1) return undefined
    return { what: `${taskId} may run once, and begins again`, taskId }
  }
}

function heldReady({ batch, outcome }: Extract<Happening, { kind: 'applied' }>): Found | undefined {
  const ahead = new Set(
    batch.claims.flatMap(({ offers }) => offers.filter((offer) => offer.ahead).map(({ leaseId }) => leaseId)),
  )
  const grants = outcome.claims.flatMap((claim) => claim.grants)
  const held = grants.find(({ maxAttempts, leaseId }) => maxAttempts === 1 && ahead.has(leaseId))
  return held && { what: `${held.taskId} may run once, and is held ready`, taskId: held.taskId }
}
