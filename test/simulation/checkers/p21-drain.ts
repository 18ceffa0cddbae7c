// P21: a worker that drains is given nothing more, leaves within its grace, and its exit code says whether work was handed
// back; a second signal ends it at once. What still runs near the end of that grace is told so first.
import type { Happening } from '../happenings.js'
import type { WorkerLife } from '../worker.js'
import type { Checker, Found, Known } from './all.js'

const AT_ONCE_MS = 2_100
/** Of the time to finish: before that is over code is told to end. */
const TOLD_SHARE = 0.8
/** To record the last results, and to end hosts and sessions. */
const LEAVE_MS = 10_000

export class Drain implements Checker {
  readonly promise = 'P21'
  readonly #draining = new Set<WorkerLife>()
  /** What each master has heard of. */
  readonly #told = new Set<string>()
  /** Workers whose code was ended although it had not been told to end. */
  readonly #cut = new Set<WorkerLife>()
  /** Workers that had code when they were told to end at once. */
  readonly #stopped = new Set<WorkerLife>()
  readonly #aborted = new Set<string>()

  see(happening: Happening, { scene, now, facts }: Known): Found | undefined {
    switch (happening.kind) {
      case 'worker-drains':
        this.#draining.add(happening.worker)
        break
      case 'worker-stops':
        // What was ending already, as by its timeout, is not cut by that; nor what a worker that wakes in this very moment
        // finds to have no lease any more.
        if (happening.worker.process.thawedAt === now) break
        for (const { worker, leaseId } of facts.active)
          if (worker === happening.worker && !this.#aborted.has(leaseId)) this.#stopped.add(worker)
        break
      case 'heard':
        if (happening.messages.some(({ type }) => type === 'draining')) this.#told.add(happening.from)
        break
      case 'said':
        if (happening.message.type === 'assign' && this.#told.has(happening.to)) {
          return { what: `${happening.to} drains, and was given ${happening.message.list[0]?.id}` }
        }
        break
      case 'aborted':
        this.#aborted.add(happening.run.leaseId)
        break
      case 'ended': {
        const { worker, leaseId, host, beganAt, taskId } = happening.run
        const due = worker.drainsSince !== undefined && now >= worker.drainsSince + scene.plan.drainMs
        if (!due || host.alive || this.#aborted.has(leaseId)) break
        this.#cut.add(worker)
        const { drainsSince: since = now, process } = worker
        const stoodStill = process.frozen || Math.max(process.thawedAt, host.thawedAt) > since
        if (!stoodStill && beganAt < since + scene.plan.drainMs * TOLD_SHARE)
          return { what: `${leaseId} was ended with its worker's drain, and had not been told`, taskId }
        break
      }
      case 'worker-ended': {
        const { worker, code } = happening
        this.#draining.delete(worker)
        if (code === 0 && (this.#cut.has(worker) || this.#stopped.has(worker)))
          return { what: `${worker.incarnation} cut its code, and left with code 0` }
      }
    }
    for (const { process, drainsSince, incarnation, stoppedAt } of this.#draining) {
      if (!process.frozen && now > Math.max(stoppedAt ?? now, process.thawedAt) + AT_ONCE_MS)
        return { what: `${incarnation} is there ${Math.round(now - (stoppedAt ?? now))} ms after a second signal` }
      // Results wait for the disk of a master that is there.
      if (process.frozen || scene.plan.faults['slow-disk'] > 0) continue
      const since = Math.max(drainsSince ?? now, process.thawedAt)
      if (now > since + scene.plan.drainMs + LEAVE_MS) return { what: `${incarnation} still drains` }
    }
    return undefined
  }
}
