// Draws messages: whatever a schema of the wire allows, at its limits more often than in the middle.
import fc, { type Arbitrary } from 'fast-check'
import type { MessageTable } from '../../src/protocol/messages.js'
import type { Schema } from '../protocol/tables.js'

/** Lists are drawn short: their limit has a test of its own. */
const ITEMS_MAX = 3
const WHOLE_MAX = Number.MAX_SAFE_INTEGER

export type Json = Readonly<Record<string, unknown>>

/** Text with everything in it that has ever broken a line: controls, separators of lines, quotes, astral characters. */
const hostileText = (maxLength: number): Arbitrary<string> =>
  fc.string({
    unit: fc.oneof(fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }), fc.constantFrom(...ODD)),
    maxLength,
  })
const ODD = [
  '\n',
  '\r',
  '\0',
  '\u2028',
  '\u2029',
  '"',
  '\\',
  '{',
  '}',
  '\u007f',
  '\ufeff',
  '\u{1f600}',
  '\u0301',
  '__proto__',
]

export function valueFor(schema: Schema): Arbitrary<unknown> {
  if (schema.const !== undefined) return fc.constant(schema.const)
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum)
  if (schema.anyOf !== undefined) return fc.oneof(...schema.anyOf.map(valueFor))
  if (schema.items !== undefined) {
    return fc.array(valueFor(schema.items), { maxLength: Math.min(ITEMS_MAX, schema.maxItems ?? ITEMS_MAX) })
  }
  if (schema.properties !== undefined) return objectOf(schema)
  if (schema.type === 'boolean') return fc.boolean()
  if (schema.type === 'string') return textOf(schema)
  const { minimum: min = -WHOLE_MAX, maximum: max = WHOLE_MAX } = schema
  return fc.oneof(fc.constantFrom(min, max), fc.integer({ min, max }))
}

function objectOf({ properties = {}, required = [] }: Schema): Arbitrary<Json> {
  const fields = Object.entries(properties).map(([name, field]) => [name, valueFor(field)] as const)
  return fc.record(Object.fromEntries(fields), { requiredKeys: [...required], noNullPrototype: true })
}

function textOf({ pattern, minLength = 0, maxLength }: Schema): Arbitrary<string> {
  if (pattern === undefined) {
    const full =
      maxLength === undefined ? [] : [fc.constantFrom('x', '\u{1f600}').map((unit) => unit.repeat(maxLength))]
    return fc.oneof(hostileText(Math.min(maxLength ?? 40, 40)), ...full)
  }
  const fits = (text: string): boolean => text.length >= minLength && text.length <= (maxLength ?? text.length)
  const full = maxLength === undefined ? [] : [fc.constant('x'.repeat(maxLength))]
  return fc.oneof(fc.stringMatching(new RegExp(pattern)).filter(fits), ...full)
}

/** Any message that a table allows. */
export function messageOf(table: MessageTable): Arbitrary<Json> {
  return fc.oneof(...Object.values(table).map((schema) => objectOf(schema as Schema)))
}

/** Where the bytes of something are cut into chunks. */
export function cutsOf(bytesMax: number): Arbitrary<readonly number[]> {
  return fc.array(fc.nat(bytesMax), { maxLength: 12 })
}

export function cutAt(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const at = [...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b)
  return at.map((end, index) => bytes.subarray(at[index - 1] ?? 0, end))
}
