// The deadline of a task at its worker, in virtual time: it ends the attempt wherever that stands, once and for all (P13).
import t from 'tap'
import { Life } from './life.js'

const OVER = { outcome: 'failed', final: true, error: { code: 'deadline' } }

t.test('what runs is ended as by a timeout, and is not tried again', async (t) => {
  const life = new Life()
  life.meet()
  life.assign({ lease: 'a', deadlineMs: 3_000 }, { lease: 'b', deadlineMs: 3_000 })
  life.until(1_000)
  life.began('a', 'b')
  life.until(2_900)
  t.same(life.all('abort'), [])
  life.until(3_100)
  t.same(
    life.all('abort').map(({ leaseId, reason }) => `${leaseId} ${reason}`),
    ['a deadline', 'b deadline'],
  )
  life.says('a')
  t.match(life.settlementOf('a'), OVER, 'whatever it still says')
  life.until(9_000)
  t.equal(life.all('kill').length, 1, 'after its grace')
  life.hostEnds(1)
  t.match(life.settlementOf('b'), OVER)
})

t.test('the nearer of the limit of the run and the deadline', async (t) => {
  const life = new Life()
  life.meet()
  life.assign({ lease: 'a', timeoutMs: 1_000, deadlineMs: 5_000 }, { lease: 'b', timeoutMs: 5_000, deadlineMs: 2_000 })
  life.began('a', 'b')
  life.until(2_100)
  t.same(
    life.all('abort').map(({ leaseId, reason }) => `${leaseId} ${reason}`),
    ['a timeout', 'b deadline'],
  )
})

t.test('what has not begun by then never does', async (t) => {
  const life = new Life({ slots: 1 })
  const host = life.meet()
  life.hostEnds(host, { exitCode: 1 })
  life.assign({ lease: 'a', deadlineMs: 500 })
  life.until(600)
  t.match(life.settlementOf('a'), OVER)
  life.hostReady()
  life.assign({ lease: 'b', deadlineMs: 0 })
  t.match(life.settlementOf('b'), OVER, 'nor what comes when it is over')
  t.same(life.running, [])
})

t.test('it counts on while the master is away, and over a cancel it has no say', async (t) => {
  const life = new Life()
  life.meet()
  life.assign({ lease: 'a', deadlineMs: 3_000 }, { lease: 'b', deadlineMs: 3_000 })
  life.began('a', 'b')
  life.hear({ type: 'cancel', list: [{ id: 'task-b', lease: 'b', reason: 'cancelled' }] })
  life.post({ kind: 'closed', session: 1, reason: 'gone' })
  life.until(3_100)
  life.says('a')
  life.says('b')
  life.open('m#2')
  life.welcome([], 'm#2')
  t.match(life.settlementOf('a'), OVER)
  t.match(life.settlementOf('b'), { outcome: 'cancelled' })
})
