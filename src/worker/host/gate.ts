// What lets the attempts of a host begin, one by one, until somebody closes it: its main thread passes, and its watchdog
// closes, at any time and whatever the main thread does. So what has not begun can be taken back, and it is known exactly what
// that is (P15, P9).
//
// Attempts come in epochs: a worker that has taken back the rest of one gives the next. Who closes an epoch that the main
// thread has not opened yet has closed it all the same.

/** The count of those that have passed, and above it the bit that says closed. */
const PASSED = 0
const CLOSED_EPOCH = 1
const CLOSED = 1n << 62n

export class Gate {
  constructor(readonly shared = new BigInt64Array(new SharedArrayBuffer(2 * BigInt64Array.BYTES_PER_ELEMENT))) {}

  /** So many attempts have begun, in the life of the host. */
  get begun(): number {
    return Number(Atomics.load(this.shared, PASSED) & ~CLOSED)
  }

  /** Whether one more may begin; if so it has. By the main thread alone. */
  pass(): boolean {
    const before = Atomics.load(this.shared, PASSED)
    return (before & CLOSED) === 0n && Atomics.compareExchange(this.shared, PASSED, before, before + 1n) === before
  }

  /** By the main thread: from here on those of this epoch pass. */
  open(epoch: number): void {
    Atomics.and(this.shared, PASSED, ~CLOSED)
    // Closed meanwhile, or before: nobody has passed since.
    if (Atomics.load(this.shared, CLOSED_EPOCH) >= epoch) Atomics.or(this.shared, PASSED, CLOSED)
  }

  /** @returns how many have begun: no other one of this epoch does */
  close(epoch: number): number {
    Atomics.store(this.shared, CLOSED_EPOCH, BigInt(epoch))
    return Number(Atomics.or(this.shared, PASSED, CLOSED) & ~CLOSED)
  }
}
