// What waits in a host: who begins, how many at a time are told of, and what can be taken back (host/line.ts, host/gate.ts).
import t from 'tap'
import type { AttemptInput } from '../../src/runner/runner.js'
import { Gate } from '../../src/worker/host/gate.js'
import { Line } from '../../src/worker/host/line.js'

const SLOTS_MANY = 100

function attempts(type: string, count: number): AttemptInput[] {
  return Array.from({ length: count }, (_, index) => ({
    ...{ taskId: `${type}-${index}`, leaseId: `${type}-${index}`, type, queue: 'default', payload: '1' },
    ...{ encoding: 'json', attempt: 1, maxAttempts: 5 },
  }))
}

/** How many are told of at a time until none waits. */
function sizes(line: Line): number[] {
  const found: number[] = []
  for (let list = line.tell(); list.length > 0; list = line.tell()) {
    found.push(list.length)
    while (line.mayBegin) line.ended(line.begin().type, 0.5)
  }
  return found
}

t.test('a type that was never seen is alone, a quick one with as many as let go within a millisecond', async (t) => {
  const line = new Line(SLOTS_MANY)
  line.add(attempts('quick', 3))
  t.same(sizes(line), [1, 1, 1])
  line.letGo('quick', 0.125)
  line.add(attempts('quick', 20))
  t.same(sizes(line), [8, 8, 4])
})

t.test('one that is long is alone, and nothing is told of that waits behind it', async (t) => {
  const line = new Line(SLOTS_MANY)
  line.letGo('quick', 0.125)
  line.letGo('long', 20)
  line.add([...attempts('quick', 2), ...attempts('long', 1), ...attempts('quick', 3)])
  t.same(sizes(line), [2, 1, 3])
})

t.test('one that may begin once only is told of when it does', async (t) => {
  const line = new Line(SLOTS_MANY)
  line.letGo('quick', 0.125)
  const once = attempts('quick', 2).map((attempt) => ({ ...attempt, maxAttempts: 1 }))
  line.add([...attempts('quick', 2), ...once, ...attempts('quick', 2)])
  t.same(sizes(line), [2, 1, 1, 2])
})

t.test('they begin in the order in which they came', async (t) => {
  const line = new Line(SLOTS_MANY)
  line.letGo('quick', 0.5)
  line.add(attempts('quick', 3))
  const begun: string[] = []
  t.equal(line.tell().length, 2)
  begun.push(line.begin().leaseId)
  line.add(attempts('late', 1))
  t.same(line.tell(), [], 'not before all that were told of have begun')
  begun.push(line.begin().leaseId)
  t.notOk(line.mayBegin)
  for (let list = line.tell(); list.length > 0; list = line.tell()) begun.push(line.begin().leaseId)
  t.same(begun, ['quick-0', 'quick-1', 'quick-2', 'late-0'])
})

t.test('a type that was quick and is not any more is noticed, and forgotten with time', async (t) => {
  const line = new Line(SLOTS_MANY)
  line.letGo('work', 0.01)
  line.letGo('work', 100)
  line.add(attempts('work', 2))
  t.same(sizes(line), [1, 1])
  for (let n = 0; n < 60; n += 1) line.letGo('work', 0.01)
  line.add(attempts('work', 50))
  t.same(sizes(line), [50])
})

t.test('no more run than there are slots; behind them so many are told of as end within a millisecond', async (t) => {
  const line = new Line(1)
  line.add(attempts('quick', 11))
  line.tell()
  line.begin()
  line.letGo('quick', 0.01)
  line.ended('quick', 0.25)
  t.equal(line.tell().length, 4)
  t.equal(line.begin().leaseId, 'quick-1')
  t.notOk(line.mayBegin, 'there is no slot')
  t.notOk(line.mayTell, 'nor are there others to tell of')
  line.ended('quick', 0.25)
  t.equal(line.begin().leaseId, 'quick-2')
  t.ok(line.hasTold)
  t.equal(line.clear().length, 8)
  t.notOk(line.hasTold)
  t.ok(line.isEmpty)
  line.add(attempts('late', 2))
  t.notOk(line.mayTell, 'one still runs')
  t.same(line.tell(), [])
  line.ended('quick', 0.25)
  t.ok(line.mayTell)
  t.equal(line.tell().length, 1)
})

t.test('who has passed the gate before it was closed is counted, and nobody passes after that', async (t) => {
  const gate = new Gate()
  const watchdog = new Gate(gate.shared)
  gate.open(1)
  t.ok(gate.pass())
  t.ok(gate.pass())
  t.equal(watchdog.close(1), 2)
  t.notOk(gate.pass())
  t.equal(watchdog.begun, 2)
  gate.open(2)
  t.ok(gate.pass())
  t.equal(watchdog.begun, 3)
})

t.test('an epoch can be closed before it was opened', async (t) => {
  const gate = new Gate()
  t.equal(gate.close(1), 0)
  gate.open(1)
  t.notOk(gate.pass())
  t.equal(gate.close(2), 0, 'closed twice')
  gate.open(2)
  t.notOk(gate.pass())
  gate.open(3)
  t.ok(gate.pass())
})
