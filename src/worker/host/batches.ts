// Attempts that wait to begin in a host, in the order in which they came, and how many of them begin at a time: as many as
// let go within BEGIN_MS_MAX, by what their types have lately taken until they did. One whose type is new, or long, is
// alone; so is one that may begin once only: it is lost when its host dies after it was said to begin (P10).
import type { AttemptInput } from '../../runner/runner.js'

/** So long attempts begin one after the other, as far as their code lets go, before anything else has its turn. */
export const BEGIN_MS_MAX = 1
/** How much the last of a type counts against all before it. */
const WEIGHT = 0.2

export class Batches {
  #waiting: AttemptInput[] = []
  readonly #tookMs = new Map<string, number>()

  add(attempts: readonly AttemptInput[]): void {
    this.#waiting = this.#waiting.length === 0 ? [...attempts] : this.#waiting.concat(attempts)
  }

  /** Those that begin next; none where none waits. */
  next(): readonly AttemptInput[] {
    let count = 0
    let ms = 0
    for (const { type, maxAttempts } of this.#waiting) {
      ms += maxAttempts === 1 ? BEGIN_MS_MAX : (this.#tookMs.get(type) ?? BEGIN_MS_MAX)
      if (ms > BEGIN_MS_MAX && count > 0) break
      count += 1
    }
    return this.#waiting.splice(0, count)
  }

  /** The code of one of this type has let go after so long. */
  took(type: string, ms: number): void {
    const before = this.#tookMs.get(type) ?? ms
    this.#tookMs.set(type, before + WEIGHT * (ms - before))
  }
}
