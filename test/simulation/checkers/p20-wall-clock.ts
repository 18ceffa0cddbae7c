// P20: steps of the wall clock end no lease and no worker. Held where nothing else goes wrong: there nothing is lost.
import type { Happening } from '../happenings.js'
import { type Fault, faultsAmong } from '../plan.js'
import type { Checker, Found, Known } from './all.js'

/** To leases and workers. */
const HARMLESS: readonly Fault[] = ['step-wall-clock', 'kill-client', 'cut', 'reload-worker']

export class WallClock implements Checker {
  readonly promise = 'P20'

  see(happening: Happening, { scene }: Known): Found | undefined {
    if (!faultsAmong(scene.plan, ...HARMLESS)) return undefined
    if (happening.kind === 'worker-ended') return { what: `${happening.worker.incarnation} left` }
    if (happening.kind === 'aborted' && happening.reason === 'lost')
      return { what: `${happening.run.leaseId} was ended` }
    if (happening.kind !== 'taken') return undefined
    for (const operation of happening.batch.operations) {
      // Leases that are pulled end by themselves: not too soon, as P19 has it.
      if (operation.kind === 'expire' && operation.leases === undefined)
        return { what: `${operation.incarnation} was given up` }
      if (operation.kind === 'settle' && operation.ending.kind === 'lost')
        return { what: `${operation.leaseId} was ended` }
    }
    return undefined
  }
}
