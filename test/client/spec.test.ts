import t from 'tap'
import { idOfKey, lineBytesOf, readMs, specOf, type TaskOptions } from '../../src/client/spec.js'
import { PAYLOAD_BYTES_MAX } from '../../src/protocol/messages.js'

const ID = '01a1fdab-8db1-721f-a14b-f17bb047af09'

t.test('what a user writes becomes what the wire says', async (t) => {
  const options = { priority: 3, delay: '10s', retries: 2, timeout: 1_500, expires: '1h', queue: 'q', meta: { a: 1 } }
  t.same(specOf('echo', { b: 2 }, options, ID), {
    id: ID,
    type: 'echo',
    payload: '{"b":2}',
    queue: 'q',
    priority: 3,
    delayMs: 10_000,
    maxAttempts: 3,
    timeoutMs: 1_500,
    expiresMs: 3_600_000,
    meta: '{"a":1}',
  })
  t.same(specOf('echo', undefined, {}, ID), { id: ID, type: 'echo', payload: 'null' })
  t.same(specOf('echo', Buffer.from('hi'), {}, ID), { id: ID, type: 'echo', payload: 'aGk=', encoding: 'base64' })
})

t.test('P2: the same key is the same id, whatever the rest', async (t) => {
  t.equal(specOf('a', 1, { key: 'k' }, ID).id, specOf('b', 2, { key: 'k' }, ID).id)
  t.not(idOfKey('k'), idOfKey('l'))
  t.throws(() => idOfKey(''), { code: 'bad_input' })
  t.throws(() => idOfKey('k\ud800'), { code: 'bad_input', message: /^key: / })
})

t.test('bad input is named before anything leaves', async (t) => {
  const circular: { self?: unknown } = {}
  circular.self = circular
  const refused: readonly (readonly [RegExp, () => unknown])[] = [
    [/^type: "a b"/, () => specOf('a b', 1, {}, ID)],
    [/^priority: 1.5/, () => specOf('a', 1, { priority: 1.5 }, ID)],
    [/^retries: -1/, () => specOf('a', 1, { retries: -1 }, ID)],
    [/^timeout: 0/, () => specOf('a', 1, { timeout: 0 }, ID)],
    [/^delay: "10" is not a duration/, () => specOf('a', 1, { delay: '10' }, ID)],
    [/^expires: NaN/, () => specOf('a', 1, { expires: Number.NaN }, ID)],
    [/^payload: cannot be written as JSON/, () => specOf('a', circular, {}, ID)],
    [/^payload: a BigInt/, () => specOf('a', 1n, {}, ID)],
    [/^payload: a function/, () => specOf('a', () => 1, {}, ID)],
    [/^description/, () => specOf('a', 1, { description: 'x'.repeat(1_001) }, ID)],
  ]
  for (const [message, attempt] of refused) t.throws(attempt, { code: 'bad_input', message })
  t.equal(readMs(undefined, 'delay'), undefined)
})

t.test('an option that is not known is refused, with those that are', async (t) => {
  const options = { retires: 0 } as TaskOptions
  t.throws(() => specOf('a', 1, options, ID), { code: 'bad_input', message: /retires/, hint: /retries/ })
})

t.test('the limit of a payload is one of bytes, and exact', async (t) => {
  const fits = 'x'.repeat(PAYLOAD_BYTES_MAX - 2)
  t.equal(specOf('a', fits, {}, ID).payload.length, PAYLOAD_BYTES_MAX)
  t.throws(() => specOf('a', `${fits}x`, {}, ID), { code: 'too_large', message: /1048577 bytes .* 1048576/ })
  t.throws(() => specOf('a', 'ä'.repeat(PAYLOAD_BYTES_MAX / 2), {}, ID), { code: 'too_large' })
})

t.test('the bound of a line holds for text that is all escapes', async (t) => {
  const task = specOf(
    'a',
    '"\\'.repeat(1_000),
    { description: '\u0001'.repeat(1_000), meta: { q: '"'.repeat(99) } },
    ID,
  )
  t.ok(lineBytesOf(task) >= Buffer.byteLength(JSON.stringify(task)))
})
