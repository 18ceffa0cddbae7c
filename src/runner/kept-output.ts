// What is kept of what a command prints: the first bytes, or the last, bounded; the rest is counted.

export class Head {
  readonly #bytesMax: number
  readonly #chunks: Buffer[] = []
  #kept = 0
  /** Of all that was printed. */
  bytes = 0

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  add(chunk: Buffer): void {
    this.bytes += chunk.length
    const room = this.#bytesMax - this.#kept
    if (room <= 0) return
    const part = chunk.subarray(0, room)
    this.#chunks.push(part)
    this.#kept += part.length
  }

  kept(): Buffer {
    return Buffer.concat(this.#chunks)
  }
}

export class Tail {
  readonly #bytesMax: number
  #kept: Buffer = Buffer.alloc(0)

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  add(chunk: Buffer): void {
    this.#kept = Buffer.concat([this.#kept, chunk]).subarray(-this.#bytesMax)
  }

  /** A character that was cut in two is left out. */
  text(): string {
    return this.#kept.toString('utf8').replace(/^\uFFFD+/, '')
  }
}
