// P8: a short break costs no running attempt: code is not told that its master is lost before 8 s have passed since it was
// confirmed last; and where connections are cut and nothing else goes wrong, nothing is lost at all.
import type { Happening } from '../happenings.js'
import { knowsOnly } from '../plan.js'
import type { Checker, Found, Known } from './all.js'

const BREAK_MS_MAX = 8_000

export class ShortBreak implements Checker {
  readonly promise = 'P8'

  see(happening: Happening, { now, scene }: Known): Found | undefined {
    if (happening.kind === 'aborted' && happening.reason === 'lost') {
      const { run } = happening
      const sinceMs = now - (run.worker.confirmedAt ?? 0)
      if (sinceMs > BREAK_MS_MAX) return undefined
      return {
        what: `${run.leaseId} was ended as lost ${Math.round(sinceMs)} ms after its master was heard`,
        taskId: run.taskId,
      }
    }
    if (happening.kind !== 'applied' || !knowsOnly(scene.plan, 'cut', 'kill-client', 'step-wall-clock'))
      return undefined
    for (const operation of happening.batch.operations) {
      if (operation.kind === 'expire') return { what: `${operation.incarnation} was given up for a cut connection` }
      if (operation.kind !== 'settle' || operation.ending.kind !== 'lost') continue
      return { what: `${operation.leaseId} was lost to a cut connection`, taskId: operation.taskId }
    }
    return undefined
  }
}
