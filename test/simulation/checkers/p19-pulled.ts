// P19, for workers that pull: a lease ends over the head of its worker only when it was not renewed for its whole length, in
// which the time does not count that the master itself stood still; and a master that has just started gives it all of it.
import type { Happening } from '../happenings.js'
import type { Checker, Found, Known } from './all.js'

/** Between two looks of the master, and its clock. */
const PRECISION_MS = 700

interface Held {
  since: number
  lengthMs: number
}

export class PulledLeases implements Checker {
  readonly promise = 'P19'
  readonly #held = new Map<string, Held>()

  see(happening: Happening, { now }: Known): Found | undefined {
    switch (happening.kind) {
      case 'master-started':
        // What it was renewed for is not known to the next master.
        for (const [leaseId, held] of this.#held) {
          held.since = now
          held.lengthMs = lengthOf(leaseId)
        }
        return undefined
      case 'applied':
        for (const { grants } of happening.outcome.claims) {
          for (const { leaseId, holder } of grants)
            if (holder.endsWith('#pull')) this.#held.set(leaseId, { since: now, lengthMs: lengthOf(leaseId) })
        }
        return undefined
      case 'said':
        if (happening.message.type !== 'pull-heard') return undefined
        for (const { lease, leaseMs } of happening.message.renewed)
          this.#held.set(lease, { since: now, lengthMs: leaseMs })
        return undefined
      case 'taken':
        return this.#judged(happening, now)
    }
    return undefined
  }

  #judged({ batch, by }: Extract<Happening, { kind: 'taken' }>, now: number): Found | undefined {
    const over = batch.operations.flatMap((operation) => (operation.kind === 'expire' ? (operation.leases ?? []) : []))
    for (const { leaseId } of over) {
      const { since, lengthMs } = this.#held.get(leaseId) ?? { since: now, lengthMs: 0 }
      const silentMs = now - since - by.process.pausedMsSince(since)
      const pauses = by.process.pauses.filter(({ to }) => to > since).length
      if (silentMs < lengthMs - PRECISION_MS * (1 + pauses))
        return { what: `${leaseId} was ended ${Math.round(silentMs)} ms after it was renewed` }
    }
    return undefined
  }
}

/** It stands in the id. */
function lengthOf(leaseId: string): number {
  return Number(leaseId.split('.')[2])
}
