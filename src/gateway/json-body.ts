// JSON that came from outside.
import { DtrError } from '../errors.js'

/** @throws DtrError `bad_input` */
export function readJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch (error) {
    const why = error instanceof Error ? error.message.replace(/[^\x20-\x7e]/g, '?').slice(0, 200) : ''
    throw new DtrError('bad_input', `the ${what} is not JSON: ${why}`)
  }
}
