// Lines to what is in them and back. `ndjson` parses; around it stands what makes that safe against any peer (PROTOCOL.md 1).
// No I/O: its stream is used as a function, written to and read out in the same call. What is written are messages of
// ours, plain data without circles: what `ndjson` does to find those, for each value of a line, they need not pay.
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
    // It is a pattern with an optional CR, and looking for that costs a fifth of what parsing does. To JSON a CR is white space.
    Object.assign(this.#stream, { matcher: '\n' })
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

/**
 * @returns the line of a message, newline included
 * @throws DtrError `too_large`: whoever makes messages splits them before they are so long
 */
export function lineOf(message: object): Buffer {
  const line = Buffer.from(`${JSON.stringify(message)}\n`, 'utf8')
  if (line.length <= LINE_BYTES_MAX) return line
  throw new DtrError('too_large', `a message of ${line.length} bytes is longer than ${LINE_BYTES_MAX}`)
}

/**
 * Nesting and `__proto__` are looked for in what was parsed, where no escape can hide a key: V8 parses without
 * recursion, and this recursion ends at the limit.
 */
function nestingFlaw(value: unknown, depth: number): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  if (depth > DEPTH_MAX) return `a line is nested deeper than ${DEPTH_MAX}`
  if (Array.isArray(value)) return flawOfItems(value, depth)
  // What JSON.parse makes inherits nothing that could be enumerated.
  for (const key in value) {
    if (key === '__proto__') return 'a line has a field named __proto__'
    const flaw = nestingFlaw((value as JsonObject)[key], depth + 1)
    if (flaw !== undefined) return flaw
  }
  return undefined
}

function flawOfItems(items: readonly unknown[], depth: number): string | undefined {
  for (const item of items) {
    const flaw = nestingFlaw(item, depth + 1)
    if (flaw !== undefined) return flaw
  }
  return undefined
}
