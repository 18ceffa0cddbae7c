// When a process that ended is started again: after 1 s, doubling to 30 s while it keeps ending at once. Pure.
import type { MonoMs } from '../clock.js'

const WAIT_MS_MIN = 1_000
const WAIT_MS_MAX = 30_000

export class RespawnPause {
  #waitMs = WAIT_MS_MIN

  /** The pause before the next start of a process that lived so long. */
  after(livedMs: MonoMs): number {
    if (livedMs > WAIT_MS_MAX) this.#waitMs = WAIT_MS_MIN
    const waitMs = this.#waitMs
    this.#waitMs = Math.min(WAIT_MS_MAX, waitMs * 2)
    return waitMs
  }
}
