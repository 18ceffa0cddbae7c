// What a task carries where it came over HTTP: JSON, or bytes as base64 where that is said beside it.
import { Type } from 'typebox'
import { DtrError } from '../../errors.js'

export const CarriedEncoding = Type.Optional(Type.Enum(['base64'], { description: 'it is bytes, as base64' }))

/** As the client takes it. @throws DtrError `bad_input` for what is no base64 */
export function carriedIn(value: unknown, encoding: 'base64' | undefined, field: string): unknown {
  if (encoding === undefined) return value
  const bytes = Buffer.from(typeof value === 'string' ? value : '', 'base64')
  if (bytes.toString('base64') === value) return bytes
  throw new DtrError('bad_input', `${field}: is not base64, as ${field}_encoding says`)
}
