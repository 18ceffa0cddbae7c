// How long attempts of each type have lately taken, in whatever sense their owner measures.

/** How much the last of a type counts against all before it. */
const WEIGHT = 0.2

export class Took {
  readonly #ms = new Map<string, number>()

  /** Undefined for a type of which none is known yet. */
  of(type: string): number | undefined {
    return this.#ms.get(type)
  }

  add(type: string, ms: number): void {
    const before = this.#ms.get(type) ?? ms
    this.#ms.set(type, before + WEIGHT * (ms - before))
  }
}
