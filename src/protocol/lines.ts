// Cuts a stream of bytes into lines, and lets through only bytes that can be a line of ours (PROTOCOL.md 1). No I/O.
//
// What always holds:
// - a byte is looked at once: the beginning of a line is kept in a block that grows by doubling and is never searched
//   again, so a line of 8 MiB costs linear time and at most twice its size, also where it comes one byte at a time
//   (a list of its chunks would then be a list of eight million buffers);
// - nothing behind a bad byte is ever read: the first fault is the last word of a reader;
// - the limit is given with each call, because it changes with the line that ends the handshake, and what came in one
//   chunk with that line is already here.
import { isUtf8 } from 'node:buffer'
import { DtrError } from '../errors.js'

const NEWLINE = 0x0a
const OPENING_BRACE = 0x7b
const NOTHING = Buffer.alloc(0)
const BLOCK_BYTES_MIN = 1_024

export class LineReader {
  readonly #unread: Buffer[] = []
  #block = NOTHING
  /** Bytes of the unfinished line, at the front of the block. */
  #begun = 0
  #fault: DtrError | undefined

  /** What is kept of a line that has no end yet. */
  get keptBytes(): number {
    return this.#block.length
  }

  push(chunk: Buffer): void {
    if (chunk.length > 0) this.#unread.push(chunk)
  }

  /**
   * The next whole line with its newline, or undefined until more bytes come.
   * @param bytesMax the limit of this line, newline included
   * @throws DtrError `protocol`, and the same one again ever after
   */
  next(bytesMax: number): Buffer | undefined {
    if (this.#fault !== undefined) throw this.#fault
    try {
      return this.#next(bytesMax)
    } catch (fault) {
      if (fault instanceof DtrError) this.#fault = fault
      throw fault
    }
  }

  #next(bytesMax: number): Buffer | undefined {
    for (;;) {
      const chunk = this.#unread.shift()
      if (chunk === undefined) return undefined
      if (this.#begun === 0 && chunk[0] !== OPENING_BRACE) throw broken('a line does not begin with {')
      const newlineAt = chunk.indexOf(NEWLINE)
      const bytes = newlineAt < 0 ? chunk.length : newlineAt + 1
      if (this.#begun + bytes > bytesMax) throw broken(`a line is longer than ${bytesMax} bytes`)
      if (newlineAt < 0) {
        this.#keep(chunk)
        continue
      }
      if (bytes < chunk.length) this.#unread.unshift(chunk.subarray(bytes))
      const line = this.#finish(chunk.subarray(0, bytes))
      if (!isUtf8(line)) throw broken('a line is not UTF-8')
      return line
    }
  }

  #keep(part: Buffer): void {
    const needed = this.#begun + part.length
    if (needed > this.#block.length) {
      const block = Buffer.allocUnsafe(Math.max(BLOCK_BYTES_MIN, needed, this.#block.length * 2))
      this.#block.copy(block, 0, 0, this.#begun)
      this.#block = block
    }
    part.copy(this.#block, this.#begun)
    this.#begun = needed
  }

  #finish(part: Buffer): Buffer {
    if (this.#begun === 0) return part
    this.#keep(part)
    const line = this.#block.subarray(0, this.#begun)
    this.#block = NOTHING
    this.#begun = 0
    return line
  }
}

/** The reason why a peer is not listened to any longer. It never repeats what the peer sent. */
export function broken(why: string): DtrError {
  return new DtrError('protocol', why)
}
