// Whether the event loop of a host turns: its main thread leaves a mark twice a second, and who reads it late knows for how long
// nothing else has had its turn. The watchdog reads it while the loop is blocked, the code of a task once it has a turn again.
import { type MonoMs, rawMonoMs } from '../../clock.js'

const TURN_EVERY_MS = 500
/** What is late by less is a busy machine. */
const LATE_MS_MIN = 100
/** Blocks that are remembered, for tasks that began before them. */
const BLOCKS_MAX = 32

/** What the main thread of a host leaves for its watchdog: a number of this size is read and written as a whole. */
export class Marks {
  constructor(readonly shared = new Float64Array(new SharedArrayBuffer(Float64Array.BYTES_PER_ELEMENT))) {}

  get turnedAtMs(): MonoMs {
    return this.shared[0] ?? 0
  }

  set turnedAtMs(at: MonoMs) {
    this.shared[0] = at
  }

  /** For so long the loop should have turned, and has not. */
  blockedMs(nowMs: MonoMs): number {
    const lateMs = nowMs - this.turnedAtMs - TURN_EVERY_MS
    return lateMs < LATE_MS_MIN ? 0 : Math.round(lateMs)
  }
}

export class EventLoop {
  readonly #marks: Marks
  readonly #blocks: { readonly untilMs: MonoMs; readonly ms: number }[] = []

  constructor(marks: Marks) {
    this.#marks = marks
    marks.turnedAtMs = rawMonoMs()
    setInterval(() => this.#turned(), TURN_EVERY_MS).unref()
  }

  #turned(): void {
    const untilMs = rawMonoMs()
    const ms = this.#marks.blockedMs(untilMs)
    if (ms > 0) this.#blocks.push({ untilMs, ms })
    if (this.#blocks.length > BLOCKS_MAX) this.#blocks.shift()
    this.#marks.turnedAtMs = untilMs
  }

  /** The longest time without a turn since then; as far as it was since then. */
  blockedMsSince(sinceMs: MonoMs): number {
    const nowMs = rawMonoMs()
    const now = { untilMs: nowMs, ms: this.#marks.blockedMs(nowMs) }
    return [...this.#blocks, now].reduce(
      (longest, { untilMs, ms }) => Math.max(longest, Math.min(ms, Math.round(untilMs - sinceMs))),
      0,
    )
  }
}
