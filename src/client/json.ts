// A value as JSON, and nothing lost on the way: what JSON has not is refused by name. `JSON.stringify` would leave functions
// out, and make null of NaN and {} of a Map.
import { DtrError, messageOf } from '../errors.js'

/** @throws DtrError `bad_input` that names `name`, and the field within it */
export function jsonText(value: unknown, name: string): string {
  let text: string | undefined
  try {
    text = JSON.stringify(value, function (this: unknown, key, part: unknown) {
      const wrong = whatJsonHasNot(part, this)
      if (wrong === undefined) return part
      const at = key === '' ? '' : Array.isArray(this) ? `item ${key} of a list is ` : `field ${short(key)} is `
      throw new DtrError('bad_input', `${name}: ${at}${wrong}, which cannot be written as JSON`)
    })
  } catch (error) {
    if (error instanceof DtrError) throw error
    const [why] = messageOf(error).split('\n')
    throw new DtrError('bad_input', `${name}: cannot be written as JSON: ${why}`, { cause: error })
  }
  if (text !== undefined) return text
  throw new DtrError('bad_input', `${name}: undefined cannot be written as JSON`)
}

function whatJsonHasNot(part: unknown, holder: unknown): string | undefined {
  switch (typeof part) {
    case 'function':
    case 'symbol':
      return `a ${typeof part}`
    case 'bigint':
      return 'a BigInt (write it as a text)'
    case 'number':
      return Number.isFinite(part) ? undefined : String(part)
    case 'string':
      return part.isWellFormed() ? undefined : 'a text with half of a character (a lone surrogate)'
    case 'undefined':
      // An optional field that is not there is left out, as everybody expects.
      return Array.isArray(holder) ? 'undefined' : undefined
    default:
      return part instanceof Map || part instanceof Set ? `a ${part.constructor.name}` : undefined
  }
}

function short(key: string): string {
  return JSON.stringify(key.length > 100 ? `${key.slice(0, 100)}...` : key)
}
