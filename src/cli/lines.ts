// Lines of a stream, each at most so long, as text. Memory holds one line and one chunk, however long the input is.
import { DtrError } from '../errors.js'

const NEWLINE = 0x0a
const CARRIAGE_RETURN = 0x0d

/**
 * The last line needs no newline at its end.
 * @throws DtrError `too_large` or `bad_input` that names the number of the line
 */
export async function* linesOf(input: AsyncIterable<Buffer>, lineBytesMax: number): AsyncGenerator<string, void, void> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  let parts: Buffer[] = []
  let bytes = 0
  let number = 1
  const add = (part: Buffer): void => {
    bytes += part.length
    if (bytes > lineBytesMax) throw new DtrError('too_large', `line ${number}: longer than ${lineBytesMax} bytes`)
    parts.push(part)
  }
  const take = (): string => {
    const whole = Buffer.concat(parts)
    const end = whole.at(-1) === CARRIAGE_RETURN ? whole.length - 1 : whole.length
    parts = []
    bytes = 0
    try {
      return decoder.decode(whole.subarray(0, end))
    } catch {
      throw new DtrError('bad_input', `line ${number}: is not UTF-8`)
    }
  }
  for await (const chunk of input) {
    let start = 0
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      add(chunk.subarray(start, end))
      yield take()
      number += 1
      start = end + 1
    }
    if (start < chunk.length) add(chunk.subarray(start))
  }
  if (bytes > 0) yield take()
}
