// Every message type against its checker: what its schema allows passes and survives the wire, and nothing else does.
import fc, { type Arbitrary } from 'fast-check'
import { MessageReader } from '../../src/protocol/codec.js'
import { lineOf } from '../../src/protocol/json.js'
import {
  CLIENT_MESSAGES,
  MASTER_TO_CLIENT_MESSAGES,
  MASTER_TO_WORKER_MESSAGES,
  type MessageTable,
  WORKER_MESSAGES,
} from '../../src/protocol/messages.js'
import type { Schema } from '../protocol/tables.js'
import { holds, same } from './holds.js'
import { type Json, valueFor } from './values.js'

const TABLES: Readonly<Record<string, MessageTable>> = {
  'worker to master': WORKER_MESSAGES,
  'master to worker': MASTER_TO_WORKER_MESSAGES,
  'client to master': CLIENT_MESSAGES,
  'master to client': MASTER_TO_CLIENT_MESSAGES,
}
const RUNS = 40

function read(table: MessageTable, line: Buffer | string) {
  const reader = new MessageReader(table)
  reader.push(Buffer.from(line))
  return reader.read()
}

/** What the checker makes of it. */
function heard(table: MessageTable, message: unknown): unknown {
  const { messages, fault } = read(table, lineOf(message as object))
  return fault === undefined ? messages[0] : undefined
}

type Path = readonly (string | number)[]

/** The objects of a message, each with its path and the fields that its schema requires. */
function objectsIn(schema: Schema, value: unknown, path: Path = []): { path: Path; schema: Schema }[] {
  if (schema.anyOf !== undefined) {
    const taken = schema.anyOf.find((option) => option.properties?.outcome?.const === (value as Json).outcome)
    return taken === undefined ? [] : objectsIn(taken, value, path)
  }
  if (Array.isArray(value)) {
    return value.flatMap((item, index) => objectsIn(schema.items ?? {}, item, [...path, index]))
  }
  if (schema.properties === undefined) return []
  const inner = Object.entries(schema.properties).flatMap(([name, field]) => {
    const given = (value as Json)[name]
    return given === undefined ? [] : objectsIn(field, given, [...path, name])
  })
  return [{ path, schema }, ...inner]
}

/** A copy in which the object at `path` was changed. */
function changed(message: unknown, path: Path, change: (object: Record<string, unknown>) => void): unknown {
  const copy = structuredClone(message)
  let at = copy as Record<string | number, unknown>
  for (const step of path) at = at[step] as typeof at
  change(at)
  return copy
}

/** Values of other types, none of which a field of this schema takes. */
function mistyped(schema: Schema): Arbitrary<unknown> {
  const wrong: unknown[] = [null, {}, [null]]
  if (schema.type !== 'boolean') wrong.push(true)
  if (schema.type === 'integer') wrong.push('1', 1.5)
  if (schema.maximum !== undefined) wrong.push(-1e300, schema.maximum + 1, 2 ** 64)
  if (schema.type !== 'integer' && schema.type !== 'number' && typeof schema.const !== 'number') wrong.push(7)
  if (schema.type !== 'string' && schema.const === undefined && schema.enum === undefined) wrong.push('x')
  return fc.constantFrom(
    ...(schema.properties === undefined ? wrong : wrong.filter((each) => JSON.stringify(each) !== '{}')),
  )
}

/** One object of a message, and one of its fields. */
function fieldIn(
  schema: Schema,
  message: unknown,
): Arbitrary<{ path: Path; name: string; field: Schema; required: boolean }> {
  const fields = objectsIn(schema, message).flatMap(({ path, schema: object }) =>
    Object.entries(object.properties ?? {}).map(([name, field]) => {
      return { path, name, field, required: object.required?.includes(name) === true }
    }),
  )
  return fc.constantFrom(...fields)
}

for (const [direction, table] of Object.entries(TABLES)) {
  for (const [type, typebox] of Object.entries(table)) {
    const schema = typebox as Schema
    const message = valueFor(schema) as Arbitrary<Json>
    const unknownField = fc.constantFrom('later', 'constructor', 'prototype', 'toString', 'hasOwnProperty', '_proto__')
    const place = message.chain((each) =>
      fieldIn(schema, each).chain((where) =>
        fc.record({ message: fc.constant(each), where: fc.constant(where), wrong: mistyped(where.field) }),
      ),
    )

    holds(
      `${direction}, ${type}: what is allowed passes, and unknown fields beside it change nothing`,
      fc.property(place, unknownField, fc.jsonValue({ maxDepth: 3 }), ({ message, where }, name, value) => {
        same(heard(table, message), message)
        const more = changed(message, where.path, (object) =>
          Object.defineProperty(object, name, { value, enumerable: true }),
        )
        if (!JSON.stringify(value).includes('__proto__')) same(heard(table, more), more)
      }),
      RUNS,
    )

    holds(
      `${direction}, ${type}: no field may be missing, or of another type`,
      fc.property(place, ({ message, where: { path, name, required }, wrong }) => {
        const without = changed(message, path, (object) => delete object[name])
        if (required && heard(table, without) !== undefined)
          throw new Error(`passed without ${[...path, name].join('.')}`)
        const other = changed(message, path, (object) => {
          object[name] = wrong
        })
        if (heard(table, other) !== undefined)
          throw new Error(`passed with ${JSON.stringify(wrong)} as ${[...path, name].join('.')}`)
      }),
      RUNS,
    )

    holds(
      `${direction}, ${type}: __proto__ closes, wherever it stands`,
      fc.property(place, ({ message, where: { path } }) => {
        const marked = changed(message, path, (object) => {
          object.MARK = { polluted: true }
        })
        const line = JSON.stringify(marked).replace('"MARK"', '"__proto__"')
        const { messages, fault } = read(table, `${line}\n`)
        if (messages.length > 0 || !fault?.message.includes('__proto__')) throw new Error(`passed: ${line}`)
        if ('polluted' in {}) throw new Error('every object is polluted')
      }),
      RUNS,
    )
  }
}
