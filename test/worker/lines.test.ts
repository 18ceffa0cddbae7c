// Tiny tasks that are given to the host in a line, beyond its slots, and what is taken back of it (decide/line.ts; P9, P15).
import t from 'tap'
import { Life } from './life.js'

/** One slot, and a host that knows what a task takes. */
function knowing(tookMs: number, config = {}): { life: Life; host: number } {
  const life = new Life({ slots: 1, ...config })
  const host = life.meet()
  life.assign('first')
  life.began('first')
  life.says('first', undefined, tookMs)
  life.clear()
  return { life, host }
}

const leases = (count: number): string[] => Array.from({ length: count }, (_, n) => `${n}`)

t.test('2 ms of what the host has measured, told and given in one go', async (t) => {
  const { life } = knowing(0.25)
  life.assign(...leases(20))
  t.same(life.running, leases(9), 'one in the slot, and eight')
  t.equal(life.all('run').length, 1)
  t.same(
    life.sent('started').map(({ list }) => list.length),
    [9],
  )
  life.began(...leases(4))
  for (const lease of leases(3)) life.says(lease, undefined, 0.25)
  t.same(life.running, leases(12), 'as many more as have ended')
})

t.test('256 at most; none where tasks are long, or of a type that nobody has seen', async (t) => {
  const tiny = knowing(0).life
  tiny.assign(...leases(300))
  t.equal(tiny.running.length, 257)
  const short = knowing(10).life
  short.assign(...leases(5))
  t.equal(short.running.length, 2, 'so that the next is there')
  const long = knowing(21).life
  long.assign(...leases(5))
  t.equal(long.running.length, 1)
  const { life } = knowing(0)
  life.assign('a', { lease: 'b', type: 'brief' }, 'c')
  t.same(life.running, ['a'], 'and what comes behind it waits, too')
})

t.test('what may begin once only, a suspect, and tasks that share no process, are in no line', async (t) => {
  const once = knowing(0).life
  once.assign('a', { lease: 'b', maxAttempts: 1 }, 'c')
  t.same(once.running, ['a'])
  const suspect = knowing(0).life
  suspect.assign('a', { lease: 'b', suspect: true }, 'c')
  t.same(suspect.running, ['a'])
  const isolated = new Life({ slots: 1, isolate: true })
  isolated.meet()
  isolated.assign('first')
  isolated.began('first')
  isolated.says('first', undefined, 0)
  isolated.assign('a', 'b')
  t.same(isolated.running, ['first', 'a'])
})

t.test('no line while another host still runs something', async (t) => {
  const { life, host } = knowing(0)
  life.assign('old')
  life.began('old')
  life.post({ kind: 'reload' })
  const next = life.hostReady()
  life.assign('a', 'b')
  t.same(life.running, ['old'])
  life.says('old', undefined, 0)
  life.hostEnds(host)
  t.same(life.running, ['old', 'a', 'b'])
  t.equal(life.hostOf('b'), next)
})

t.test('who has waited for 100 ms is recalled with all behind: what has not begun goes back, uncharged', async (t) => {
  const { life, host } = knowing(0.25)
  life.assign('a', 'b', 'c', 'd')
  life.began('a', 'b', 'c')
  life.until(50)
  life.says('a', undefined, 0.25)
  t.same(life.all('recall'), [])
  life.until(100)
  t.same(life.all('recall'), [{ kind: 'recall', host, epoch: 1 }])
  life.assign('e')
  // Of those that it had said to begin, c never did.
  life.post({ kind: 'host-recalled', host, epoch: 1, begun: 3 })
  for (const lease of ['c', 'd'])
    t.match(life.settlementOf(lease), { outcome: 'returned', reason: 'ahead', started: false }, lease)
  t.same(life.running, ['a', 'b', 'c', 'd'], 'b runs, and nothing was added while it was asked')
  t.equal(life.sent('results').at(-1)?.ahead, undefined)
  life.says('b', undefined, 0.25)
  t.match(life.last('run'), { host, epoch: 2, attempts: [{ leaseId: 'e' }] })
  life.began('e')
  life.says('e')
  t.match(life.settlementOf('e'), { outcome: 'completed' })
})

t.test('a line that moves is not recalled, whatever one slot does', async (t) => {
  const { life } = knowing(0.25, { slots: 2 })
  life.assign('long', ...leases(3))
  life.began('long', ...leases(3))
  for (let n = 0; n < 30; n += 1) {
    life.until(life.now + 20)
    life.assign(`${n + 3}`)
    life.began(`${n + 3}`)
    life.says(`${n}`, undefined, 0.25)
  }
  t.same(life.all('recall'), [])
})

t.test('an answer that comes twice, or late, changes nothing', async (t) => {
  const { life, host } = knowing(0.25)
  life.assign('a', 'b')
  life.began('a')
  life.post({ kind: 'host-recalled', host, epoch: 1, begun: 2 })
  t.same(life.settled, [])
  life.until(100)
  life.post({ kind: 'host-recalled', host, epoch: 1, begun: 2 })
  life.post({ kind: 'host-recalled', host, epoch: 1, begun: 0 })
  t.same(
    life.settled.map(({ lease }) => lease),
    ['b'],
  )
})

t.test('a host that dies: what had not begun is passed on, and nobody is charged for it', async (t) => {
  const { life, host } = knowing(0.25)
  life.assign('a', 'b', 'c')
  life.began('a')
  life.hostEnds(host, { exitCode: 1 })
  t.match(life.settlementOf('a'), { outcome: 'failed' }, 'it was alone')
  const next = life.hostReady()
  t.match(life.last('run'), { host: next, epoch: 1, attempts: [{ leaseId: 'b' }, { leaseId: 'c' }] })
  t.equal(life.sent('started').flatMap(({ list }) => list).length, 3, 'each is told of once')
})

t.test('cancelled while it waits in a line: it never begins', async (t) => {
  const { life, host } = knowing(0.25)
  life.assign('a', 'b')
  life.began('a')
  life.hear({ type: 'cancel', list: [{ id: 'task-b', lease: 'b', reason: 'cancelled' }] })
  life.until(100)
  life.post({ kind: 'host-recalled', host, epoch: 1, begun: 2 })
  t.match(life.settlementOf('b'), { outcome: 'cancelled' })
})

t.test('limits count from the begin of each', async (t) => {
  const { life, host } = knowing(0.25)
  life.assign('a', { lease: 'b', timeoutMs: 1_000 })
  life.post({ kind: 'host-began', host, leaseIds: ['a', 'b'] })
  life.says('a', undefined, 0.25)
  life.until(3_000)
  t.same(life.all('abort'), [])
  life.begun = 3
  life.until(3_500)
  life.until(4_600)
  t.match(life.all('abort'), [{ leaseId: 'b', reason: 'timeout' }])
})
