// What a worker tells of itself, in virtual time.
import t from 'tap'
import { Life } from './life.js'

t.test('whether work comes to it, what it serves, and since when it runs what', (t) => {
  const life = new Life({ slots: 2, queues: ['default', 'slow'] })
  const told = () => life.machine.told({ monoMs: life.now, wallMs: 1_000_000 + life.now })
  t.match(told(), { name: 'w', slots: 2, queues: ['default', 'slow'], types: [], idleFor: 'no master', running: [] })
  life.meet()
  t.match(told(), { types: ['work', 'brief'], idleFor: undefined })

  life.until(1_000)
  life.assign({ lease: 'a', attempt: 3 }, 'b', 'c')
  t.same(told().running, [], 'no code has begun')
  life.began('a', 'b')
  life.until(5_000)
  t.match(told(), { running: [{ taskId: 'task-a', type: 'work', attempt: 3, since: 1_001_000 }, { taskId: 'task-b' }] })
  t.equal(told().running.length, 2, 'one has no slot yet')

  life.post({ kind: 'closed', session: life.session, reason: 'gone' })
  t.match(told(), { idleFor: 'no master', running: [{ taskId: 'task-a' }, { taskId: 'task-b' }] }, 'its code goes on')
  life.open('m#2')
  life.welcome([], 'm#2')
  t.equal(told().idleFor, undefined)
  life.post({ kind: 'drain', graceMs: 10_000 })
  t.match(told(), { idleFor: 'leaving', running: [{ taskId: 'task-a' }, { taskId: 'task-b' }] })
  t.end()
})
