// A computer of the simulation: its clocks, which are not those of others, and the processes on it, which freeze and die.
import type { Clock, Instant, MonoMs } from '../../src/clock.js'
import type { Random } from './random.js'
import type { Timeline } from './timeline.js'

const EPOCH_MS = 1_800_000_000_000

export class Computer {
  /** Steps of its wall clock, all together, and the furthest that it ever was ahead. */
  wallStepMs = 0
  #aheadMs = 0

  /** @param rate how fast its clocks go; 1 is right */
  constructor(
    readonly timeline: Timeline,
    readonly random: Random,
    /** Boot id and network namespace. */
    readonly id: string,
    readonly rate: number,
    readonly bootMs: number,
  ) {}

  get monoMs(): MonoMs {
    return this.bootMs + this.timeline.now * this.rate
  }

  now(): Instant {
    return { monoMs: this.monoMs, wallMs: Math.floor(EPOCH_MS + this.timeline.now * this.rate + this.wallStepMs) }
  }

  stepWallClock(ms: number): void {
    this.wallStepMs += ms
    this.#aheadMs = Math.max(this.#aheadMs, this.wallStepMs)
  }

  /** Forward, to where it was before it was set back: a task that is due then may wait for that (P20), and for no more. */
  catchUp(): void {
    this.wallStepMs = this.#aheadMs
  }

  /** When its clock will show this. */
  trueTime(monoMs: MonoMs): number {
    return (monoMs - this.bootMs) / this.rate
  }
}

export class Process {
  alive = true
  frozen = false
  /** When it was last woken, and when it stood still, in true time. */
  thawedAt = Number.NEGATIVE_INFINITY
  readonly pauses: { readonly from: number; to: number }[] = []
  readonly clock: Clock = {
    now: () => this.computer.now(),
    wakeAt: (monoMs, wake) => this.#wakeAt(monoMs, wake),
  }
  #timers: (() => void)[] = []
  #arrivals: (() => void)[] = []
  readonly #onThaw: (() => void)[] = []
  readonly #onDeath: (() => void)[] = []

  constructor(
    readonly computer: Computer,
    readonly name: string,
    readonly pid: number,
  ) {}

  /** Something from outside reaches it: now, or when it is woken; not once it is dead. */
  deliver(run: () => void): void {
    if (!this.alive) return
    if (this.frozen) this.#arrivals.push(run)
    else run()
  }

  freeze(): void {
    this.frozen = true
    this.pauses.push({ from: this.computer.timeline.now, to: Number.POSITIVE_INFINITY })
  }

  thaw(): void {
    if (!this.frozen) return
    this.frozen = false
    this.thawedAt = this.computer.timeline.now
    this.pauses.at(-1)!.to = this.thawedAt
    const timers = this.#timers.splice(0)
    const arrivals = this.#arrivals.splice(0)
    // Whether timers or sockets come first after a standstill hangs on where in its loop it stood.
    const first = this.computer.random.chance(0.5)
    for (const run of first ? [...timers, ...arrivals] : [...arrivals, ...timers])
      this.computer.timeline.after(0, () => this.deliver(run))
    for (const woken of this.#onThaw) this.computer.timeline.after(0, () => this.deliver(woken))
  }

  /** As by `kill -9`, or by the end of its program. */
  die(): void {
    if (!this.alive) return
    this.alive = false
    for (const died of this.#onDeath) died()
  }

  /** How long it stood still since then. */
  pausedMsSince(at: number): number {
    const { now } = this.computer.timeline
    return this.pauses.reduce((sum, { from, to }) => sum + Math.max(0, Math.min(to, now) - Math.max(from, at)), 0)
  }

  onThaw(woken: () => void): void {
    this.#onThaw.push(woken)
  }

  onDeath(died: () => void): void {
    this.#onDeath.push(died)
  }

  #wakeAt(monoMs: MonoMs, wake: () => void): () => void {
    if (!this.alive) return () => {}
    const { timeline, random } = this.computer
    let cancelled = false
    // Timers fire on whole milliseconds, and a little late.
    const at = Math.max(timeline.now, this.computer.trueTime(monoMs)) + random.between(0.001, 1.5)
    const cancel = timeline.at(at, () => {
      const fire = (): void => {
        if (!cancelled) wake()
      }
      if (!this.alive) return
      if (this.frozen) this.#timers.push(fire)
      else fire()
    })
    return () => {
      cancelled = true
      cancel()
    }
  }
}
