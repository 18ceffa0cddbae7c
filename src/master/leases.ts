// The leases of one worker, as far as the master knows of them. How many run is asked for every worker at every batch, and
// thousands may be held: so that is kept, not looked for.
import type { MonoMs } from '../clock.js'

export interface HeldLease {
  /** It left for its worker, which may have begun it without our hearing of that. */
  delivered: boolean
  /** Its worker wrote `started` before the code began. Changed by `start` alone. */
  started: boolean
  /** When that was heard; unknown where it was not. In whole milliseconds, which cost no object. */
  begunAt: MonoMs | undefined
  /** Its code has ended: the settlement is on its way, or its worker waits to see whose fault that was. Changed by `end` alone. */
  ended: boolean
}

/** How far an attempt is, as its worker told last. */
export interface LeaseProgress {
  readonly percent: number
  readonly message?: string
}

export class Leases {
  readonly #byId = new Map<string, HeldLease>()
  /** Of those that told any. */
  readonly #progress = new Map<string, LeaseProgress>()
  #running = 0
  #begun = 0

  get size(): number {
    return this.#byId.size
  }

  /** Those whose code has not ended: each has a slot, or is held ready. */
  get running(): number {
    return this.#running
  }

  /** Of those, the ones whose code has begun, as far as their worker has said so. */
  get begun(): number {
    return this.#begun
  }

  get(leaseId: string): HeldLease | undefined {
    return this.#byId.get(leaseId)
  }

  /** Granted; it has not left yet. */
  add(leaseId: string): HeldLease {
    const lease: HeldLease = { delivered: false, started: false, begunAt: undefined, ended: false }
    this.#byId.set(leaseId, lease)
    this.#running += 1
    return lease
  }

  /** @param at unknown where it is only presumed */
  start(lease: HeldLease, at?: MonoMs): void {
    if (lease.started) return
    lease.started = true
    if (at !== undefined) lease.begunAt = Math.round(at)
    if (!lease.ended) this.#begun += 1
  }

  end(lease: HeldLease): void {
    if (lease.ended) return
    lease.ended = true
    this.#running -= 1
    if (lease.started) this.#begun -= 1
  }

  delete(leaseId: string): void {
    const lease = this.#byId.get(leaseId)
    if (lease === undefined) return
    this.end(lease)
    this.#byId.delete(leaseId)
    if (this.#progress.size > 0) this.#progress.delete(leaseId)
  }

  clear(): void {
    this.#byId.clear()
    this.#progress.clear()
    this.#running = 0
    this.#begun = 0
  }

  progressOf(leaseId: string): LeaseProgress | undefined {
    return this.#progress.get(leaseId)
  }

  /** @param leaseId of one that is held */
  progressed(leaseId: string, progress: LeaseProgress): void {
    this.#progress.set(leaseId, progress)
  }

  /** What its worker may have begun did begin, as far as can be known (P10). */
  presumeBegun(): void {
    for (const lease of this.#byId.values()) if (lease.delivered) this.start(lease)
  }

  /** Those of which this holds. */
  which(holds: (lease: HeldLease) => boolean): string[] {
    const found: string[] = []
    for (const [leaseId, lease] of this.#byId) if (holds(lease)) found.push(leaseId)
    return found
  }
}
