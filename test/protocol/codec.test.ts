import t from 'tap'
import { MessageReader, type Received } from '../../src/protocol/codec.js'
import { lineOf } from '../../src/protocol/json.js'
import {
  DEPTH_MAX,
  LINE_BYTES_MAX,
  MASTER_TO_WORKER_MESSAGES,
  type MessageTable,
  PAYLOAD_BYTES_MAX,
  WORKER_MESSAGES,
} from '../../src/protocol/messages.js'

const LEASE = { id: 't-1', lease: 'l-1' }

interface ReadAll {
  readonly messages: readonly unknown[]
  readonly unsupported: readonly unknown[]
  readonly fault?: string
}

/** Feeds the bytes in chunks of `step`, also behind a fault, and gathers what comes. */
function readAll(
  bytes: string | Buffer,
  step = Number.POSITIVE_INFINITY,
  accepts: MessageTable = MASTER_TO_WORKER_MESSAGES,
): ReadAll {
  const reader = new MessageReader(accepts)
  const received: Received[] = []
  const buffer = typeof bytes === 'string' ? Buffer.from(bytes) : bytes
  for (let at = 0; at < buffer.length; at += Math.min(step, buffer.length)) {
    reader.push(buffer.subarray(at, at + step))
    received.push(reader.read())
  }
  const fault = received.at(-1)?.fault
  return {
    messages: received.flatMap(({ messages }) => messages),
    unsupported: received.flatMap(({ unsupported }) => unsupported),
    ...(fault && { fault: fault.message }),
  }
}

t.test('the same bytes give the same messages and the same fault, however they are cut', async (t) => {
  const good = [
    { type: 'heard', n: 1, durable: 1, later: { unknown: ['fields', 'are ignored'] } },
    { type: 'cancel', list: [{ ...LEASE, reason: 'cancelled' }] },
    { type: 'drain', graceMs: 30_000 },
  ]
  const lines = Buffer.concat(good.map((message) => lineOf(message)))
  const endings = ['', '{"type":"heard","n":-1}\n{"type":"drain","graceMs":1}\n', '{"type":"drain",}\n{}\n', 'GET /\n']
  for (const ending of endings) {
    const bytes = Buffer.concat([lines, Buffer.from(ending)])
    const whole = readAll(bytes)
    t.same(whole.messages, good, 'what stands before a fault is delivered')
    t.equal(whole.fault === undefined, ending === '')
    for (let step = 1; step < bytes.length; step += 1) t.same(readAll(bytes, step), whole)
  }
})

t.test('one bad line closes', async (t) => {
  const bad: Record<string, readonly [string, RegExp]> = {
    'invalid JSON': ['{"type":"heard","n":1,"durable":1', /not JSON/],
    'two values on a line': ['{"type":"drain","graceMs":1}{}', /not JSON/],
    'a byte order mark': ['\ufeff{"type":"drain","graceMs":1}', /begin with/],
    'no type': ['{"n":1}', /no type/],
    'a type that is no text': ['{"type":1}', /no type/],
    'a missing field': ['{"type":"heard","n":1}', /^heard: .*durable/],
    'a wrong field': ['{"type":"drain","graceMs":"soon"}', /^drain: \/graceMs must be/],
    'a fraction': ['{"type":"drain","graceMs":1.5}', /graceMs/],
    'a list that is too long': [
      JSON.stringify({ type: 'cancel', list: Array.from({ length: 1_001 }, () => ({ ...LEASE, reason: 'stale' })) }),
      /list/,
    ],
  }
  for (const [name, [line, fault]] of Object.entries(bad)) {
    t.match(readAll(`${line}\n{"type":"drain","graceMs":1}\n`), { messages: [], fault }, name)
  }
})

t.test('__proto__ is refused wherever it stands, and however it is written', async (t) => {
  const refused = { messages: [], fault: /__proto__/ }
  t.match(readAll('{"type":"drain","graceMs":1,"__proto__":{"x":1}}\n'), refused)
  t.match(readAll('{"type":"drain","graceMs":1,"\\u005f_proto__":1}\n'), refused)
  t.match(readAll('{"type":"drain","graceMs":1,"x":[{"__proto__":1}]}\n'), refused)
  t.match(
    readAll('{"type":"drain","graceMs":1,"x":"__proto__"}\n').messages,
    [{ x: '__proto__' }],
    'as a text it is one',
  )
})

t.test('nesting', async (t) => {
  const nested = (depth: number): string =>
    `{"type":"drain","graceMs":1,"x":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}\n`
  t.equal(readAll(nested(DEPTH_MAX)).fault, undefined)
  t.match(readAll(nested(DEPTH_MAX + 1)).fault, /deeper than 64/)
  t.match(readAll(nested(500_000)).fault, /deeper than 64/)
  t.match(readAll(`${'{"a":'.repeat(500_000)}1${'}'.repeat(500_000)}\n`).fault, /deeper than 64/)
  t.match(readAll(`{"a":${'['.repeat(500_000)}\n`).fault, /not JSON/)
})

t.test('an unknown type is no fault: it is answered, and what comes behind it is read', async (t) => {
  const all = readAll(
    '{"type":"sing","re":7}\n{"type":"constructor"}\n{"type":"__proto__","re":-1}\n{"type":"drain","graceMs":1}\n',
  )
  t.same(all.unsupported, [
    { type: 'unsupported', what: 'sing', re: 7 },
    { type: 'unsupported', what: 'constructor' },
    { type: 'unsupported', what: '__proto__' },
  ])
  t.same(all.messages, [{ type: 'drain', graceMs: 1 }])
  const [answer] = readAll(`{"type":"${'x'.repeat(1_000)}"}\n`).unsupported
  t.equal((answer as { what: string }).what.length, 128)
})

t.test('a payload is measured in bytes of UTF-8', async (t) => {
  const results = (result: string): string =>
    `${JSON.stringify({ type: 'results', list: [{ ...LEASE, outcome: 'completed', result }] })}\n`
  const read = (result: string) => readAll(results(result), undefined, WORKER_MESSAGES)
  t.equal(read('x'.repeat(PAYLOAD_BYTES_MAX)).fault, undefined)
  t.equal(read('€'.repeat(Math.floor(PAYLOAD_BYTES_MAX / 3))).fault, undefined)
  t.match(read('x'.repeat(PAYLOAD_BYTES_MAX + 1)).fault, /results/)
  t.match(read('€'.repeat(Math.ceil(PAYLOAD_BYTES_MAX / 3))).fault, /results/)
})

t.test('a line of 8 MiB, in large and in small chunks', async (t) => {
  const head = '{"type":"drain","graceMs":1,"pad":"'
  const line = `${head}${'x'.repeat(LINE_BYTES_MAX - head.length - 3)}"}\n`
  t.equal(Buffer.byteLength(line), LINE_BYTES_MAX)
  for (const step of [65_536, 1_024]) {
    const { messages, fault } = readAll(line, step)
    t.equal(fault, undefined)
    t.equal(messages.length, 1, `${step} bytes a chunk`)
  }
  t.match(readAll(`${head}x${line.slice(head.length)}`, 65_536), { messages: [], fault: /longer than/ })
})

t.test('what is written is one line of UTF-8, and never too long', async (t) => {
  const message = { type: 'drain', graceMs: 1, text: 'a\nb\r\u2028 \ud800 €' }
  const line = lineOf(message)
  t.equal(line.indexOf('\n'), line.length - 1)
  t.same(readAll(line).messages, [message])
  t.throws(() => lineOf({ pad: 'x'.repeat(LINE_BYTES_MAX) }), { code: 'too_large' })
  t.equal(String(lineOf({ a: 1 })), '{"a":1}\n', 'and goes on after it')
})
