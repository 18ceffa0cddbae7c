// A value as JSON, and nothing lost on the way: what JSON has not is refused by name. `JSON.stringify` would leave functions
// out, and make null of NaN and {} of a Map.
import { DtrError, messageOf } from '../errors.js'

/** A text that is JSON already, and is to stay as it is to the byte. */
export class JsonText {
  constructor(readonly text: string) {}
}

/** @throws DtrError `bad_input` that names `name`, and the field within it */
export function jsonText(value: unknown, name: string): string {
  if (value instanceof JsonText) return value.text
  let text: string | undefined
  try {
    text = isPlain(value, 1)
      ? JSON.stringify(value)
      : JSON.stringify(value, function (this: unknown, key, part: unknown) {
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

/** Beyond it, and in a circle, JSON.stringify shall say what is wrong. */
const DEPTH_MAX = 64

/** Whether JSON has all that is in it, so that nothing need be looked for while it is written, which costs twice as much. */
function isPlain(value: unknown, depth: number): boolean {
  switch (typeof value) {
    case 'string':
      return value.isWellFormed()
    case 'number':
      return Number.isFinite(value)
    case 'boolean':
      return true
    case 'object':
      return value === null || (depth <= DEPTH_MAX && hasPlainParts(value, depth))
    default:
      return false
  }
}

function hasPlainParts(value: object, depth: number): boolean {
  if ('toJSON' in value) return false
  if (Array.isArray(value)) {
    for (const item of value) if (!isPlain(item, depth + 1)) return false
    return true
  }
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return false
  for (const key in value) {
    const part = (value as Readonly<Record<string, unknown>>)[key]
    if (part !== undefined && !isPlain(part, depth + 1)) return false
  }
  return true
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
