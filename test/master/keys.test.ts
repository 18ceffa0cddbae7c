// Keys before the master's decisions: what each may do, and when it ends for those who came with it.
import t from 'tap'
import { CLIENT_RIGHTS } from '../../src/master/decide/rights.js'
import { type AccessKey, makeAccessKey, readAccessKey, verifierOf } from '../../src/protocol/access-key.js'
import { CLIENT_MESSAGES, type ClientMessage } from '../../src/protocol/messages.js'
import { checkText, proverOf } from '../../src/protocol/proofs.js'
import { KEY_ROLES, type KeyRole, whyForbidden } from '../../src/task/roles.js'
import { registration, Stage } from './stage.js'

interface About {
  readonly role: KeyRole
  readonly types?: string[]
  readonly expiresMs?: number
}

/** A stage with a client that has the secret, and what makes keys. */
async function staged() {
  const stage = await Stage.open()
  const owner = stage.connect('client', 'owner#1')
  const create = async (about: About): Promise<AccessKey> => {
    const key = readAccessKey(makeAccessKey('0'.repeat(16)))
    stage.say(owner, { type: 'create-key', re: 1, id: key.id, ...about, ...verifierOf(key) })
    await stage.settle()
    return key
  }
  const revoke = async (id: string): Promise<void> => {
    stage.say(owner, { type: 'revoke-key', re: 2, id })
    await stage.settle()
  }
  const check = (key: AccessKey, session = owner) => {
    const nonce = 'd'.repeat(32)
    const proof = proverOf(key).prove(checkText(key.id, nonce))
    stage.say(session, { type: 'check-key', re: 3, id: key.id, nonce, proof })
    return stage.got(session, 'key-checked').at(-1)
  }
  const closed = (session: number) =>
    stage.closed.filter((each) => each.session === session).map(({ reason }) => reason)
  return { stage, owner, create, revoke, check, closed }
}

/** One of each kind, as a client may send it. */
const ONE_OF_EACH: { readonly [Type in ClientMessage['type']]: Extract<ClientMessage, { type: Type }> } = {
  submit: { type: 'submit', re: 9, list: [] },
  get: { type: 'get', re: 9, ids: [] },
  watch: { type: 'watch', re: 9, ids: [] },
  unwatch: { type: 'unwatch', re: 9, ids: [] },
  logs: { type: 'logs', re: 9, id: 't' },
  'cancel-tasks': { type: 'cancel-tasks', re: 9, ids: [] },
  list: { type: 'list', re: 9, filter: {}, limit: 1 },
  failures: { type: 'failures', re: 9, filter: {} },
  'retry-tasks': { type: 'retry-tasks', re: 9, ids: [] },
  status: { type: 'status', re: 9 },
  feed: { type: 'feed', re: 9 },
  'reload-worker': { type: 'reload-worker', re: 9, worker: 'w#1' },
  'pull-register': { type: 'pull-register', re: 9, worker: 'p' },
  'pull-beat': { type: 'pull-beat', re: 9, worker: 'p' },
  'pull-claim': { type: 'pull-claim', re: 9, worker: 'p' },
  'pull-settle': { type: 'pull-settle', re: 9, worker: 'p', id: 't', ending: { outcome: 'returned' } },
  'pull-checkpoint': { type: 'pull-checkpoint', re: 9, worker: 'p', id: 'x', value: '1' },
  'pull-requeue': { type: 'pull-requeue', re: 9 },
  'create-key': {
    ...{ type: 'create-key', re: 9, id: 'f'.repeat(12), role: 'admin' },
    ...{ storedKey: 'a'.repeat(64), serverKey: 'b'.repeat(64) },
  },
  'list-keys': { type: 'list-keys', re: 9 },
  'revoke-key': { type: 'revoke-key', re: 9, id: 'e'.repeat(12) },
  'check-key': { type: 'check-key', re: 9, id: 'e'.repeat(12), nonce: 'a'.repeat(32), proof: 'b'.repeat(64) },
  metrics: { type: 'metrics', re: 9 },
  leaderboard: { type: 'leaderboard', re: 9 },
  pardon: { type: 'pardon', re: 9, voter: 'w' },
  'forget-ended': { type: 'forget-ended', re: 9 },
  stop: { type: 'stop', re: 9 },
  unsupported: { type: 'unsupported', what: 'x', re: 9 },
}

t.test('every message has its row, and each role meets each message', async (t) => {
  t.same(Object.keys(CLIENT_RIGHTS).sort(), Object.keys(CLIENT_MESSAGES).sort())
  for (const role of KEY_ROLES) {
    for (const message of Object.values(ONE_OF_EACH)) {
      const { stage, create } = await staged()
      const session = stage.connect('client', 'guest#1', (await create({ role })).id)
      stage.say(session, message)
      const needs = CLIENT_RIGHTS[message.type]
      const may = needs === 'anyone' || whyForbidden({ role }, needs) === undefined
      const refusals = stage.got(session, 'error').filter(({ code }) => code === 'forbidden')
      t.equal(refusals.length, may ? 0 : 1, `${role}: ${message.type}`)
      if (may) continue
      t.match(refusals, [{ re: 9, message: new RegExp(`the role ${needs}, and yours has ${role}`) }])
      t.equal(stage.depart(), undefined, `${role}: ${message.type} changes nothing`)
      t.equal(stage.exitCode, undefined)
    }
  }
})

t.test('a message that stands in no table is refused to all but admins', async (t) => {
  for (const role of KEY_ROLES) {
    const { stage, create } = await staged()
    const session = stage.connect('client', 'guest#1', (await create({ role })).id)
    stage.say(session, { type: 'toString', re: 4 } as unknown as ClientMessage)
    t.equal(stage.got(session, 'error').length, role === 'admin' ? 0 : 1, role)
  }
})

t.test('a key that is for some types submits no other, and then nothing of the message', async (t) => {
  const { stage, create } = await staged()
  const session = stage.connect('client', 'guest#1', (await create({ role: 'submit', types: ['echo'] })).id)
  const [fine] = stage.submit(session, [{ type: 'echo' }])
  await stage.settle()
  t.match(await stage.task(fine!), { state: 'pending' })
  const ids = stage.submit(session, [{ type: 'echo' }, { type: 'mail' }])
  await stage.settle()
  t.match(stage.got(session, 'error'), [{ code: 'forbidden', message: /for echo only, and not for mail/ }])
  t.same(await stage.store.get(ids), [])
})

t.test('a key that is for some types is no worker of others', async (t) => {
  const { stage, owner, create, closed } = await staged()
  const key = await create({ role: 'worker', types: ['echo'] })
  const session = stage.connect('worker', 'w1#1', key.id)
  stage.say(session, registration('w1'))
  await stage.settle()
  t.equal(stage.got(session, 'welcome').length, 1)
  stage.submit(owner, [{ type: 'echo' }])
  await stage.settle()
  t.equal(stage.assigned(session).length, 1)
  stage.say(session, { type: 'serves', types: [{ type: 'echo' }, { type: 'mail' }] })
  t.match(stage.got(session, 'refused'), [{ code: 'forbidden', message: /not for mail/ }])
  t.equal(closed(session).length, 1)

  const other = stage.connect('worker', 'w2#1', key.id)
  stage.say(other, registration('w2', { types: [{ type: 'mail' }] }))
  await stage.settle()
  t.match(stage.got(other, 'refused'), [{ code: 'forbidden' }])
  t.equal(stage.got(other, 'welcome').length, 0)
})

t.test('a key that is for some types pulls no others, also where it names none', async (t) => {
  const { stage, owner, create } = await staged()
  const session = stage.connect('client', 'puller#1', (await create({ role: 'worker', types: ['echo'] })).id)
  const worker = 'p1'
  stage.say(session, { type: 'pull-register', re: 1, worker, types: ['mail'] })
  t.match(stage.got(session, 'error'), [{ re: 1, code: 'forbidden', message: /not for mail/ }])
  stage.say(session, { type: 'pull-register', re: 2, worker })
  await stage.settle()
  t.match(stage.got(session, 'pull-registered'), [{ worker: { types: ['echo'] } }])
  // One that was registered with the secret, for every type: whoever claims for it registers it anew, for no more than its key is.
  stage.say(owner, { type: 'pull-register', re: 3, worker: 'all' })
  stage.submit(owner, [{ type: 'mail' }, { type: 'echo' }])
  await stage.settle()
  stage.say(session, { type: 'pull-claim', re: 4, worker: 'all', types: ['mail'] })
  t.match(stage.got(session, 'error').slice(1), [{ re: 4, code: 'forbidden' }])
  stage.say(session, { type: 'pull-claim', re: 5, worker: 'all', max: 10 })
  t.match(stage.got(session, 'error').slice(2), [{ re: 5, code: 'not_found' }])
  stage.say(session, { type: 'pull-register', re: 6, worker: 'all' })
  await stage.settle()
  stage.say(session, { type: 'pull-claim', re: 5, worker: 'all', max: 10 })
  await stage.settle()
  t.match(stage.got(session, 'pull-claimed'), [{ re: 5, list: [{ type: 'echo' }] }])
  t.equal(stage.got(session, 'pull-claimed')[0]!.list.length, 1)
})

t.test('tasks of types for which a key is not are not there for it', async (t) => {
  const { stage, owner, create } = await staged()
  const key = await create({ role: 'submit', types: ['echo'] })
  const session = stage.connect('client', 'shop#1', key.id)
  const [mine = '', other = ''] = stage.submit(owner, [{ type: 'echo' }, { type: 'mail' }])
  await stage.settle()
  const ids = [mine, other]
  stage.say(session, { type: 'get', re: 1, ids })
  stage.say(session, { type: 'list', re: 2, filter: {}, limit: 10 })
  stage.say(session, { type: 'list', re: 3, filter: { types: ['mail'] }, limit: 10 })
  stage.say(session, { type: 'status', re: 4 })
  stage.say(session, { type: 'watch', re: 5, ids })
  stage.say(session, { type: 'logs', re: 6, id: other })
  stage.say(session, { type: 'feed', re: 7 } as never)
  await stage.settle()
  t.match(stage.got(session, 'tasks'), [{ list: [{ id: mine }] }])
  t.equal(stage.got(session, 'tasks')[0]!.list.length, 1)
  t.same(
    stage.got(session, 'page').map(({ re, list }) => [re, ...list.map(({ id }) => id)]),
    [[2, mine], [3]],
  )
  t.same([...new Set(stage.got(session, 'status-report')[0]!.counts.map(({ type }) => type))], ['echo'])
  t.match(stage.got(session, 'watching'), [{ re: 5, unknown: [other] }])
  t.match(stage.got(session, 'task-logs'), [{ list: [] }])
  t.match(stage.got(session, 'error'), [{ re: 7, code: 'forbidden' }])

  stage.say(session, { type: 'cancel-tasks', re: 8, ids })
  await stage.settle()
  t.match(stage.got(session, 'cancelled-tasks'), [{ list: [{ status: 'cancelled' }, { status: 'unknown' }] }])
  t.match(await stage.task(other), { state: 'pending' })
  stage.say(owner, { type: 'cancel-tasks', re: 9, ids: [other] })
  stage.say(session, { type: 'retry-tasks', re: 10, ids })
  await stage.settle()
  t.match(stage.got(session, 'retried-tasks'), [{ list: [{ status: 'retried' }, { status: 'unknown' }] }])
  t.same(
    stage.got(session, 'ended').flatMap(({ list }) => list.map(({ id }) => id)),
    [mine],
    'of others it hears no end',
  )
})

t.test('it is on disk before it is told, and the same again is the same key', async (t) => {
  const { stage, owner } = await staged()
  const { type, re, ...about } = ONE_OF_EACH['create-key']
  stage.say(owner, { type, re, ...about, expiresMs: 500 })
  stage.depart()
  t.same(stage.got(owner, 'key-created'), [])
  t.equal(stage.machine.keyAt(stage.at, about.id, 'client'), undefined, 'it opens nothing before')
  await stage.land()
  const told = { id: about.id, role: 'admin', createdAt: stage.wallMs, expiresAt: stage.wallMs + 500 }
  t.same(stage.got(owner, 'key-created'), [{ type: 'key-created', re: 9, status: 'created', key: told }])
  stage.say(owner, { type, re: 10, ...about, expiresMs: 500 })
  stage.say(owner, { type, re: 11, ...about, role: 'read' })
  await stage.settle()
  t.match(stage.got(owner, 'key-created').slice(1), [
    { re: 10, status: 'existing' },
    { re: 11, status: 'conflict' },
  ])
  stage.say(owner, { type: 'list-keys', re: 12 })
  t.same(stage.got(owner, 'keys'), [{ type: 'keys', re: 12, list: [told] }], 'without what is kept to check it')
})

t.test('a revocation that is on disk closes all who came with the key, and nobody else', async (t) => {
  const { stage, owner, create, closed } = await staged()
  const [key, other] = [await create({ role: 'worker' }), await create({ role: 'read' })]
  const worker = stage.connect('worker', 'w1#1', key.id)
  stage.say(worker, registration('w1'))
  const reader = stage.connect('client', 'r#1', other.id)
  await stage.settle()
  stage.say(owner, { type: 'revoke-key', re: 2, id: key.id })
  stage.depart()
  t.same(closed(worker), [], 'not before it is on disk')
  await stage.land()
  t.same(closed(worker), ['this key was revoked'])
  t.match(stage.got(worker, 'refused'), [{ code: 'unauthorised', message: 'this key was revoked' }])
  t.same(stage.got(owner, 'key-revoked'), [{ type: 'key-revoked', re: 2, status: 'revoked' }])
  for (const session of [owner, reader]) t.same(closed(session), [])
  t.match(stage.machine.keyAt(stage.at, key.id, 'worker'), { refusal: 'revoked' })
  const late = stage.connect('worker', 'w1#1', key.id)
  t.same(closed(late), ['this key was revoked'], 'one whose handshake was over just before')
  stage.say(owner, { type: 'revoke-key', re: 5, id: '0'.repeat(12) })
  await stage.settle()
  t.match(stage.got(owner, 'key-revoked').at(-1), { re: 5, status: 'unknown' })
})

t.test('who revokes the key that it came with hears so before it is closed', async (t) => {
  const { stage, create, closed } = await staged()
  const key = await create({ role: 'admin' })
  const session = stage.connect('client', 'admin#1', key.id)
  stage.say(session, { type: 'revoke-key', re: 1, id: key.id })
  await stage.settle()
  t.same(
    stage.sent.get(session)?.map(({ type }) => type),
    ['key-revoked', 'refused'],
  )
  t.same(closed(session), ['this key was revoked'])
  stage.say(session, { type: 'status', re: 2 })
  t.equal(stage.sent.get(session)?.length, 2, 'what it said last, in the same breath, is not heard')
})

t.test('an expiry closes by itself, by the wall clock, and each key at its own time', async (t) => {
  const { stage, create, closed } = await staged()
  const session = async (name: string, expiresMs: number): Promise<number> =>
    stage.connect('client', name, (await create({ role: 'read', expiresMs })).id)
  const [short, long] = [await session('short#1', 1_000), await session('long#1', 5_000)]
  stage.pass(999)
  t.same([closed(short), closed(long)], [[], []])
  stage.pass(1)
  t.same([closed(short), closed(long)], [['this key has expired'], []])
  stage.drop(short)
  stage.pass(3_999)
  t.same(closed(long), [])
  stage.wallMs += 60_000
  stage.step({ kind: 'tick' })
  t.same(closed(long), ['this key has expired'], 'a step of the wall clock counts')
})

t.test('a handshake learns of a key what it may: role, end, and what checks it', async (t) => {
  const { stage, create } = await staged()
  const key = await create({ role: 'read', expiresMs: 100 })
  t.match(stage.machine.keyAt(stage.at, key.id, 'client'), { verifier: verifierOf(key), refusal: undefined })
  t.match(stage.machine.keyAt(stage.at, key.id, 'worker'), { refusal: 'forbidden' })
  stage.pass(100)
  t.match(stage.machine.keyAt(stage.at, key.id, 'client'), { refusal: 'expired' })
  t.equal(stage.machine.keyAt(stage.at, '0'.repeat(12), 'client'), undefined)
})

t.test('a check is good for who has the key, and not for who knows what the master keeps', async (t) => {
  const { stage, owner, create, revoke, check } = await staged()
  const key = await create({ role: 'submit', types: ['echo'], expiresMs: 3_000 })
  t.match(check(key), { re: 3, key: { id: key.id, role: 'submit', types: ['echo'] }, validMs: 2_000 })
  stage.pass(2_500)
  t.match(check(key), { validMs: 500 }, 'not beyond its end')
  stage.pass(500)
  t.equal(check(key)?.key, undefined, 'it has expired')

  const other = await create({ role: 'read' })
  t.equal(check({ ...other, clientKey: other.storedKey })?.key, undefined)
  t.equal(check({ ...other, clientKey: other.serverKey })?.key, undefined)
  t.equal(check(readAccessKey(makeAccessKey('0'.repeat(16))))?.key, undefined, 'unknown')
  t.match(check(other)?.key, { id: other.id })
  const reader = stage.connect('client', 'r#1', other.id)
  t.match(check(other, reader)?.key, { id: other.id })
  await revoke(other.id)
  t.equal(check(other)?.key, undefined, 'revoked')
  t.equal(stage.got(owner, 'error').length, 0)
})

t.test('keys are there again after a restart', async (t) => {
  const { stage, create, revoke } = await staged()
  const [good, gone] = [await create({ role: 'read' }), await create({ role: 'read' })]
  await revoke(gone.id)
  const next = await Stage.open({ store: stage.store, settings: { keys: await stage.store.keys() } })
  t.match(next.machine.keyAt(next.at, good.id, 'client'), { verifier: verifierOf(good), refusal: undefined })
  t.match(next.machine.keyAt(next.at, gone.id, 'client'), { refusal: 'revoked' })
})

t.test('for workers of another key only the secret and an admin speak', async (t) => {
  const { stage, owner, create } = await staged()
  const [one, other, admin] = [
    await create({ role: 'worker' }),
    await create({ role: 'worker' }),
    await create({ role: 'admin' }),
  ]
  const says = (keyId: string | undefined, name: string, key?: string) => {
    const session = keyId === undefined ? owner : stage.connect('client', `${name}#1`, keyId)
    stage.say(session, { type: 'pull-register', re: 9, worker: name, ...(key !== undefined && { key }) })
    return session
  }
  t.match(stage.got(says(other.id, 'p1', one.id), 'error'), [{ re: 9, code: 'forbidden', message: /of another key/ }])
  for (const [index, [keyId, key]] of [
    [one.id, one.id],
    [one.id, undefined],
    [admin.id, one.id],
    [undefined, one.id],
  ].entries()) {
    const session = says(keyId, `q${index}`, key)
    await stage.settle()
    t.match(stage.got(session, 'pull-registered').at(-1), { worker: { name: `q${index}` } })
    const holder = (await stage.store.holders()).find(({ incarnation }) => incarnation === `q${index}#pull`)
    t.match(JSON.parse(holder?.about ?? '{}'), { key: one.id }, 'on disk, for the next master')
    stage.submit(owner, [{ vote: { replicas: 1 } }])
    await stage.settle()
  }
  // All four are one voter: of one task that is voted on they are given one part.
  const [id = ''] = stage.submit(owner, [{ type: 'voted', vote: { replicas: 3, quorum: 2 } }])
  await stage.settle()
  for (let index = 0; index < 4; index += 1) {
    stage.say(owner, { type: 'pull-claim', re: 20 + index, worker: `q${index}`, key: one.id, types: ['voted'] })
    await stage.passAndSettle(600)
  }
  const given = stage.got(owner, 'pull-claimed').flatMap(({ list }) => list)
  t.equal(given.length, 1, id)
})

t.test('a name is free for another key when nothing of it is left', async (t) => {
  const { stage, create } = await staged()
  const [one, other] = [await create({ role: 'worker' }), await create({ role: 'worker' })]
  const [mine, theirs] = [stage.connect('client', 'm#1', one.id), stage.connect('client', 't#1', other.id)]
  stage.say(mine, { type: 'pull-register', re: 1, worker: 'p' })
  await stage.settle()
  stage.say(theirs, { type: 'pull-register', re: 1, worker: 'p' })
  await stage.settle()
  t.match(stage.got(theirs, 'error'), [{ code: 'conflict', message: /registered with another key/ }])
  stage.pass(200_000)
  stage.say(theirs, { type: 'pull-register', re: 2, worker: 'p' })
  await stage.settle()
  t.match(stage.got(theirs, 'pull-registered'), [{ re: 2 }], 'it was not heard for long')
  stage.say(mine, { type: 'pull-claim', re: 3, worker: 'p' })
  t.match(stage.got(mine, 'error'), [{ re: 3, code: 'forbidden' }])
})
