// Settlements that no master has answered yet: those that are under way to one, and those that are not. Both are kept, not
// looked for: thousands may wait.
import type { Settlement } from '../protocol/messages.js'

interface Entry {
  readonly settlement: Settlement
  /** Upper bound of its size on the wire. */
  readonly bytes: number
  sent: boolean
}

export class Unrecorded {
  readonly #byLease = new Map<string, Entry>()
  #unsent = new Set<Entry>()
  #underWayBytes = 0

  get size(): number {
    return this.#byLease.size
  }

  has(lease: string): boolean {
    return this.#byLease.has(lease)
  }

  /** In the order in which they came. */
  get settlements(): readonly Settlement[] {
    return Array.from(this.#byLease.values(), ({ settlement }) => settlement)
  }

  add(settlement: Settlement, bytes: number): void {
    const entry = { settlement, bytes, sent: false }
    this.#byLease.set(settlement.lease, entry)
    this.#unsent.add(entry)
  }

  /** @returns whether it was known */
  delete(lease: string): boolean {
    const entry = this.#byLease.get(lease)
    if (entry === undefined) return false
    this.#byLease.delete(lease)
    if (entry.sent) this.#underWayBytes -= entry.bytes
    else this.#unsent.delete(entry)
    return true
  }

  /** What is to be sent now, so that `bytesMax` at most are under way. */
  take(bytesMax: number): readonly Settlement[] {
    const taken: Settlement[] = []
    for (const entry of this.#unsent) {
      if (this.#underWayBytes + entry.bytes > bytesMax) break
      this.#underWayBytes += entry.bytes
      entry.sent = true
      this.#unsent.delete(entry)
      taken.push(entry.settlement)
    }
    return taken
  }

  /** Nothing of it is under way any more. */
  sendAgain(): void {
    for (const entry of this.#byLease.values()) entry.sent = false
    this.#unsent = new Set(this.#byLease.values())
    this.#underWayBytes = 0
  }
}
