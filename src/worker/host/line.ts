// Attempts that wait to begin in a host, in the order in which they came: as many run at a time as it has slots. They are told
// of before they begin, as many at a time as have begun within BEGIN_MS_MAX by what their types have lately taken: until they
// let go, where there are slots for all of them, else until they ended. One whose type is new, or long, is told of alone; so is
// one that may begin once only: it is lost when its host dies after it was said to begin (P10).
import type { AttemptInput } from '../../runner/runner.js'
import { Took } from '../took.js'

/** So long attempts begin one after the other, before anything else has its turn. */
export const BEGIN_MS_MAX = 1

export class Line {
  readonly #slots: number
  #waiting: AttemptInput[] = []
  /** So many of those that wait, from the first, were told of. */
  #told = 0
  #running = 0
  readonly #letGo = new Took()
  readonly #ended = new Took()

  constructor(slots: number) {
    this.#slots = slots
  }

  /** Of those that were told of not all have begun. */
  get hasTold(): boolean {
    return this.#told > 0
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0
  }

  /** Whether there is one to tell of, and a slot for it. */
  get mayTell(): boolean {
    return this.#told === 0 && this.#waiting.length > 0 && this.#running < this.#slots
  }

  add(attempts: readonly AttemptInput[]): void {
    this.#waiting = this.#waiting.length === 0 ? [...attempts] : this.#waiting.concat(attempts)
  }

  /** Those that are told of next; none while others that were have not begun, or no slot is free. */
  tell(): readonly AttemptInput[] {
    if (!this.mayTell) return []
    const free = this.#slots - this.#running
    let [letGoMs, endedMs] = [0, 0]
    let count = 0
    for (const { type, maxAttempts } of this.#waiting) {
      const once = maxAttempts === 1 ? BEGIN_MS_MAX : undefined
      letGoMs += once ?? this.#letGo.of(type) ?? BEGIN_MS_MAX
      endedMs += (once ?? this.#ended.of(type) ?? BEGIN_MS_MAX) / this.#slots
      if (count > 0 && (count < free ? letGoMs : endedMs) > BEGIN_MS_MAX) break
      count += 1
    }
    this.#told = count
    return this.#waiting.slice(0, count)
  }

  /** Whether one that was told of has a slot. */
  get mayBegin(): boolean {
    return this.#told > 0 && this.#running < this.#slots
  }

  /** The first of those that were told of begins now. */
  begin(): AttemptInput {
    const first = this.#waiting.shift()
    if (first === undefined || !this.mayBegin) throw new Error('nothing may begin')
    this.#told -= 1
    this.#running += 1
    return first
  }

  /** @returns those that wait: none of them begins */
  clear(): readonly AttemptInput[] {
    const dropped = this.#waiting
    this.#waiting = []
    this.#told = 0
    return dropped
  }

  /** The code of one of this type has let go after so long. */
  letGo(type: string, ms: number): void {
    this.#letGo.add(type, ms)
  }

  ended(type: string, ms: number): void {
    this.#running -= 1
    this.#ended.add(type, ms)
  }
}
