// What a program gets wrong in plain JavaScript: the error names the field, its limit and what to do, and nothing is sent.
import t from 'tap'
import { Client } from '../../src/client/client.js'
import { jsonText } from '../../src/client/json.js'
import { systemClock } from '../../src/clock.js'
import { connect, startCluster, startMaster, startWorker } from '../../src/index.js'
import type { Connection } from '../../src/net/connection.js'
import { makeSecret, readKey } from '../../src/protocol/key.js'

/** A client whose master only counts what it hears. */
async function quiet(): Promise<{
  client: Record<string, (...args: unknown[]) => unknown>
  heard: unknown[]
  close(): void
}> {
  const heard: unknown[] = []
  const peer = { role: 'master', incarnation: 'm', keyId: 'k', remote: 'r', local: 'l' } as const
  const connection: Connection = {
    ...{ peer, queuedBytes: 0, flush() {}, destroy() {}, open() {}, end() {} },
    send: (message) => void heard.push(message),
  }
  const client = new Client({
    identity: { role: 'client', incarnation: 'client#1', key: readKey(makeSecret()) },
    locate: () => ({ host: '127.0.0.1', port: 1 }),
    mayCome: () => true,
    dial: async () => ({ kind: 'connected', connection }),
    clock: systemClock,
    random: Math.random,
    connectMs: undefined,
    reconnectMs: undefined,
  })
  await client.start()
  return { client: client as never, heard, close: () => client.close() }
}

const ID = '01a1fdab-8db1-721f-a14b-f17bb047af09'

t.test('the client: each call names what is wrong, and nothing is sent', async (t) => {
  const { client, heard, close } = await quiet()
  const wrong: readonly (readonly [call: string, args: readonly unknown[], message: RegExp])[] = [
    ['submit', [5], /^type: 5 must be string/],
    ['submit', [undefined], /^type: /],
    ['submit', ['echo', 1, 5], /^options: 5 is not an object/],
    ['submit', ['echo', 1, null], /^options: null is not an object/],
    ['submit', ['echo', 1, { retires: 3 }], /^unknown option retires; did you mean retries\?/],
    ['submit', ['echo', 1, { retries: 'a' }], /^retries: "a" is not a whole number from 0 to 999/],
    ['submit', ['echo', 1, { retries: {} }], /^retries: an object is not a whole number/],
    ['submit', ['echo', 1, { priority: 'high' }], /^priority: "high"/],
    ['submit', ['echo', 1, { timeout: {} }], /^timeout: an object is not a number of milliseconds/],
    ['submit', ['echo', 1, { timeout: true }], /^timeout: true is not/],
    ['submit', ['echo', 1, { delay: null }], /^delay: null is not/],
    ['submit', ['echo', 1, { busyFor: [] }], /^busyFor: a list is not/],
    ['submit', ['echo', 1, { key: 5 }], /^key: 5 is not a text/],
    ['submit', ['echo', 1, { queue: 5 }], /^queue: 5/],
    ['submit', ['echo', 1, { description: 5 }], /^description: 5/],
    ['submit', ['echo', 1, { meta: 'x' }], /^meta: "x" is not an object/],
    ['submit', ['echo', 1, { meta: { a: 1n } }], /^meta: field "a" is a BigInt/],
    ['submit', ['echo', 1, { signal: 5 }], /^signal: 5 is not an AbortSignal/],
    ['submit', ['echo', { a: { b: () => 1 } }], /^payload: field "b" is a function/],
    ['map', ['echo', 5], /^inputs: 5 is nothing that can be iterated/],
    ['map', ['echo', [1], { retires: 3 }], /^unknown option retires/],
    ['map', ['echo', [1], { retries: 'a' }], /^retries: "a"/],
    ['map', ['echo', [1], { window: 'a' }], /^window: "a" is not a whole number from 1/],
    ['task', [5], /^5 is not the id of a task/],
    ['get', [ID], /^ids: "01a1.*" is not a list of ids/],
    ['get', [[ID, 5]], /^5 is not the id/],
    ['get', [[ID], { stroy: true }], /^unknown option stroy; did you mean story\?/],
    ['cancel', [undefined], /^ids: undefined is not a list/],
    ['retry', [[{}]], /^an object is not the id/],
    ['tasks', [5], /^query: 5 is not an object/],
    ['tasks', [{ state: 'failed' }], /^unknown field state; did you mean states\?/],
    ['tasks', [{}, { limit: 'x' }], /^limit: "x" is not a number/],
    ['page', [{}, { limit: 501 }], /^limit: 501 is not a whole number from 1 to 500/],
    ['page', [{}, { after: '?' }], /^after: /],
    ['failures', [{ types: 5 }], /^types: 5 is neither/],
    ['stop', [{ graceMs: 'soon' }], /^graceMs: "soon" is not a duration/],
  ]
  for (const [call, args, message] of wrong) {
    await t.rejects(
      async () => await used(client[call]!(...args)),
      { code: 'bad_input', message },
      `${call} ${message}`,
    )
  }
  await new Promise((resolve) => setImmediate(resolve))
  t.same(heard, [])
  close()
})

/** What a generator refuses shows when it is used. */
async function used(returned: unknown): Promise<void> {
  const answer = await returned
  if (typeof answer !== 'object' || answer === null || !(Symbol.asyncIterator in answer)) return
  await (answer as AsyncGenerator).next()
}

t.test('connect and start: as the settings have it, and a secret is never repeated', async (t) => {
  const data = t.testdir()
  const wrong: readonly (readonly [(options: never) => Promise<unknown>, unknown, RegExp])[] = [
    [connect, 5, /^options: 5 is not an object/],
    [connect, { master: 5 }, /^master: 5 is not a text/],
    [connect, { master: 'nowhere', secret: makeSecret() }, /^master: "nowhere" is not host:port/],
    [connect, { mastr: 'a:1' }, /^unknown option mastr; did you mean master\?/],
    [connect, { data: 5 }, /^data: 5 is not a text/],
    [connect, { data, secret: 12_345_678 }, /^secret: it is not a text$/],
    [connect, { data, secret: 'short' }, /^the secret has 5 characters/],
    [connect, { data, connectFor: 'soon' }, /^connectFor: "soon" is not a duration/],
    [connect, { data, reconnectFor: {} }, /^reconnectFor: an object is not/],
    [connect, { data, signal: 'x' }, /^signal: "x" is not an AbortSignal/],
    [startCluster, 5, /^options: 5 is not an object/],
    [startCluster, { data, workers: 'x' }, /^workers: "x" is not a whole number from/],
    [startCluster, { data, workers: 1.5 }, /^workers: "1.5" is not a whole number/],
    [startCluster, { data, wrokers: 5 }, /wrokers/],
    [startCluster, { data, tell: 5 }, /^tell: 5 is not a function/],
    [startCluster, { data, signal: {} }, /^signal: an object is not an AbortSignal/],
    [startCluster, { data, tasks: 5 }, /^tasks: 5 is not a list of texts/],
    [startMaster, null, /^options: null is not an object/],
    [startMaster, { data, port: 'x' }, /^port: "x"/],
    [startMaster, { data, secret: 12_345_678 }, /^secret: it is not a text$/],
    [startWorker, { data, slots: 0 }, /^slots: "0" is not a whole number from 1/],
    [startWorker, { data, reloaded: 5 }, /^reloaded: 5 is not a function/],
  ]
  for (const [start, options, message] of wrong) {
    await t.rejects(start(options as never), { code: 'bad_input', message }, String(message))
  }
})

t.test('what JSON has not is refused by name rather than left out', async (t) => {
  const circle: { self?: unknown } = {}
  circle.self = circle
  let deep: unknown[] = []
  for (let depth = 0; depth < 100_000; depth += 1) deep = [deep]
  const wrong: readonly (readonly [unknown, RegExp])[] = [
    [10n, /^payload: a BigInt \(write it as a text\), which cannot be written as JSON$/],
    [{ n: 10n }, /^payload: field "n" is a BigInt/],
    [() => 1, /^payload: a function/],
    [{ a: [1, Symbol('s')] }, /^payload: item 1 of a list is a symbol/],
    [{ a: Number.NaN }, /^payload: field "a" is NaN/],
    [[Number.POSITIVE_INFINITY], /^payload: item 0 of a list is Infinity/],
    [[1, undefined], /^payload: item 1 of a list is undefined/],
    [new Map([[1, 2]]), /^payload: a Map/],
    [{ tags: new Set() }, /^payload: field "tags" is a Set/],
    [{ name: 'a\ud800' }, /^payload: field "name" is a text with half of a character/],
    [{ ['x'.repeat(500)]: 1n }, /^payload: field "x{100}\.\.\."/],
    [circle, /^payload: cannot be written as JSON: Converting circular structure to JSON$/],
    [deep, /^payload: cannot be written as JSON: /],
    [undefined, /^payload: undefined cannot/],
    [{ toJSON: () => undefined }, /^payload: undefined cannot/],
  ]
  for (const [value, message] of wrong) t.throws(() => jsonText(value, 'payload'), { code: 'bad_input', message })
  const date = new Date(0)
  t.equal(
    jsonText({ a: undefined, b: date, c: [null, '\u00e4\ud83d\ude00'] }, 'payload'),
    JSON.stringify({ b: date, c: [null, '\u00e4\ud83d\ude00'] }),
  )
})
