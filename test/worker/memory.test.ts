// What the code of a slot may have of memory, and whose fault it is that a host had more (P11).
import t from 'tap'
import { Life } from './life.js'

const MIB = 1024 ** 2
const CARE = { slotBytesMax: 200 * MIB }

/** The host says that it has so much. */
function takes(life: Life, host: number, mib: number): void {
  life.memoryBytes.set(host, mib * MIB)
  life.sign(host)
}

t.test('who was alone in a host that takes too much is charged, and told the limit', async (t) => {
  const life = new Life({ slots: 2, care: CARE })
  const host = life.meet()
  life.assign('a')
  life.began('a')
  takes(life, host, 400)
  t.same(life.all('kill'), [], 'two slots may have twice as much')
  takes(life, host, 401)
  t.same(life.all('kill'), [{ kind: 'kill', host }])
  life.hostEnds(host)
  t.match(life.settlementOf('a'), {
    outcome: 'failed',
    final: false,
    error: {
      code: 'out_of_memory',
      signal: 'SIGKILL',
      message: /^out of memory: its process had 401 MiB, and the limit is 400 MiB/,
    },
  })
  t.same(life.sent('host-died'), [], 'the worker did it itself: nobody else is told')
})

t.test('of several it is not known who it was: they go back, each runs alone, and then it shows', async (t) => {
  const life = new Life({ slots: 2, care: CARE })
  const host = life.meet()
  life.assign('a', 'b')
  life.began('a', 'b')
  takes(life, host, 500)
  life.hostEnds(host)
  for (const lease of ['a', 'b']) {
    t.match(life.settlementOf(lease), {
      ...{ outcome: 'returned', reason: 'neighbour', suspect: true, started: true },
      error: { code: 'out_of_memory' },
    })
  }
  life.assign({ lease: 'again', suspect: true })
  const solo = life.hostReady()
  life.began('again')
  takes(life, solo, 201)
  life.hostEnds(solo)
  t.match(life.settlementOf('again'), { outcome: 'failed', error: { message: /201 MiB, and the limit is 200 MiB/ } })
})

t.test('isolated: each has a limit of its own, and no neighbour feels it', async (t) => {
  const life = new Life({ slots: 2, isolate: true, care: CARE })
  const main = life.meet()
  life.assign('a', 'b')
  life.hostReady()
  life.began('a', 'b')
  takes(life, main, 201)
  life.hostEnds(main)
  t.match(life.settlementOf('a'), { outcome: 'failed', error: { code: 'out_of_memory' } })
  t.equal(life.settlementOf('b'), undefined)
})

t.test('each host is told how much it may have, so that it collects garbage in time', async (t) => {
  const life = new Life({ slots: 3, care: CARE })
  life.meet()
  life.assign({ lease: 'a', suspect: true })
  t.match(life.all('spawn'), [{ memoryBytesMax: 600 * MIB }, { memoryBytesMax: 200 * MIB }])
})

t.test('without a task nobody is charged: the host is recycled', async (t) => {
  const life = new Life({ care: CARE })
  const host = life.meet()
  life.assign('a')
  life.began('a')
  life.says('a')
  takes(life, host, 900)
  t.same(life.all('kill'), [])
  life.hostReady(life.last('spawn').host)
  t.same(life.all('kill'), [{ kind: 'kill', host }])
})

t.test('such an end excuses no other death', async (t) => {
  const life = new Life({ slots: 2, isolate: true, care: CARE })
  const main = life.meet()
  life.assign('a', 'b')
  const own = life.hostReady()
  life.began('a', 'b')
  life.until(20_000)
  takes(life, main, 500)
  life.hostEnds(main)
  life.hostEnds(own)
  life.until(30_000)
  t.match(life.settlementOf('b'), { outcome: 'failed', error: { code: 'host_died', signal: 'SIGKILL' } })
})

t.test('a cancel that was under way is a cancel', async (t) => {
  const life = new Life({ care: CARE })
  const host = life.meet()
  life.assign('a')
  life.began('a')
  life.hear({ type: 'cancel', list: [{ id: 'task-a', lease: 'a', reason: 'cancelled' }] })
  takes(life, host, 900)
  life.hostEnds(host)
  t.match(life.settlementOf('a'), { outcome: 'cancelled' })
})

t.test('a full heap, and the kernel that wants memory back, are told as what they are', async (t) => {
  const life = new Life({ slots: 1 })
  const first = life.meet()
  life.assign('a')
  life.began('a')
  takes(life, first, 90)
  life.hostEnds(first, { signal: 'SIGABRT', full: 'heap' })
  t.match(life.settlementOf('a'), {
    outcome: 'failed',
    error: { code: 'out_of_memory', message: /the heap of its process was full; it had 90 MiB when it was last heard/ },
  })
  life.hostReady()
  life.until(20_000)
  life.assign('b')
  life.began('b')
  life.hostEnds(life.hostOf('b'), { signal: 'SIGKILL', full: 'machine' })
  t.equal(
    life.settlementOf('b'),
    undefined,
    'whom a kernel chooses is not always who is to blame: it is judged as any kill',
  )
  life.until(30_000)
  t.match(life.settlementOf('b'), {
    outcome: 'failed',
    error: { code: 'out_of_memory', message: /the machine had none left/ },
  })
})

t.test('a beat tells what worker and hosts have; before they have said it, nothing', async (t) => {
  const life = new Life()
  const host = life.meet()
  life.until(2_000)
  t.notOk(life.sent('beat').some((beat) => 'memoryBytes' in beat || 'memoryBytes' in beat.hosts[0]!))
  life.ownBytes = 60 * MIB
  takes(life, host, 90)
  life.until(4_000)
  t.match(life.sent('beat').at(-1), { memoryBytes: 60 * MIB, hosts: [{ memoryBytes: 90 * MIB }] })
})
