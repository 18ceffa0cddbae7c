// A clock that stands still until a test moves it.
import type { Clock, Instant, MonoMs } from '../../src/clock.js'

export class ManualClock implements Clock {
  #nowMs = 1_000_000
  readonly #alarms = new Set<{ readonly atMs: MonoMs; readonly wake: () => void }>()

  now(): Instant {
    return { monoMs: this.#nowMs, wallMs: this.#nowMs }
  }

  wakeAt(monoMs: MonoMs, wake: () => void): () => void {
    const alarm = { atMs: monoMs, wake }
    this.#alarms.add(alarm)
    return () => this.#alarms.delete(alarm)
  }

  /** Timers that wait. */
  get pending(): number {
    return this.#alarms.size
  }

  /** Moves the time, and rings in order what is due on the way. */
  advance(ms: number): void {
    const untilMs = this.#nowMs + ms
    for (;;) {
      const [next] = [...this.#alarms].filter(({ atMs }) => atMs <= untilMs).sort((a, b) => a.atMs - b.atMs)
      if (next === undefined) break
      this.#alarms.delete(next)
      this.#nowMs = Math.max(this.#nowMs, next.atMs)
      next.wake()
    }
    this.#nowMs = untilMs
  }
}

/** Lets everything that waits for promises alone go on. */
export async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
}
