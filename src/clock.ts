// The only place that reads time. Deadlines and leases live on `monoMs`, `runAt` and retention on `wallMs`.
import { uptime } from 'node:os'

/** Milliseconds on the lease clock: monotonic, and it also advances while the machine is suspended. */
export type MonoMs = number
/** Milliseconds since the Unix epoch, as the machine's wall clock has it. */
export type WallMs = number

export interface Instant {
  readonly monoMs: MonoMs
  readonly wallMs: WallMs
}

export interface Clock {
  now(): Instant
  /** Calls `wake` once, not before `monoMs`. Returns what cancels it. */
  wakeAt(monoMs: MonoMs, wake: () => void): () => void
}

/** Below this a difference of the two clocks is their resolution, not a suspended machine. */
const SUSPENDED_MS_MIN = 2_000

/** `process.hrtime` in milliseconds: one and the same clock for all processes of a machine. */
export function rawMonoMs(): MonoMs {
  return Number(process.hrtime.bigint() / 1_000n) / 1_000
}

/** How often the uptime is asked (it costs a file read); a jump of the wall clock asks at once. */
const UPTIME_CHECK_MS = 250
const WALL_JUMP_MS = 1_000

/** The lease clock (design: section 5): hrtime, pushed forward by what the uptime says was slept through. */
class SystemClock implements Clock {
  #suspendedMs = 0
  #checkedMs = rawMonoMs()
  #wallOffsetMs = Date.now() - this.#checkedMs
  readonly #uptimeOffsetMs = uptime() * 1_000 - this.#checkedMs

  now(): Instant {
    const raw = rawMonoMs()
    const wallMs = Date.now()
    const wallJump = Math.abs(wallMs - raw - this.#wallOffsetMs) > WALL_JUMP_MS
    if (wallJump || raw - this.#checkedMs > UPTIME_CHECK_MS) {
      this.#checkedMs = raw
      this.#wallOffsetMs = wallMs - raw
      const suspended = uptime() * 1_000 - raw - this.#uptimeOffsetMs
      if (suspended - this.#suspendedMs > SUSPENDED_MS_MIN) this.#suspendedMs = suspended
    }
    return { monoMs: raw + this.#suspendedMs, wallMs }
  }

  wakeAt(monoMs: MonoMs, wake: () => void): () => void {
    const delayMs = Math.min(Math.max(0, Math.ceil(monoMs - this.now().monoMs)), 2 ** 31 - 1)
    const timer = setTimeout(wake, delayMs)
    return () => clearTimeout(timer)
  }
}

export const systemClock: Clock = new SystemClock()
