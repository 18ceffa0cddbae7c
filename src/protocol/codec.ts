// Bytes to messages and back. `ndjson` parses and writes the JSON; around it stands what makes that safe against any
// peer (PROTOCOL.md 1): it is given whole lines that were checked as bytes, and what it gives back is checked as a
// shape. No I/O: its two streams are used as functions, written to and read out in the same call.
//
// What always holds: the same bytes give the same messages and the same fault, however they were cut into chunks, and
// what stands before a fault is delivered before it.
import ndjson from 'ndjson'
import { DtrError } from '../errors.js'
import { checkerOf, type JsonObject, type MessageChecker } from './checker.js'
import { broken, LineReader } from './lines.js'
import { DEPTH_MAX, LINE_BYTES_MAX, type Message, type MessageTable, type Unsupported } from './messages.js'

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
        const checked = this.#checker.check(row)
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

/** `ndjson.parse` as a function. */
export class JsonParser {
  readonly #stream = ndjson.parse({ strict: true })
  #goodRows: number | undefined
  #fault: DtrError | undefined

  constructor() {
    // Raised in the middle of a write: the rows before the bad one wait to be read, those behind it are not wanted.
    this.#stream.on('error', () => {
      this.#goodRows ??= this.#stream.readableLength
      this.#fault ??= broken('a line is not JSON')
    })
  }

  /** Set once a line was bad; from then on there are no more rows. */
  get fault(): DtrError | undefined {
    return this.#fault
  }

  /** The rows of these lines, up to the first that is bad. */
  *parse(lines: readonly Buffer[]): Generator<JsonObject> {
    const [first, ...rest] = lines
    if (first === undefined || this.#fault !== undefined) return
    // `readable-stream` runs a transform inside write() while nothing waits to be read, and read() empties it again.
    this.#stream.write(rest.length === 0 ? first : Buffer.concat(lines))
    const rows = Math.min(lines.length, this.#goodRows ?? lines.length)
    for (let index = 0; index < rows; index += 1) {
      const row = this.#stream.read() as JsonObject
      const flaw = nestingFlaw(row, 1)
      if (flaw !== undefined) {
        this.#fault = broken(flaw)
        return
      }
      yield row
    }
  }
}

/** `ndjson.stringify` as a function. */
export class JsonWriter {
  readonly #stream = ndjson.stringify()

  /**
   * @returns the line of a message, newline included
   * @throws DtrError `too_large`: whoever makes messages splits them before they are so long
   */
  line(message: object): Buffer {
    this.#stream.write(message)
    const line = Buffer.from(this.#stream.read() as string, 'utf8')
    if (line.length <= LINE_BYTES_MAX) return line
    throw new DtrError('too_large', `a message of ${line.length} bytes is longer than ${LINE_BYTES_MAX}`)
  }
}

/**
 * Nesting and `__proto__` are looked for in what was parsed, where no escape can hide a key: V8 parses without
 * recursion, and this recursion ends at the limit.
 */
function nestingFlaw(value: unknown, depth: number): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  if (depth > DEPTH_MAX) return `a line is nested deeper than ${DEPTH_MAX}`
  if (Object.hasOwn(value, '__proto__')) return 'a line has a field named __proto__'
  for (const inner of Object.values(value)) {
    const flaw = nestingFlaw(inner, depth + 1)
    if (flaw !== undefined) return flaw
  }
  return undefined
}
