// P19: a worker is given up for a whole lease of silence alone, and the time in which the master itself stood still is not
// silence; or because it is dead, and then it is.
import type { Happening } from '../happenings.js'
import { LEASE_MS, type MasterLife } from '../master.js'
import { knowsOnly } from '../plan.js'
import type { WorkerLife } from '../worker.js'
import type { Checker, Found, Known } from './all.js'

/** Between two looks of the master at its workers, and its clock. */
const PRECISION_MS = 700

export class Blame implements Checker {
  readonly promise = 'P19'
  readonly #workers = new Map<string, WorkerLife>()

  see(happening: Happening, known: Known): Found | undefined {
    if (happening.kind === 'worker-started') this.#workers.set(happening.worker.incarnation, happening.worker)
    if (happening.kind !== 'taken') return undefined
    for (const operation of happening.batch.operations) {
      if (operation.kind !== 'expire') continue
      const worker = this.#workers.get(operation.incarnation)
      const silent = operation.error.message.includes('was not heard')
      const what = silent ? this.#silence(happening.by, operation.incarnation, known) : lives(worker)
      if (what !== undefined) return { what: `${operation.incarnation} ${what}` }
    }
    return undefined
  }

  #silence(master: MasterLife, incarnation: string, { now, scene }: Known): string | undefined {
    if (knowsOnly(scene.plan, 'freeze-master', 'slow-disk', 'step-wall-clock'))
      return 'was given up although all was well with it'
    if (master.waiting.has(incarnation)) return 'was given up while it waited for its welcome'
    const since = master.heardAt.get(incarnation) ?? master.startedAt
    const silentMs = now - since - master.process.pausedMsSince(since)
    const pauses = master.process.pauses.filter(({ to }) => to > since).length
    return silentMs < LEASE_MS - PRECISION_MS * (1 + pauses)
      ? `was given up after ${Math.round(silentMs)} ms of silence`
      : undefined
  }
}

/** A worker that has drained says so, and is gone a moment later. */
function lives(worker: WorkerLife | undefined): string | undefined {
  if (worker === undefined || worker.draining) return undefined
  return worker.process.alive || worker.hosts.size > 0 ? 'was taken for dead, and lives' : undefined
}
