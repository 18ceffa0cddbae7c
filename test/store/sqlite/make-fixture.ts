// Makes the data file of the present version that later ones must be able to open, once a version, by hand:
// `node dist/test/store/sqlite/make-fixture.js test/fixtures/data/v1`. What it holds is told in expected.json beside it.
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openStore } from '../../../src/store/open.js'
import { DONE, DRAINED, FAIL, FAIL_FINAL, id, Subject, spec } from '../../conformance/store/subject.js'

const KEY = { id: '0a1b2c3d4e5f', role: 'submit', storedKey: 'a'.repeat(64), serverKey: 'b'.repeat(64) } as const

const target = process.argv[2]
if (target === undefined) throw new Error('name the folder to write to')
const folder = mkdtempSync(join(tmpdir(), 'dtr-fixture-'))
const store = await openStore({ kind: 'sqlite', folder, limits: { pendingMax: 100 } })
const subject = new Subject(store)

const completed = await subject.running(spec(1, { payload: '"a\\u0000\\ud800\u{1f600}"', origin: 'client#1' }))
await subject.settle(completed, DONE)
const failed = await subject.running(spec(2, { description: 'fails', meta: '{"for":"all"}', timeoutMs: 500 }))
await subject.settle(failed, FAIL_FINAL)
await subject.submit(spec(3))
await subject.cancel(3)
const drained = await subject.running(spec(4, { maxAttempts: 3, priority: -2 }))
await subject.settle(drained, DRAINED)
const [retrying] = await subject.claim(1)
await subject.one({ kind: 'checkpoint', taskId: id(4), leaseId: retrying!.leaseId, value: '{"at":7}' })
await subject.settle(retrying!, FAIL)
await subject.submit(
  spec(5, { priority: 7, deadlineMs: 120_000 }),
  spec(6, { delayMs: 60_000 }),
  spec(7, { expiresMs: 90_000 }),
)
const running = await subject.running(spec(8, { type: 'sleep', encoding: 'base64', payload: 'AAAA' }), 'w#2')
await subject.running(spec(9, { type: 'sleep', queue: 'default' }), 'w#2')
await subject.cancel(9)
await subject.attach('w#2', [running, await subject.task(9).then(({ id, leaseId = '' }) => ({ taskId: id, leaseId }))])
await subject.one({ kind: 'create-key', key: { ...KEY, types: ['echo'], name: 'ci', expiresMs: 90_000 } })
await subject.one({ kind: 'revoke-key', id: KEY.id })

const vote = { replicas: 2, quorum: 2, maxReplicas: 3, compare: 'json', on: '/label' } as const
const voting = await subject.running(spec(10, { type: 'voted', vote }), 'w#3')
await subject.settle(voting, { kind: 'completed', result: '{"label":"yes"}', encoding: 'json' })

const proven = await subject.running(spec(11, { type: 'proven', vote }), 'w#3')
await subject.one({ kind: 'attach', incarnation: 'w2#1', leases: [], model: 'small' })
const [other] = await subject.claim(1, 'w2#1', ['proven'])
for (const grant of [proven, other!]) {
  await subject.settle(grant, { kind: 'completed', result: '{"label":"yes"}', encoding: 'json' })
}
const checked = await subject.running(spec(12, { type: 'auto', vote: { ...vote, replicas: 'auto' } }), 'w#3')
await subject.settle(checked, { kind: 'completed', result: '{"label":"yes"}', encoding: 'json' })

const expected = {
  now: subject.now,
  tasks: await store.get(Array.from({ length: 12 }, (_, n) => id(n + 1))),
  counts: await store.counts(),
  holders: await store.holders(),
  keys: await store.keys(),
  reputations: await store.reputations(),
}
await store.close()
mkdirSync(target, { recursive: true })
copyFileSync(join(folder, 'tasks.db'), join(target, 'tasks.db'))
writeFileSync(join(target, 'expected.json'), `${JSON.stringify(expected, null, 2)}\n`)
rmSync(folder, { recursive: true })
