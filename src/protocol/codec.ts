// Bytes to messages (PROTOCOL.md 1): whole lines that were checked as bytes, parsed, and checked as a shape. No I/O.
//
// What always holds: the same bytes give the same messages and the same fault, however they were cut into chunks, and
// what stands before a fault is delivered before it.
import { DtrError } from '../errors.js'
import { checkerOf, type MessageChecker } from './checker.js'
import { withList } from './columns.js'
import { JsonParser } from './json.js'
import { LINE_BYTES_MAX } from './limits.js'
import { LineReader } from './lines.js'
import type { Message, MessageTable, Unsupported } from './messages.js'

/** What a chunk of bytes amounts to. After a fault nothing more is to be read from this peer. */
export interface Received {
  readonly messages: readonly Message[]
  /** Answers for message types that are not known here. */
  readonly unsupported: readonly Unsupported[]
  readonly fault?: DtrError
}

/** Reads the messages of one peer, from the end of the handshake on. */
export class MessageReader {
  readonly #lines: LineReader
  readonly #parser = new JsonParser()
  readonly #checker: MessageChecker
  #fault: DtrError | undefined

  /** @param lines the reader that the handshake used: what came glued to its last line is still in it */
  constructor(accepts: MessageTable, lines = new LineReader()) {
    this.#checker = checkerOf(accepts)
    this.#lines = lines
  }

  get keptBytes(): number {
    return this.#lines.keptBytes
  }

  push(bytes: Buffer): void {
    this.#lines.push(bytes)
  }

  /** All that has come whole since the last call. */
  read(): Received {
    const messages: Message[] = []
    const unsupported: Unsupported[] = []
    if (this.#fault === undefined) this.#readInto(messages, unsupported)
    return { messages, unsupported, ...(this.#fault && { fault: this.#fault }) }
  }

  #readInto(messages: Message[], unsupported: Unsupported[]): void {
    try {
      const { lines, fault } = this.#wholeLines()
      for (const row of this.#parser.parse(lines)) {
        const checked = this.#checker.check(withList(row))
        if (checked.kind === 'message') messages.push(checked.message)
        else unsupported.push(checked.answer)
      }
      this.#fault = this.#parser.fault ?? fault
    } catch (fault) {
      if (!(fault instanceof DtrError)) throw fault
      this.#fault = fault
    }
  }

  #wholeLines(): { lines: readonly Buffer[]; fault?: DtrError } {
    const lines: Buffer[] = []
    try {
      for (;;) {
        const line = this.#lines.next(LINE_BYTES_MAX)
        if (line === undefined) return { lines }
        lines.push(line)
      }
    } catch (fault) {
      if (fault instanceof DtrError) return { lines, fault }
      throw fault
    }
  }
}
