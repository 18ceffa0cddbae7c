// Keys that were given out: durable, bounded, taken back once and for ever.
import type { NewKey } from '../../../src/store/store.js'
import { KEYS_MAX } from '../../../src/store/store.js'
import type { Scenario, Subject } from './subject.js'

function newKey(n: number, changes: Partial<NewKey> = {}): NewKey {
  const id = n.toString(16).padStart(12, '0')
  return { id, role: 'read', storedKey: id.padStart(64, 'a'), serverKey: id.padStart(64, 'b'), ...changes }
}

const create = (s: Subject, key: NewKey) => s.one({ kind: 'create-key', key })
const revoke = (s: Subject, n: number) => s.one({ kind: 'revoke-key', id: newKey(n).id })

export function keyScenarios(scenario: Scenario): void {
  scenario('a key is kept as it was made, and found again', async (t, s) => {
    t.same(await s.store.keys(), [])
    const second = newKey(2, { role: 'submit', types: ['resize', 'crop'], name: "Ada's", expiresMs: 5_000 })
    const { status, key } = await create(s, second)
    t.equal(status, 'created')
    const { expiresMs: _, ...rest } = second
    t.same(key, { ...rest, createdAt: s.now, expiresAt: s.now + 5_000 })
    s.now += 10
    t.match(await create(s, newKey(1)), { status: 'created', key: { createdAt: s.now } })
    t.same(
      (await s.store.keys()).map(({ id }) => id),
      [newKey(1).id, newKey(2).id],
    )
    t.same((await s.store.keys())[1], key)
    t.same((await s.store.keys())[0], { ...newKey(1), createdAt: s.now })
  })

  scenario('the same key again is the same, and another with its id is refused', async (t, s) => {
    const { key } = await create(s, newKey(1, { types: ['a'], role: 'worker' }))
    s.now += 100
    t.same(await create(s, newKey(1, { types: ['a'], role: 'worker' })), {
      kind: 'create-key',
      status: 'existing',
      key,
    })
    for (const change of [
      { role: 'admin' },
      { role: 'worker', types: ['b'] },
      { role: 'worker', types: ['a'], storedKey: 'c'.repeat(64) },
    ] as const) {
      t.same(await create(s, newKey(1, change)), { kind: 'create-key', status: 'conflict' })
    }
    t.same(await s.store.keys(), [key])
  })

  scenario('a revocation stays, with the time at which it was', async (t, s) => {
    await create(s, newKey(1))
    s.now += 5
    const revokedAt = s.now
    t.match(await revoke(s, 1), { status: 'revoked', key: { id: newKey(1).id, revokedAt } })
    s.now += 5
    t.match(await revoke(s, 1), { status: 'revoked', key: { revokedAt } })
    t.match(await create(s, newKey(1)), { status: 'existing', key: { revokedAt } }, 'nobody makes it anew')
    t.match(await s.store.keys(), [{ revokedAt }])
    t.same(await revoke(s, 2), { kind: 'revoke-key', status: 'unknown' })
  })

  scenario('where there are too many the one that ended first is forgotten, and none that is in use', async (t, s) => {
    const operations = Array.from({ length: KEYS_MAX }, (_, n) => ({ kind: 'create-key', key: newKey(n) }) as const)
    await s.apply({ operations })
    t.equal((await s.store.keys()).length, KEYS_MAX)
    t.same(await create(s, newKey(5_000)), { kind: 'create-key', status: 'full' })
    await revoke(s, 7)
    s.now += 1
    await revoke(s, 3)
    t.match(await create(s, newKey(5_000)), { status: 'created', forgotten: newKey(7).id })
    const left = (await s.store.keys()).map(({ id }) => id)
    t.equal(left.length, KEYS_MAX)
    t.ok(left.includes(newKey(3).id) && !left.includes(newKey(7).id))
    t.same(await create(s, newKey(5_001)), { kind: 'create-key', status: 'full' }, 'one that ends now is needed still')
  })

  scenario('a batch that is applied again makes and revokes nothing twice', async (t, s) => {
    const operations = [
      { kind: 'create-key', key: newKey(1) },
      { kind: 'revoke-key', id: newKey(1).id },
    ] as const
    await s.apply({ operations })
    const before = await s.store.keys()
    const again = await s.apply({ operations, retried: true })
    t.match(again.operations, [{ status: 'existing' }, { status: 'revoked', key: { revokedAt: s.now } }])
    t.same(await s.store.keys(), before)
  })
}
