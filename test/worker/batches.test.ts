// How many attempts begin at a time in a host (host/batches.ts).
import t from 'tap'
import type { AttemptInput } from '../../src/runner/runner.js'
import { Batches } from '../../src/worker/host/batches.js'

function attempts(type: string, count: number): AttemptInput[] {
  return Array.from({ length: count }, (_, index) => ({
    ...{ taskId: `${type}-${index}`, leaseId: `${type}-${index}`, type, queue: 'default', payload: '1' },
    ...{ encoding: 'json', attempt: 1, maxAttempts: 5 },
  }))
}

/** How many begin at a time until none waits. */
function sizes(batches: Batches): number[] {
  const found: number[] = []
  for (let batch = batches.next(); batch.length > 0; batch = batches.next()) found.push(batch.length)
  return found
}

t.test('a type that was never seen begins alone, a quick one with as many as fit into a millisecond', async (t) => {
  const batches = new Batches()
  batches.add(attempts('quick', 3))
  t.same(sizes(batches), [1, 1, 1])
  batches.took('quick', 0.125)
  batches.add(attempts('quick', 20))
  t.same(sizes(batches), [8, 8, 4])
})

t.test('one that is long begins alone, and nothing is said to have begun that waits behind it', async (t) => {
  const batches = new Batches()
  batches.took('quick', 0.125)
  batches.took('long', 20)
  batches.add([...attempts('quick', 2), ...attempts('long', 1), ...attempts('quick', 3)])
  t.same(sizes(batches), [2, 1, 3])
})

t.test('one that may begin once only is said to begin when it does', async (t) => {
  const batches = new Batches()
  batches.took('quick', 0.125)
  const once = attempts('quick', 2).map((attempt) => ({ ...attempt, maxAttempts: 1 }))
  batches.add([...attempts('quick', 2), ...once, ...attempts('quick', 2)])
  t.same(sizes(batches), [2, 1, 1, 2])
})

t.test('they begin in the order in which they came', async (t) => {
  const batches = new Batches()
  batches.took('quick', 0.5)
  batches.add(attempts('quick', 3))
  const first = batches.next()
  batches.add(attempts('late', 1))
  const rest = [batches.next(), batches.next()].flat()
  t.same(
    [...first, ...rest].map(({ leaseId }) => leaseId),
    ['quick-0', 'quick-1', 'quick-2', 'late-0'],
  )
})

t.test('a type that was quick and is not any more is noticed, and forgotten with time', async (t) => {
  const batches = new Batches()
  batches.took('work', 0.01)
  batches.took('work', 100)
  batches.add(attempts('work', 2))
  t.same(sizes(batches), [1, 1])
  for (let n = 0; n < 60; n += 1) batches.took('work', 0.01)
  batches.add(attempts('work', 50))
  t.same(sizes(batches), [50])
})
