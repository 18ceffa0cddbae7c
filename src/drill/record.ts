// What is told of a drill: what happened when, how much it was, and what was judged.
import { type MonoMs, rawMonoMs } from '../clock.js'
import type { Verdict } from './verdicts.js'

export interface Happening {
  /** Since the drill began. */
  readonly atMs: MonoMs
  /** `fault`: injected. `heal`: taken back. `seen`: what the cluster made of it. */
  readonly kind: 'fault' | 'heal' | 'seen'
  readonly text: string
}

export interface Measure {
  readonly what: string
  readonly value: number
  readonly unit: 'ms' | 'count'
}

export class Recorder {
  readonly timeline: Happening[] = []
  readonly measures: Measure[] = []
  readonly verdicts: Verdict[] = []
  /** The moment of the first fault. */
  protected faultMs: MonoMs | undefined
  readonly #happened: (happening: Happening) => void
  readonly #startedMs = rawMonoMs()
  #closed = false

  constructor(happened: (happening: Happening) => void) {
    this.#happened = happened
  }

  /** @returns its moment */
  inject(text: string, act: () => unknown): MonoMs {
    const atMs = rawMonoMs()
    act()
    this.faultMs ??= atMs
    this.#tell('fault', text)
    return atMs
  }

  heal(text: string): void {
    this.#tell('heal', text)
  }

  saw(text: string): void {
    this.#tell('seen', text)
  }

  measure(what: string, value: number, unit: Measure['unit'] = 'ms'): void {
    this.measures.push({ what, value: Math.round(value), unit })
  }

  judge(...verdicts: readonly Verdict[]): void {
    this.verdicts.push(...verdicts)
  }

  /** What happens from now on, such as the end of its processes, is no part of the drill. */
  protected closeRecord(): void {
    this.#closed = true
  }

  #tell(kind: Happening['kind'], text: string): void {
    if (this.#closed) return
    const happening = { atMs: rawMonoMs() - this.#startedMs, kind, text }
    this.timeline.push(happening)
    this.#happened(happening)
  }
}
