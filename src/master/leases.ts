// The leases of one worker, as far as the master knows of them. How many run is asked for every worker at every batch, and
// thousands may be held: so that is kept, not looked for.

export interface HeldLease {
  /** It left for its worker, which may have begun it without our hearing of that. */
  delivered: boolean
  /** Its worker wrote `started` before the code began. Changed by `start` alone. */
  started: boolean
  /** Its code has ended: the settlement is on its way, or its worker waits to see whose fault that was. Changed by `end` alone. */
  ended: boolean
}

export class Leases {
  readonly #byId = new Map<string, HeldLease>()
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
    const lease: HeldLease = { delivered: false, started: false, ended: false }
    this.#byId.set(leaseId, lease)
    this.#running += 1
    return lease
  }

  start(lease: HeldLease): void {
    if (lease.started) return
    lease.started = true
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
  }

  clear(): void {
    this.#byId.clear()
    this.#running = 0
    this.#begun = 0
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
