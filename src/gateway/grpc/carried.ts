// What tasks carry, as bytes. JSON is kept as JSON, to the byte, so that it is the same over every door and a value for code in
// JavaScript; whatever else it is is kept as bytes. Either way they come back as they were given.
import { JsonText } from '../../client/json.js'
import { DtrError } from '../../errors.js'
import type { Encoding as Kept } from '../../task/task.js'
import type { Encoding__Output as Encoding } from './generated/orchestrator/v1/Encoding.js'

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * As the client takes it.
 * @throws DtrError `bad_input` where it is said to be JSON and is none
 */
export function carriedIn(bytes: Buffer, encoding: Encoding, field: string): JsonText | Uint8Array {
  if (encoding === 'ENCODING_BYTES') return bytes
  if (bytes.length === 0) return new JsonText('null')
  const text = jsonIn(bytes)
  if (text !== undefined) return new JsonText(text)
  if (encoding !== 'ENCODING_JSON') return bytes
  throw new DtrError('bad_input', `${field}: is not JSON in UTF-8`, {
    hint: 'leave the encoding away, and it is kept as bytes',
  })
}

export function bytesOf(text: string | undefined, encoding: Kept | undefined): Buffer {
  return Buffer.from(text ?? '', encoding === 'base64' ? 'base64' : 'utf8')
}

export function encodingOf(encoding: Kept | undefined): Encoding {
  return encoding === 'base64' ? 'ENCODING_BYTES' : 'ENCODING_JSON'
}

function jsonIn(bytes: Buffer): string | undefined {
  try {
    const text = utf8.decode(bytes)
    JSON.parse(text)
    return text
  } catch {
    return undefined
  }
}
