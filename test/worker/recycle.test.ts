// A host that gives way to a new one: after so many tasks, or with so much memory; no task is lost, charged or made to wait.
import t from 'tap'
import { Life } from './life.js'

const MIB = 1024 ** 2

/** Runs it to its end. */
function work(life: Life, ...leases: string[]): void {
  for (const lease of leases) {
    life.assign(lease)
    life.began(lease)
    life.says(lease)
  }
}

t.test(
  'after so many tasks: what runs goes on, new work waits for nothing, the old host ends when it is empty',
  async (t) => {
    const life = new Life({ care: { recycleAfter: 3 } })
    const old = life.meet()
    work(life, 'a', 'b')
    t.equal(life.all('spawn').length, 1)
    life.assign('c')
    life.began('c')
    t.equal(life.all('spawn').length, 2, 'its third task has begun')
    const heir = life.last('spawn').host
    life.assign('d')
    t.equal(life.hostOf('d'), old, 'until its heir is ready it serves on')
    life.began('d')
    life.says('d')
    life.hostReady(heir)
    life.assign('e')
    t.equal(life.hostOf('e'), heir)
    t.same(life.all('kill'), [])
    life.says('c')
    t.same(life.all('kill'), [{ kind: 'kill', host: old }])
    life.hostEnds(old)
    life.began('e')
    life.says('e')
    t.equal(life.all('spawn').length, 2)
    for (const lease of ['a', 'b', 'c', 'd', 'e']) t.match(life.settlementOf(lease), { outcome: 'completed' }, lease)
    t.same(life.sent('host-died'), [], 'nobody is told of a death')
    t.same(life.sent('reloaded'), [])
    t.ok(life.all('log').some(({ entry }) => /recycled: it has begun 3 tasks/.test(String(entry.text))))
  },
)

t.test('with so much memory, unless it had that before its first task', async (t) => {
  const life = new Life({ care: { recycleBytes: 100 * MIB } })
  const first = life.meet()
  life.memoryBytes.set(first, 60 * MIB)
  life.sign(first)
  work(life, 'a')
  life.memoryBytes.set(first, 100 * MIB)
  life.sign(first)
  t.equal(life.all('spawn').length, 2)
  const second = life.last('spawn').host
  life.memoryBytes.set(second, 120 * MIB)
  life.sign(second)
  life.hostReady(second)
  t.same(life.all('kill'), [{ kind: 'kill', host: first }])
  life.hostEnds(first)
  work(life, 'b')
  life.until(60_000)
  t.equal(life.all('spawn').length, 2, 'its modules alone take more: another one would have as much')
})

t.test('three quarters of a memory limit are enough: what one task leaves is not charged to the next', async (t) => {
  const life = new Life({ slots: 2, care: { slotBytesMax: 100 * MIB } })
  const host = life.meet()
  work(life, 'a')
  life.memoryBytes.set(host, 149 * MIB)
  life.sign(host)
  t.equal(life.all('spawn').length, 1)
  life.memoryBytes.set(host, 150 * MIB)
  life.sign(host)
  t.equal(life.all('spawn').length, 2, 'two slots may have twice as much')
})

t.test('an heir that cannot be made ready: the former one stays, and no other is tried for a minute', async (t) => {
  const life = new Life({ care: { recycleAfter: 1 } })
  const host = life.meet()
  work(life, 'a')
  const heir = life.last('spawn').host
  life.post({ kind: 'host-unfit', host: heir, message: './tasks.ts:3:1: wrong' })
  life.hostEnds(heir, { exitCode: 1 })
  t.ok(life.all('log').some(({ entry }) => entry.level === 'error' && /tasks\.ts:3:1/.test(String(entry.text))))
  work(life, 'b')
  t.equal(life.hostOf('b'), host)
  t.equal(life.all('spawn').length, 2)
  life.until(61_000)
  work(life, 'c')
  t.equal(life.all('spawn').length, 3)
  t.same(life.all('kill'), [])
})

t.test('the former one dies while its heir starts: one host is there in the end', async (t) => {
  const life = new Life({ care: { recycleAfter: 1 } })
  const host = life.meet()
  life.assign('a')
  life.began('a')
  const heir = life.last('spawn').host
  life.hostEnds(host, { exitCode: 1 })
  t.match(life.settlementOf('a'), { outcome: 'failed', error: { code: 'host_died' } })
  const main = life.last('spawn').host
  t.not(main, heir)
  life.hostReady(heir)
  t.same(life.all('kill'), [{ kind: 'kill', host: heir }])
  life.hostReady(main)
  life.assign('b')
  t.equal(life.hostOf('b'), main)
})

t.test('new code comes while an heir starts: the new code wins', async (t) => {
  const life = new Life({ care: { recycleAfter: 1 } })
  const host = life.meet()
  work(life, 'a')
  const heir = life.last('spawn').host
  life.hear({ type: 'reload', re: 1 })
  const next = life.last('spawn').host
  life.hostReady(next)
  life.hostReady(heir)
  t.same(
    life.all('kill').map(({ host }) => host),
    [host, heir],
  )
  life.assign('b')
  t.equal(life.hostOf('b'), next)
})

t.test('isolated: each host by itself, and no slot is empty meanwhile', async (t) => {
  const life = new Life({ slots: 2, isolate: true, care: { recycleAfter: 2 } })
  const main = life.meet()
  life.assign('a', 'b')
  const own = life.hostReady()
  life.began('a', 'b')
  life.says('b')
  life.assign('c')
  life.began('c')
  t.equal(life.hostOf('c'), own)
  const heir = life.last('spawn').host
  life.hostReady(heir)
  t.same(life.all('kill'), [], 'its task goes on')
  life.says('a')
  life.assign('d')
  t.equal(life.hostOf('d'), main, 'the other one has begun only one')
  life.says('c')
  t.same(life.all('kill'), [{ kind: 'kill', host: own }])
  life.assign('e')
  t.equal(life.hostOf('e'), heir)
})

t.test('a worker that drains recycles nothing', async (t) => {
  const life = new Life({ care: { recycleAfter: 1 } })
  life.meet()
  life.assign('a')
  life.post({ kind: 'drain', graceMs: 30_000 })
  life.began('a')
  t.equal(life.all('spawn').length, 1)
})
