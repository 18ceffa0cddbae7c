// client.keys by itself: what is asked of the master, what is believed and for how long.
import t from 'tap'
import { type KeyOptions, Keys } from '../../src/client/keys.js'
import type { Request } from '../../src/client/requests.js'
import { makeAccessKey, readAccessKey, verifierOf } from '../../src/protocol/access-key.js'
import { checkText, keeperOf } from '../../src/protocol/proofs.js'
import { ManualClock } from '../net/manual-clock.js'

const CLUSTER = 'cb1754a976be7ede'

function keys(answer: (request: Request) => object) {
  const clock = new ManualClock()
  const asked: Request[] = []
  const request = async (each: Request): Promise<never> => {
    asked.push(each)
    return answer(each) as never
  }
  return { keys: new Keys({ cluster: CLUSTER, clock, request }), asked, clock }
}

t.test('a key is made here: the master hears what checks it, and not the key', async (t) => {
  const { keys: own, asked } = keys((request) => ({
    status: 'created',
    key: { id: (request as { id: string }).id, role: 'submit', createdAt: 1 },
  }))
  const made = await own.create({ role: 'submit', types: 'resize', name: 'ci', expires: '30d' })
  const read = readAccessKey(made.token)
  t.equal(made.id, read.id)
  t.equal(read.cluster, CLUSTER)
  t.match(asked, [
    { type: 'create-key', id: read.id, role: 'submit', types: ['resize'], name: 'ci', expiresMs: 30 * 86_400_000 },
  ])
  t.match(asked[0], verifierOf(read))
  for (const part of [made.token.slice(34, 77), read.clientKey.toString('hex')]) {
    t.notOk(JSON.stringify(asked).includes(part))
  }
})

t.test('bad input is told by name, and nothing is asked', async (t) => {
  const { keys: own, asked } = keys(() => ({}))
  for (const [options, message] of [
    [{}, /role: undefined is none of read, submit, worker, admin/],
    [{ role: 'root' }, /role: "root"/],
    [{ role: 'read', types: ['a'] }, /types: are for keys with the role submit or worker, and not for read/],
    [{ role: 'submit', types: [] }, /types: 0 of them/],
    [{ role: 'submit', types: ['a b'] }, /types: "a b" is no name/],
    [{ role: 'submit', types: Array.from({ length: 33 }, (_, n) => `t${n}`) }, /types: 33 of them/],
    [{ role: 'read', name: 'x'.repeat(101) }, /name: is no text of at most 100/],
    [{ role: 'read', expires: 0 }, /expires: is not from 1ms/],
    [{ role: 'read', expire: '1d' }, /unknown option expire; did you mean expires/],
  ] as const) {
    await t.rejects(own.create(options as unknown as KeyOptions), { code: 'bad_input', message })
  }
  const token = makeAccessKey(CLUSTER)
  await t.rejects(
    own.revoke(token),
    { code: 'bad_input', message: /^((?!dtr_).)*$/ },
    'a key in place of its id is not repeated',
  )
  t.same(asked, [])
})

t.test('what the master refuses is an error with a code', async (t) => {
  const full = keys(() => ({ status: 'full' }))
  await t.rejects(full.keys.create({ role: 'read' }), { code: 'conflict', hint: /dtr key list/ })
  const unknown = keys(() => ({ status: 'unknown' }))
  await t.rejects(unknown.keys.revoke('0'.repeat(12)), { code: 'not_found' })
})

t.test('a check proves the key without telling it, is believed for its time, and asks once for many', async (t) => {
  const token = makeAccessKey(CLUSTER)
  const key = readAccessKey(token)
  const about = { id: key.id, role: 'read', createdAt: 1 }
  let good = true
  const {
    keys: own,
    asked,
    clock,
  } = keys((request) => {
    if (request.type !== 'check-key') throw new Error(request.type)
    t.ok(keeperOf(key.id, verifierOf(key)).accepts(checkText(request.id, request.nonce), request.proof))
    return { ...(good && { key: about }), validMs: 2_000 }
  })
  t.same(await Promise.all([own.check(token), own.check(token), own.check(token)]), [about, about, about])
  clock.advance(1_999)
  t.same(await own.check(token), about)
  t.equal(asked.length, 1)
  t.notOk(JSON.stringify(asked).includes(token.slice(34, 77)))
  good = false
  clock.advance(1)
  t.equal(await own.check(token), undefined, 'revoked meanwhile')
  t.equal(await own.check(token), undefined)
  t.equal(asked.length, 3, 'what is not good is asked each time')
  good = true
  t.same(await own.check(token), about)
})

t.test('what cannot be a key of this cluster is not asked about', async (t) => {
  const { keys: own, asked } = keys(() => ({}))
  for (const token of ['', 'dtr_', makeAccessKey('0'.repeat(16)), 7 as unknown as string]) {
    t.equal(await own.check(token), undefined)
  }
  t.same(asked, [])
})
