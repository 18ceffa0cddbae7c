// Work held ready (P15): how much, and what becomes of it when it has to wait.
import t from 'tap'
import { Life } from './life.js'

/** A worker whose tasks have lately taken so long. */
function paced(ms: number, config = {}): Life {
  const life = new Life({ slots: 2, ...config })
  life.meet()
  run(life, 'first', ms)
  return life
}

function run(life: Life, lease: string, ms: number): void {
  life.assign(lease)
  life.began(lease)
  life.until(life.now + ms)
  life.says(lease)
}

const aheadOf = (life: Life): number => life.sent('results').at(-1)?.ahead ?? 0

t.test('what it has lately done in 50 ms; nothing where its tasks are long', async (t) => {
  t.equal(aheadOf(paced(10)), 5)
  const life = new Life({ slots: 8 })
  life.meet()
  const leases = Array.from({ length: 8 }, (_, n) => `${n}`)
  life.assign(...leases)
  life.began(...leases)
  life.until(10)
  for (const lease of leases) life.says(lease)
  t.equal(aheadOf(life), 40, 'one in each slot')
  t.equal(aheadOf(paced(50)), 1)
  t.equal(aheadOf(paced(200)), 0)
  t.equal(aheadOf(paced(0)), 1_000, 'bounded')
})

t.test('one long task among short ones is noticed at once, and forgotten with time', async (t) => {
  const life = paced(5)
  t.equal(aheadOf(life), 10)
  run(life, 'long', 5_000)
  t.equal(aheadOf(life), 0)
  for (let n = 0; n < 20; n += 1) run(life, `short-${n}`, 5)
  t.ok(aheadOf(life) > 3, `${aheadOf(life)}`)
})

t.test('time in which it had nothing to do does not count', async (t) => {
  const life = paced(10)
  life.until(5_000)
  run(life, 'second', 10)
  t.equal(aheadOf(life), 5)
})

t.test('what comes while it is busy counts from the last end on, however long each has waited', async (t) => {
  const life = paced(10, { slots: 1 })
  for (let n = 0; n < 50; n += 5) {
    const leases = Array.from({ length: 5 }, (_, nth) => `${n + nth}`)
    life.assign(...leases)
    for (const lease of leases) {
      life.began(lease)
      life.until(life.now + 2)
      life.says(lease)
    }
  }
  t.ok(aheadOf(life) >= 18 && aheadOf(life) <= 25, `${aheadOf(life)}`)
})

t.test('large payloads are held ready as far as they fit into memory', async (t) => {
  const life = new Life({ slots: 2 })
  life.meet()
  life.assign({ lease: 'large', payload: `"${'x'.repeat(1_000_000)}"` })
  life.began('large')
  life.says('large')
  t.equal(aheadOf(life), 8)
})

t.test('what has waited for 100 ms goes back; what has a slot, or waits for a host, does not', async (t) => {
  const life = paced(10)
  life.assign('a', 'b', 'c', 'd')
  life.began('a', 'b')
  life.until(life.now + 99)
  t.same(life.settled.length, 1)
  life.until(life.now + 1)
  t.match(life.settlementOf('c'), { outcome: 'returned', reason: 'ahead', started: false })
  t.match(life.settlementOf('d'), { outcome: 'returned', reason: 'ahead', started: false })
  t.equal(aheadOf(life), 0, 'and nothing more is asked for')
  t.same(life.running, ['first', 'a', 'b'])
  const starting = new Life({ slots: 2 })
  const host = starting.meet()
  starting.hostEnds(host, { exitCode: 1 })
  starting.assign('a', 'b', 'c')
  starting.until(starting.now + 500)
  t.same(
    starting.settled.map(({ lease }) => lease),
    ['c'],
  )
})

t.test('on its way out it asks for nothing', async (t) => {
  const life = paced(10)
  life.assign('a')
  life.began('a')
  life.post({ kind: 'drain', graceMs: 1_000 })
  life.says('a')
  t.equal(aheadOf(life), 0)
})
