// Lets a hundred lines a second through and counts the rest: users' code may print without end.
import { rawMonoMs } from '../../clock.js'

const LINES_MAX = 100
const WINDOW_MS = 1_000

export class LineBudget {
  readonly #now: () => number
  #windowFrom = Number.NEGATIVE_INFINITY
  #inWindow = 0
  #leftOut = 0

  constructor(now: () => number = rawMonoMs) {
    this.#now = now
  }

  /** What is to be written for this line: itself, after a word on what was left out before it; or nothing. */
  take(line: string): readonly string[] {
    const now = this.#now()
    if (now >= this.#windowFrom + WINDOW_MS) {
      this.#windowFrom = now
      this.#inWindow = 0
    }
    this.#inWindow += 1
    if (this.#inWindow <= LINES_MAX) return [...this.rest(), line]
    this.#leftOut += 1
    return []
  }

  /** A word on the lines that were left out since the last one. */
  rest(): readonly string[] {
    const leftOut = this.#leftOut
    this.#leftOut = 0
    return leftOut === 0 ? [] : [`(${leftOut} lines were left out: more than ${LINES_MAX} a second)`]
  }
}
