// Checkpoints that the master has not answered: of each attempt the last one, and whether one is under way. Bounded by the
// slots: what a later one of the same attempt has overtaken is forgotten.

export interface Checkpoint {
  readonly id: string
  readonly lease: string
  /** Counted by the attempt. */
  readonly n: number
  readonly value: string
}

interface Entry {
  checkpoint: Checkpoint
  /** The one that was sent and is not answered, and its upper bound on the wire. */
  underWay: { readonly n: number; readonly bytes: number } | undefined
  /** The master had no room for it. */
  waits: boolean
}

export class Checkpoints {
  readonly #byLease = new Map<string, Entry>()
  #underWayBytes = 0

  get size(): number {
    return this.#byLease.size
  }

  put(checkpoint: Checkpoint): void {
    const entry = this.#byLease.get(checkpoint.lease)
    if (entry === undefined) this.#byLease.set(checkpoint.lease, { checkpoint, underWay: undefined, waits: false })
    else entry.checkpoint = checkpoint
  }

  /** What is to be sent now: one of an attempt at a time, `bytesMax` of all at most. */
  take(bytesMax: number): readonly Checkpoint[] {
    const taken: Checkpoint[] = []
    for (const entry of this.#byLease.values()) {
      if (entry.underWay !== undefined || entry.waits) continue
      const bytes = bytesAtMost(entry.checkpoint)
      if (this.#underWayBytes + bytes > bytesMax) break
      entry.underWay = { n: entry.checkpoint.n, bytes }
      this.#underWayBytes += bytes
      taken.push(entry.checkpoint)
    }
    return taken
  }

  /** The one under way was kept, or refused for good. */
  answered(lease: string, n: number): void {
    const entry = this.#byLease.get(lease)
    if (entry === undefined) return
    this.#arrived(entry)
    if (entry.checkpoint.n <= n) this.#byLease.delete(lease)
  }

  /** The one under way was not kept. */
  holdBack(lease: string): void {
    const entry = this.#byLease.get(lease)
    if (entry === undefined) return
    this.#arrived(entry)
    entry.waits = true
  }

  /** What was held back may go. */
  release(): void {
    for (const entry of this.#byLease.values()) entry.waits = false
  }

  /** Its attempt is over. */
  delete(lease: string): void {
    const entry = this.#byLease.get(lease)
    if (entry === undefined) return
    this.#arrived(entry)
    this.#byLease.delete(lease)
  }

  /** Nothing of it is under way any more. */
  sendAgain(): void {
    for (const entry of this.#byLease.values()) this.#arrived(entry)
    this.release()
  }

  [Symbol.iterator](): Iterator<Checkpoint> {
    return Array.from(this.#byLease.values(), ({ checkpoint }) => checkpoint).values()
  }

  #arrived(entry: Entry): void {
    this.#underWayBytes -= entry.underWay?.bytes ?? 0
    entry.underWay = undefined
  }
}

/** JSON in JSON doubles at most. */
function bytesAtMost({ value }: Checkpoint): number {
  return 512 + 2 * Buffer.byteLength(value)
}
