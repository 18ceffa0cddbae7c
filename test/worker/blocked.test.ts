// Code that lets nothing else have its turn: told once, with its name; nobody is given up for it.
import t from 'tap'
import { Life } from './life.js'

/** What the log said of it. */
function told(life: Life): string[] {
  return life.all('log').flatMap(({ entry: { text } }) => (/event loop/.test(String(text)) ? [String(text)] : []))
}

t.test('a task that blocks the event loop is named, once a time', async (t) => {
  const life = new Life({ slots: 1, care: { blockedMs: 5_000 } })
  const host = life.meet()
  life.assign('a')
  life.began('a')
  life.blockedMs = 4_900
  life.until(1_000)
  t.same(told(life), [])
  life.blockedMs = 5_200
  life.until(9_000)
  t.same(told(life), ['task task-a (work) has blocked the event loop for 5.2s'])
  t.same(life.machine.hosts, [{ pid: 100 + host, state: 'blocked' }])
  t.match(life.sent('beat').at(-1), { hosts: [{ state: 'blocked' }] })
  t.equal(life.sent('beat').at(-1)?.ailing, undefined)
  life.blockedMs = 0
  life.until(10_000)
  t.same(life.machine.hosts, [{ pid: 100 + host, state: 'ready' }])
  life.blockedMs = 6_000
  life.until(11_000)
  t.equal(told(life).length, 3, 'blocked, turns, blocked')
  t.same(life.all('kill'), [])
  life.blockedMs = 0
  life.says('a')
  t.match(life.settlementOf('a'), { outcome: 'completed' })
})

t.test('of several it may be any', async (t) => {
  const life = new Life({ slots: 7, care: { blockedMs: 1_000 } })
  life.meet()
  const leases = ['a', 'b', 'c', 'd', 'e', 'f', 'g']
  life.assign(...leases)
  life.began(...leases)
  life.blockedMs = 1_000
  life.until(500)
  t.match(told(life), [/^one of the tasks task-a \(work\), .*task-e \(work\) and 2 more has blocked/])
})

t.test('a host in which nothing runs is not told of, nor where nobody wants to know', async (t) => {
  for (const care of [{ blockedMs: 1_000 }, {}]) {
    const life = new Life({ care })
    life.meet()
    life.blockedMs = 9_000
    life.until(2_000)
    if (care.blockedMs === undefined) {
      life.assign('a')
      life.began('a')
      life.until(4_000)
    }
    t.same(told(life), [])
  }
})
