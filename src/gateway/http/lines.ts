// A body of lines (NDJSON), read as it comes and no faster than the lines are taken. A line that is too long is where reading
// ends: what follows it cannot be told apart.
import { isUtf8 } from 'node:buffer'
import type { Readable } from 'node:stream'
import { DtrError } from '../../errors.js'

const NEWLINE = 0x0a

/** Each line without its newline; empty ones are left out. @throws DtrError `too_large`, `bad_input` */
export async function* linesOf(stream: Readable, bytesMax: number): AsyncGenerator<string, void> {
  let begun: Buffer[] = []
  let begunBytes = 0
  const finish = (): string => {
    const line = Buffer.concat(begun)
    begun = []
    begunBytes = 0
    if (!isUtf8(line)) throw new DtrError('bad_input', 'a line is not UTF-8')
    return line.toString('utf8').trim()
  }
  // Who sends a line that is refused shall be told so, on this connection.
  for await (const chunk of stream.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    let at = 0
    for (let newline = chunk.indexOf(NEWLINE); at < chunk.length; newline = chunk.indexOf(NEWLINE, at)) {
      const part = chunk.subarray(at, newline < 0 ? chunk.length : newline)
      begunBytes += part.length
      if (begunBytes > bytesMax) throw new DtrError('too_large', `a line is longer than ${bytesMax} bytes`)
      begun.push(part)
      if (newline < 0) break
      at = newline + 1
      const line = finish()
      if (line !== '') yield line
    }
  }
  const rest = finish()
  if (rest !== '') yield rest
}
