// Lists as columns: what is written so says the same, what says nothing good closes, and a short line stays small.
import { readFileSync } from 'node:fs'
import t from 'tap'
import { MessageReader } from '../../src/protocol/codec.js'
import { withColumns, withList } from '../../src/protocol/columns.js'
import type { JsonObject } from '../../src/protocol/json.js'
import { lineOf } from '../../src/protocol/json.js'
import {
  COLUMN_CHARS_MAX,
  COLUMNS_MAX,
  LIST_MAX,
  MASTER_TO_WORKER_MESSAGES,
  WORKER_MESSAGES,
} from '../../src/protocol/messages.js'

const LEASES = Array.from({ length: 20 }, (_, n) => ({ id: `t-${n}`, lease: `l-${n}` }))
const GOOD = { count: 2, all: { id: 't' }, each: { lease: ['a', 'b'] } }

function crossed(message: object): JsonObject {
  return JSON.parse(String(lineOf(withColumns(message)))) as JsonObject
}

/** What a worker's master makes of it. */
function read(columns: unknown, more: object = {}) {
  const reader = new MessageReader(WORKER_MESSAGES)
  reader.push(Buffer.from(`${JSON.stringify({ type: 'started', columns, ...more })}\n`))
  const { messages, fault } = reader.read()
  return fault === undefined ? messages[0] : fault.message
}

t.test('many of one kind are columns, and come back as they were', async (t) => {
  const list = LEASES.map((lease, n) => ({
    ...lease,
    outcome: 'completed',
    result: '{"ok":true}',
    n,
    odd: n % 2 === 1,
  }))
  const line = crossed({ type: 'results', ahead: 3, list })
  t.match(line, {
    type: 'results',
    ahead: 3,
    list: undefined,
    columns: { count: 20, all: { outcome: 'completed', result: '{"ok":true}' }, each: { n: list.map(({ n }) => n) } },
  })
  t.same(withList(line), { type: 'results', ahead: 3, list })
  t.ok(JSON.stringify(line).length < JSON.stringify({ type: 'results', ahead: 3, list }).length / 2)
})

t.test('a list that columns cannot say stays one', async (t) => {
  const stays = (list: unknown[], why: string) => t.same(crossed({ list }), JSON.parse(JSON.stringify({ list })), why)
  const [first, ...rest] = LEASES
  stays(LEASES.slice(0, 7), 'few')
  stays(
    LEASES.map(() => ({})),
    'without fields',
  )
  stays([...rest, { ...first, more: 1 }], 'one has more')
  stays([...rest, { id: 'x' }], 'one has less')
  stays([...rest, { id: 'x', other: 'y' }], 'one has another')
  stays([...rest, { id: 'x', lease: undefined }], 'one has none')
  stays([...rest, null], 'one is none')
  stays([...rest, 'a text'], 'one is a text')
  stays([...rest, [1, 2]], 'one is a list')
  stays([first!.id, ...rest], 'the first is a text')
  stays(
    LEASES.map(() => ({ id: 't' })),
    'all are the same',
  )
  stays(
    LEASES.map(({ id }) => ({ id, 'a-name': 1 })),
    'a name of other than letters',
  )
  stays(
    LEASES.map(({ id }, n) => (n > 3 ? { id, constructor: 1 } : { id, toString: 1 })),
    'what every object has',
  )
  stays(
    Array.from({ length: LIST_MAX + 1 }, (_, n) => ({ n })),
    'too many',
  )
  stays(
    LEASES.map((_, n) =>
      Object.fromEntries(Array.from({ length: COLUMNS_MAX + 1 }, (_, at) => [`f${'x'.repeat(at)}`, n])),
    ),
    'too many fields',
  )
})

t.test('what is long or is no scalar is never shared', async (t) => {
  const long = 'x'.repeat(COLUMN_CHARS_MAX + 1)
  const log = { at: 0, text: 'said' }
  const list = LEASES.map(({ id }) => ({ id, long, log, none: null, short: long.slice(1) }))
  const { columns } = crossed({ list }) as { columns: { all: object; each: object } }
  t.same(Object.keys(columns.all), ['none', 'short'])
  t.same(Object.keys(columns.each), ['id', 'long', 'log'])
  t.same(withList({ columns }).list, list)
})

t.test('columns that are none close', async (t) => {
  t.same(read(GOOD), {
    type: 'started',
    list: [
      { id: 't', lease: 'a' },
      { id: 't', lease: 'b' },
    ],
  })
  const bad: Record<string, readonly [unknown, RegExp]> = {
    'no object': [[], /incomplete/],
    null: [null, /incomplete/],
    'nothing shared': [{ count: 2, each: GOOD.each }, /incomplete/],
    'lists for what is shared': [{ ...GOOD, all: [] }, /incomplete/],
    'no count': [{ ...GOOD, count: undefined }, /count/],
    'a count of none': [{ ...GOOD, count: 0, each: { lease: [] } }, /count/],
    'a fraction': [{ ...GOOD, count: 1.5 }, /count/],
    'too many': [{ count: LIST_MAX + 1, all: {}, each: { lease: Array(LIST_MAX + 1).fill('a') } }, /count/],
    'too short': [{ ...GOOD, count: 3 }, /as long as/],
    'too long': [{ ...GOOD, count: 1 }, /as long as/],
    'a text for a list': [{ ...GOOD, each: { lease: 'ab' } }, /as long as/],
    'nothing of its own': [{ count: 1_000, all: { id: 't', lease: 'a' }, each: {} }, /of its own/],
    'a long text for all': [{ ...GOOD, all: { id: 'x'.repeat(COLUMN_CHARS_MAX + 1) } }, /at most 128/],
    'an object for all': [{ ...GOOD, all: { id: {} } }, /at most 128/],
    'one in both places': [{ ...GOOD, all: { id: 't', lease: 'x' } }, /both/],
    'code for a name': [{ ...GOOD, each: { ...GOOD.each, 'x: process.exit(9), y': [1, 2] } }, /letters/],
    'two names in one': [{ ...GOOD, all: {}, each: { 'id,lease': ['a', 'b'] } }, /letters/],
    'a name that is empty': [{ ...GOOD, all: { ...GOOD.all, '': 1 } }, /letters/],
    'what every object has': [{ ...GOOD, all: { ...GOOD.all, constructor: 1 } }, /letters/],
    'too many fields': [
      { ...GOOD, all: Object.fromEntries(Array.from({ length: COLUMNS_MAX }, (_, at) => ['x'.repeat(at + 1), 1])) },
      /more than 64/,
    ],
    'a field of the wrong shape': [{ ...GOOD, all: { id: 7 } }, /^started: /],
    'a field that is missing': [{ ...GOOD, all: {} }, /^started: .*id/],
  }
  for (const [name, [columns, fault]] of Object.entries(bad)) t.match(read(columns), fault, name)
  t.match(read(GOOD, { list: [] }), /a list and columns/)
  t.match(read(JSON.parse('{"count":1,"all":{"__proto__":1},"each":{"id":["a"]}}')), /__proto__/)
})

t.test('ever new shapes are read, and nothing is kept of them', async (t) => {
  const before = process.memoryUsage().heapUsed
  const letters = (n: number): string =>
    [...n.toString(26)].map((digit) => String.fromCharCode(97 + Number.parseInt(digit, 26))).join('')
  for (let n = 0; n < 3_000; n += 1) {
    const each = { id: ['a'], lease: ['b'], [`x${letters(n)}`]: [n] }
    t.match(read({ count: 1, all: {}, each }), { list: [{ id: 'a', lease: 'b', [`x${letters(n)}`]: n }] })
  }
  t.ok(process.memoryUsage().heapUsed - before < 100 * 1024 * 1024)
})

t.test('the document says what is so', async (t) => {
  const document = readFileSync(new URL('../../../src/protocol/PROTOCOL.md', import.meta.url), 'utf8')
  const [, example = ''] = /^### 1\.1 .*?```json\n(.*?)\n```/ms.exec(document) ?? []
  const lines = example.split('\n').map((line) => JSON.parse(line) as JsonObject)
  t.equal(lines.length, 2)
  const heard = lines.map((line) => {
    const reader = new MessageReader(MASTER_TO_WORKER_MESSAGES)
    reader.push(lineOf(line))
    return reader.read().messages
  })
  t.same(heard[0], heard[1])
  t.equal(heard[0]?.length, 1)
  const inherited = Object.getOwnPropertyNames(Object.prototype).filter((name) => /^[A-Za-z]+$/.test(name))
  t.same(
    inherited.filter((name) => !document.includes(`\`${name}\``)),
    [],
    'the names that are refused',
  )
})
