// Lines to what is in them and back. `ndjson` parses and writes the JSON; around it stands what makes that safe against any
// peer (PROTOCOL.md 1). No I/O: its two streams are used as functions, written to and read out in the same call.
import ndjson from 'ndjson'
import { DtrError } from '../errors.js'
import { DEPTH_MAX, LINE_BYTES_MAX } from './limits.js'
import { broken } from './lines.js'

/** What JSON.parse makes of a line that begins with `{`. */
export type JsonObject = Readonly<Record<string, unknown>>

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
