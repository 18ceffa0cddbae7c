// The last of what an attempt has said. Its text is one stream from the first byte on, so that who has heard a part of it
// knows where the next one belongs: `at` is how many bytes of UTF-8 stand before it.

/** So much is kept of what an attempt says. */
export const LOG_BYTES_MAX = 64 * 1024

export interface LogText {
  readonly at: number
  readonly text: string
}

export class LogTail {
  readonly #bytesMax: number
  #chunks: Buffer[] = []
  #held = 0
  #end = 0

  constructor(bytesMax = LOG_BYTES_MAX) {
    this.#bytesMax = bytesMax
  }

  /** How much was said in all. */
  get end(): number {
    return this.#end
  }

  /** A lone surrogate becomes what stands for a broken character. */
  add(text: string): void {
    const bytes = Buffer.from(text, 'utf8')
    this.#end += bytes.length
    this.#chunks.push(bytes)
    this.#held += bytes.length
    // Cut now and then: small lines would else cost a copy of all that is kept, each.
    if (this.#held > 2 * this.#bytesMax || this.#chunks.length > CHUNKS_MAX) this.#cut()
  }

  /** What was said elsewhere: where something is missing before it, it stands alone. */
  put({ at, text }: LogText): void {
    if (at < this.#end) return
    if (at > this.#end) {
      this.#chunks = []
      this.#held = 0
      this.#end = at
    }
    this.add(text)
  }

  /** From there on, as far as it is kept. A character that was cut in two is left out. */
  since(at: number): LogText {
    this.#cut()
    const from = Math.max(0, this.#held - Math.max(0, this.#end - at))
    const bytes = wholeCharacters(this.#chunks[0]?.subarray(from) ?? NOTHING)
    return { at: this.#end - bytes.length, text: bytes.toString('utf8') }
  }

  /** All that is kept. */
  read(): LogText {
    return this.since(0)
  }

  #cut(): void {
    const bytes = Buffer.concat(this.#chunks)
    // A copy, so that what is cut off is let go of.
    const kept = bytes.length > this.#bytesMax ? Buffer.from(bytes.subarray(-this.#bytesMax)) : bytes
    this.#chunks = [kept]
    this.#held = kept.length
  }
}

const CHUNKS_MAX = 1_024
const NOTHING = Buffer.alloc(0)

function wholeCharacters(bytes: Buffer): Buffer {
  let from = 0
  // At most three bytes continue a character.
  while (from < 3 && (bytes[from] ?? 0) >> 6 === 0b10) from += 1
  return bytes.subarray(from)
}
