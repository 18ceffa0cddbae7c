// Chance that is the same for the same seed, on every machine: sfc32, seeded with splitmix32.

export class Random {
  #a: number
  #b: number
  #c: number
  #counter = 1

  constructor(seed: number) {
    let state = seed >>> 0
    const next = (): number => {
      state = (state + 0x9e3779b9) | 0
      let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad)
      mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97)
      return (mixed ^ (mixed >>> 15)) | 0
    }
    this.#a = next()
    this.#b = next()
    this.#c = next()
    for (let round = 0; round < 12; round += 1) this.bits()
  }

  /** 32 of them. */
  bits(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0
    this.#counter = (this.#counter + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0
    return sum >>> 0
  }

  /** A stream of its own: what is drawn from one does not move what is drawn from another. */
  fork(): Random {
    return new Random(this.bits())
  }

  /** In [0, 1). */
  unit(): number {
    return this.bits() / 2 ** 32
  }

  between(min: number, max: number): number {
    return min + (max - min) * this.unit()
  }

  /** A whole number from `min` to `max`, both included. */
  whole(min: number, max: number): number {
    return min + Math.floor((max - min + 1) * this.unit())
  }

  chance(share: number): boolean {
    return this.unit() < share
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[this.whole(0, items.length - 1)]!
  }

  /** Short ones often, long ones rarely. */
  skewed(min: number, max: number): number {
    return min + (max - min) * this.unit() ** 3
  }

  weighted<Key extends string>(weights: Readonly<Record<Key, number>>): Key | undefined {
    const entries = Object.entries(weights) as [Key, number][]
    let left = this.unit() * entries.reduce((sum, [, weight]) => sum + weight, 0)
    for (const [key, weight] of entries) {
      left -= weight
      if (left < 0) return key
    }
    return undefined
  }
}
