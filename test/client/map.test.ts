// `map` over a target that ends tasks when the test says so.
import t from 'tap'
import { type MapItem, type MapTarget, mapTasks, type Submitted } from '../../src/client/map.js'
import type { TaskEnd } from '../../src/client/task-end.js'
import type { Waiter } from '../../src/client/waiters.js'
import { DtrError } from '../../src/errors.js'

class FakeTarget implements MapTarget {
  readonly submitted: unknown[] = []
  readonly cancelled: string[] = []
  readonly #tasks = new Map<string, Waiter<TaskEnd>>()
  /** Whether tasks end by themselves, with their payload as the result. */
  automatic = true

  submit(payload: unknown, task: Waiter<TaskEnd>): Submitted {
    if (payload === 'refused') throw new DtrError('too_large', 'payload: too large')
    const ticket = this.submitted.length
    const id = `t${ticket}`
    this.submitted.push(payload)
    this.#tasks.set(id, task)
    if (payload === 'conflict') task.reject(new DtrError('conflict', 'it exists'))
    else if (payload === 'closed') task.reject(new DtrError('no_cluster', 'gone'))
    else if (this.automatic) queueMicrotask(() => this.end(id, { state: 'completed', result: JSON.stringify(payload) }))
    return { ticket, id }
  }

  end(id: string, end: Omit<TaskEnd, 'id'>): void {
    this.#tasks.get(id)?.resolve({ id, ...end })
  }

  async leave(tasks: readonly Submitted[]): Promise<void> {
    this.cancelled.push(...tasks.map(({ id }) => id))
  }
}

async function collect(items: AsyncIterable<MapItem>): Promise<MapItem[]> {
  const all: MapItem[] = []
  for await (const item of items) all.push(item)
  return all
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

t.test('each input gives one item; ordered gives them in the order of the input', async (t) => {
  const target = new FakeTarget()
  target.automatic = false
  const items = collect(mapTasks(target, ['a', 'b', 'c'], { ordered: true }))
  await turn()
  for (const id of ['t2', 't0', 't1']) target.end(id, { state: 'completed', result: `"${id}"` })
  t.same(
    (await items).map(({ index, result }) => [index, result]),
    [
      [0, 't0'],
      [1, 't1'],
      [2, 't2'],
    ],
  )
})

t.test('as they end: the one that ends first comes first', async (t) => {
  const target = new FakeTarget()
  target.automatic = false
  const items = mapTasks(target, ['a', 'b'], {})
  const first = items.next()
  await turn()
  target.end('t1', { state: 'failed', error: { code: 'timeout', message: 'too slow' } })
  t.match((await first).value, { index: 1, id: 't1', state: 'failed', error: { code: 'timeout' } })
  target.end('t0', { state: 'completed', result: 'null' })
  t.match((await items.next()).value, { index: 0, state: 'completed', result: null })
  t.equal((await items.next()).done, true)
})

t.test('an endless input is read only as fast as results are taken', async (t) => {
  const target = new FakeTarget()
  let read = 0
  function* endless(): Generator<number> {
    for (;;) {
      read += 1
      yield read
    }
  }
  const items = mapTasks(target, endless(), { window: 10 })
  await items.next()
  await turn()
  t.ok(read <= 11, `${read} were read`)
  for (let taken = 0; taken < 100; taken += 1) await items.next()
  await turn()
  t.ok(read <= 111, `${read} were read`)
  await items.return()
  t.same(target.cancelled, [], 'all that were submitted had ended')
})

t.test('leaving the loop cancels what has not ended and closes the input', async (t) => {
  const target = new FakeTarget()
  target.automatic = false
  let closed = false
  async function* inputs(): AsyncGenerator<string, void, void> {
    try {
      for (const key of ['a', 'b', 'c', 'd']) yield key
    } finally {
      closed = true
    }
  }
  const items = mapTasks(target, inputs(), { window: 2 })
  const first = items.next()
  await turn()
  target.end('t0', { state: 'completed', result: '1' })
  await first
  await turn()
  await items.return()
  t.same(target.cancelled, ['t1', 't2'])
  t.ok(closed)
})

t.test('leaving does not wait for an input that waits', async (t) => {
  const target = new FakeTarget()
  async function* inputs(): AsyncGenerator<string, void, void> {
    yield 'a'
    await new Promise(() => {})
  }
  const items = mapTasks(target, inputs(), {})
  t.match((await items.next()).value, { index: 0 })
  t.equal((await items.return()).done, true)
})

t.test('an aborted signal ends the loop with its reason, and cancels', async (t) => {
  const target = new FakeTarget()
  target.automatic = false
  const abort = new AbortController()
  const items = collect(mapTasks(target, ['a', 'b'], { signal: abort.signal }))
  await turn()
  abort.abort(new Error('enough'))
  await t.rejects(items, { message: 'enough' })
  t.same(target.cancelled, ['t0', 't1'])
})

t.test('one input that is refused is an item; an input that throws, or a client that is gone, ends it', async (t) => {
  const target = new FakeTarget()
  const items = await collect(mapTasks(target, ['a', 'refused', 'b', 'conflict'], {}))
  t.match(items.map(({ index, state, error }) => [index, state, error?.code]).sort(), [
    [0, 'completed', undefined],
    [1, 'failed', 'too_large'],
    [2, 'completed', undefined],
    [3, 'failed', 'conflict'],
  ])
  await t.rejects(collect(mapTasks(target, ['closed'], {})), { code: 'no_cluster' })
  function* broken(): Generator<string> {
    yield 'a'
    throw new Error('line 3')
  }
  await t.rejects(collect(mapTasks(target, broken(), {})), { message: 'line 3' })
  await t.rejects(collect(mapTasks(target, ['a'], { window: 0 })), { code: 'bad_input', message: /window: 0/ })
})

t.test('large results narrow what is under way', async (t) => {
  const target = new FakeTarget()
  const large = 'x'.repeat(20 * 1024 * 1024)
  let read = 0
  function* inputs(): Generator<string> {
    for (; read < 50; ) {
      read += 1
      yield large
    }
  }
  const items = mapTasks(target, inputs(), { window: 1 })
  await items.next()
  const wide = mapTasks(target, inputs(), { window: 4 })
  await wide.next()
  await turn()
  t.ok(read <= 8, `${read} were read`)
  await items.return()
  await wide.return()
})
