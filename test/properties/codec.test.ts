// The codec against a reader that is as simple as can be: all bytes at once, one line after the other.
import { deepStrictEqual } from 'node:assert'
import { isUtf8 } from 'node:buffer'
import fc from 'fast-check'
import { checkerOf } from '../../src/protocol/checker.js'
import { MessageReader } from '../../src/protocol/codec.js'
import { withColumns } from '../../src/protocol/columns.js'
import { lineOf } from '../../src/protocol/json.js'
import { LineReader } from '../../src/protocol/lines.js'
import {
  CLIENT_MESSAGES,
  DEPTH_MAX,
  MASTER_TO_CLIENT_MESSAGES,
  MASTER_TO_WORKER_MESSAGES,
  type MessageTable,
  WORKER_MESSAGES,
} from '../../src/protocol/messages.js'
import type { Schema } from '../protocol/tables.js'
import { holds, same } from './holds.js'
import { cutAt, cutsOf, type Json, messageOf, valueFor } from './values.js'

interface Heard {
  readonly messages: readonly unknown[]
  readonly unsupported: readonly unknown[]
  readonly faulty: boolean
}

const TABLES = [WORKER_MESSAGES, MASTER_TO_WORKER_MESSAGES, CLIENT_MESSAGES, MASTER_TO_CLIENT_MESSAGES]
const CUTS = cutsOf(5_000)

function hear(table: MessageTable, chunks: readonly Buffer[]): Heard {
  const reader = new MessageReader(table)
  const received = chunks.map((chunk) => {
    reader.push(chunk)
    return reader.read()
  })
  return {
    messages: received.flatMap(({ messages }) => messages),
    unsupported: received.flatMap(({ unsupported }) => unsupported),
    faulty: received.at(-1)?.fault !== undefined,
  }
}

/** What these bytes mean by PROTOCOL.md 1, read line by line. */
function meant(table: MessageTable, bytes: Buffer): Heard {
  const messages: unknown[] = []
  const unsupported: unknown[] = []
  let rest = bytes
  while (rest.length > 0) {
    if (rest[0] !== 0x7b) return { messages, unsupported, faulty: true }
    const end = rest.indexOf(0x0a)
    if (end < 0) break
    const row = parsed(rest.subarray(0, end))
    rest = rest.subarray(end + 1)
    if (row === undefined || typeof row.type !== 'string') return { messages, unsupported, faulty: true }
    if (!Object.hasOwn(table, row.type)) {
      const re = Number.isSafeInteger(row.re) && Number(row.re) >= 0 ? { re: row.re } : {}
      unsupported.push({ type: 'unsupported', what: row.type.slice(0, 128), ...re })
      continue
    }
    try {
      checkerOf(table).check(row)
    } catch {
      return { messages, unsupported, faulty: true }
    }
    messages.push(row)
  }
  return { messages, unsupported, faulty: false }
}

function parsed(line: Buffer): Json | undefined {
  if (!isUtf8(line)) return undefined
  try {
    const row = JSON.parse(String(line)) as Json
    return isDeep(row, 1) || /"(_|\\u005f){2}proto(_|\\u005f){2}"\s*:/i.test(String(line)) ? undefined : row
  } catch {
    return undefined
  }
}

function isDeep(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return depth > DEPTH_MAX || Object.values(value).some((inner) => isDeep(inner, depth + 1))
}

function bytesOf(messages: readonly Json[]): Buffer {
  return Buffer.concat(messages.map((message) => lineOf(message)))
}

const CONVERSATION = fc.oneof(
  ...TABLES.map((table) =>
    fc.record({ table: fc.constant<MessageTable>(table), messages: fc.array(messageOf(table), { maxLength: 4 }) }),
  ),
)

holds(
  'any messages, cut into any chunks, come back as they were',
  fc.property(CONVERSATION, CUTS, ({ table, messages }, cuts) => {
    same(hear(table, cutAt(bytesOf(messages), cuts)), { messages, unsupported: [], faulty: false })
  }),
  400,
)

/** A message whose list is long, and its entries as alike as those of a batch, or not. */
const LONG = fc.oneof(
  ...TABLES.flatMap((table) =>
    Object.values(table as Record<string, Schema>)
      .filter(({ properties }) => properties?.list?.items !== undefined)
      .map((schema) => {
        const entry = valueFor(schema.properties!.list!.items!)
        const alike = fc.tuple(
          entry,
          fc.array(fc.string({ minLength: 1, maxLength: 8 }), { minLength: 8, maxLength: 30 }),
        )
        const list = fc.oneof(
          fc.array(entry, { minLength: 8, maxLength: 30 }),
          alike.map(([one, marks]) => marks.map((mark) => ({ ...(one as Json), mark }))),
        )
        return fc.record({ table: fc.constant<MessageTable>(table), message: valueFor(schema), list })
      }),
  ),
)
let asColumns = 0
holds(
  'a long list says the same as columns, cut into any chunks',
  fc.property(LONG, CUTS, ({ table, message, list }, cuts) => {
    const whole = { ...(message as Json), list }
    const written = withColumns(whole)
    if ('columns' in written) asColumns += 1
    const heard = hear(table, cutAt(lineOf(written), cuts))
    deepStrictEqual(heard, hear(table, [lineOf(whole)]))
  }),
  400,
  (t) => t.ok(asColumns > 100, `${asColumns} as columns`),
)

let [closed, changed] = [0, 0]
holds(
  'of a single wrong byte nothing is made but what it says: what stands before counts, and then it closes or is valid',
  fc.property(CONVERSATION, CUTS, fc.nat(), fc.nat(255), ({ table, messages }, cuts, at, byte) => {
    const bytes = bytesOf(messages)
    if (bytes.length === 0) return
    const place = at % bytes.length
    const before = bytes.subarray(0, place).reduce((lines, each) => lines + (each === 0x0a ? 1 : 0), 0)
    bytes[place] = byte
    const heard = hear(table, cutAt(bytes, cuts))
    same(heard, meant(table, bytes))
    same(heard.messages.slice(0, before), messages.slice(0, before))
    if (heard.faulty) closed += 1
    else changed += 1
  }),
  2_000,
  (t) => t.ok(closed > 100 && changed > 20, `${closed} closed, ${changed} valid`),
)

const SCRAPS = [
  '{',
  '}',
  '"',
  ':',
  ',',
  '\n',
  '\r\n',
  '[',
  ']',
  '1',
  'null',
  '"type"',
  '"drain"',
  '"graceMs"',
  '\\u005f',
  '_proto__',
  '\xff',
]
holds(
  'any bytes mean the same however they come, and never throw',
  fc.property(
    fc.array(fc.oneof(fc.constantFrom(...SCRAPS), fc.string({ unit: 'binary' })), { maxLength: 30 }),
    CUTS,
    (scraps, cuts) => {
      const bytes = Buffer.from(`{"type":"drain","graceMs":1}\n{${scraps.join('')}`, 'latin1')
      same(hear(MASTER_TO_WORKER_MESSAGES, cutAt(bytes, cuts)), meant(MASTER_TO_WORKER_MESSAGES, bytes))
    },
  ),
  2_000,
)

holds(
  'a line is let through at its limit, newline included, and not one byte beyond it',
  fc.property(fc.integer({ min: 2, max: 5_000 }), fc.integer({ min: -3, max: 3 }), CUTS, (bytesMax, more, cuts) => {
    const length = Math.max(2, bytesMax + more)
    const line = Buffer.from(`{${'x'.repeat(length - 2)}\n`)
    const reader = new LineReader()
    let came: Buffer | undefined
    const read = (): void => {
      for (const chunk of cutAt(line, cuts)) {
        reader.push(chunk)
        came ??= reader.next(bytesMax)
      }
    }
    if (length <= bytesMax) {
      read()
      same(came?.toString(), line.toString())
      return
    }
    try {
      read()
    } catch {
      return
    }
    throw new Error(`${length} bytes came through a limit of ${bytesMax}`)
  }),
  500,
)
