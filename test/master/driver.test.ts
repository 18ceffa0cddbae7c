// The driver: commit before send, one batch at a time, and what it does when it cannot know whether a batch is on disk.
import t from 'tap'
import { DtrError } from '../../src/errors.js'
import { createLog } from '../../src/log.js'
import { Driver } from '../../src/master/driver.js'
import type { MasterEffect } from '../../src/master/events.js'
import { MasterMachine } from '../../src/master/machine.js'
import { openStore } from '../../src/store/open.js'
import type { Batch, Outcome, Store } from '../../src/store/store.js'
import { START } from './stage.js'

/** A clock that stands until a timer is due, and then is there at once. */
class TestClock {
  #monoMs = START.monoMs
  #timers: { monoMs: number; wake: () => void }[] = []

  now(): { monoMs: number; wallMs: number } {
    return { monoMs: this.#monoMs, wallMs: START.wallMs + this.#monoMs - START.monoMs }
  }

  wakeAt(monoMs: number, wake: () => void): () => void {
    const timer = { monoMs, wake }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer)
    }
  }

  advance(ms: number): void {
    this.#monoMs += ms
    for (const timer of this.#timers.filter(({ monoMs }) => monoMs <= this.#monoMs)) {
      this.#timers = this.#timers.filter((other) => other !== timer)
      timer.wake()
    }
  }
}

/** A store whose next calls to apply end as the test says. */
class FickleStore {
  readonly batches: Batch[] = []
  readonly #plans: ((apply: () => Promise<Outcome>) => Promise<Outcome>)[] = []
  #called: () => void = () => {}

  constructor(readonly inner: Store) {}

  plan(next: (apply: () => Promise<Outcome>) => Promise<Outcome>): void {
    this.#plans.push(next)
  }

  /** Resolves at the next call to apply. */
  called(): Promise<void> {
    return new Promise((resolve) => {
      this.#called = resolve
    })
  }

  apply(batch: Batch): Promise<Outcome> {
    this.batches.push(batch)
    this.#called()
    const apply = (): Promise<Outcome> => this.inner.apply(batch)
    return (this.#plans.shift() ?? ((run) => run()))(apply)
  }
}

async function play(): Promise<{
  driver: Driver
  clock: TestClock
  store: FickleStore
  acted: MasterEffect[]
  failures: unknown[]
  settled: () => Promise<void>
}> {
  const inner = await openStore({ kind: 'memory', limits: { pendingMax: 1_000 } })
  const store = new FickleStore(inner)
  const clock = new TestClock()
  const acted: MasterEffect[] = []
  const failures: unknown[] = []
  const machine = new MasterMachine(clock.now(), {
    incarnation: 'master#1',
    pid: 1,
    version: '0',
    address: '127.0.0.1:4999',
    machine: 'here',
    heartbeatMs: 2_000,
    suspectMs: 5_000,
    leaseMs: 15_000,
    codeDeadMs: 12_000,
    drainMs: 30_000,
    keepWorkers: false,
    tellsDebug: true,
    keep: { completedMs: 7 * 86_400_000, failedMs: undefined, tasks: 1_000_000, bytes: 2 ** 30 },
    pull: { leaseMs: 75_000, staleMs: 45_000, sweepMs: 1_000, maxAttempts: 5 },
    holders: [],
    keys: [],
    quarantined: [],
  })
  let batches = 0
  const driver = new Driver(machine, {
    clock,
    store: {
      ...inner,
      apply: (batch) => store.apply(batch),
      get: (ids) => inner.get(ids),
      counts: () => inner.counts(),
    },
    log: createLog({ name: 'test' }),
    batchId: () => {
      batches += 1
      return `batch${batches}`
    },
    afterArrivals: (callback) => void setImmediate(callback),
    act: (effect) => void acted.push(effect),
    hasRoom: () => true,
    failed: (error) => void failures.push(error),
  })
  driver.start()
  const settled = (): Promise<void> =>
    new Promise((resolve) => setImmediate(() => setImmediate(() => setImmediate(resolve))))
  await settled()
  driver.post({ kind: 'opened', session: 1, peer: { role: 'client', incarnation: 'client#1', remote: '127.0.0.1:1' } })
  return { driver, clock, store, acted, failures, settled }
}

const submit = (re: number, ids: readonly number[]) => ({
  kind: 'message' as const,
  session: 1,
  message: {
    type: 'submit' as const,
    re,
    list: ids.map((id) => ({
      id: `00000000-0000-7000-8000-${String(id).padStart(12, '0')}`,
      type: 'echo',
      payload: '{}',
    })),
  },
})

const accepted = (acted: readonly MasterEffect[]) =>
  acted.flatMap((effect) => (effect.kind === 'send' && effect.message.type === 'accepted' ? [effect.message] : []))

t.test('what arrives together is one batch; while it is in flight the next gathers', async (t) => {
  const { driver, store, acted, settled } = await play()
  const before = store.batches.length
  let release: () => void = () => {}
  store.plan(async (apply) => {
    await new Promise<void>((resolve) => {
      release = resolve
    })
    return apply()
  })
  driver.post(submit(1, [1, 2]))
  driver.post(submit(2, [3]))
  await settled()
  t.equal(store.batches.length, before + 1)
  t.equal(store.batches.at(-1)?.operations.length, 3)
  driver.post(submit(3, [4]))
  driver.post(submit(4, [5]))
  await settled()
  t.equal(store.batches.length, before + 1, 'one batch in flight')
  t.equal(accepted(acted).length, 0, 'nothing is acknowledged')
  let heardBefore: number | undefined
  store.plan((apply) => {
    heardBefore = accepted(acted).length
    return apply()
  })
  release()
  await settled()
  t.equal(heardBefore, 0, 'the store has the next before anybody hears of this')
  t.same(
    accepted(acted)
      .slice(0, 2)
      .map(({ re }) => re),
    [1, 2],
  )
  t.equal(store.batches.at(-1)?.operations.length, 2)
  await driver.close()
})

t.test('where as much gathers as the store is at work on it leaves at once; outcomes keep their order', async (t) => {
  const { driver, clock, store, acted, settled } = await play()
  const before = store.batches.length
  const sizes = (): number[] => store.batches.slice(before).map(({ operations }) => operations.length)
  store.plan(() => Promise.reject(new DtrError('store_failed', 'no space left')))
  driver.post(submit(1, [1, 2]))
  let release: () => void = () => {}
  store.plan(async () => {
    await new Promise<void>((resolve) => {
      release = resolve
    })
    throw new DtrError('store_failed', 'no space left')
  })
  await settled()
  clock.advance(250)
  await settled()
  t.same(sizes(), [2, 2])
  driver.post(submit(2, [3]))
  await settled()
  t.same(sizes(), [2, 2], 'one may wait for more')
  driver.post(submit(3, [4]))
  await settled()
  t.same(sizes(), [2, 2, 2])
  driver.post(submit(4, [5, 6, 7]))
  await settled()
  t.same(sizes(), [2, 2, 2], 'the store has two')
  t.same(accepted(acted), [], 'the second is on disk, and nobody hears of it before the first')
  release()
  await settled()
  clock.advance(250)
  await settled()
  t.same(sizes(), [2, 2, 2, 2, 3])
  t.same(
    accepted(acted).map(({ re }) => re),
    [1, 2, 3, 4],
  )
  await driver.close()
})

for (const [name, effect] of [
  ['before', async () => {}],
  ['after', async (apply: () => Promise<Outcome>) => void (await apply())],
] as const) {
  t.test(`a commit that fails ${name} it took effect is applied again until its outcome is known (P4)`, async (t) => {
    const { driver, clock, store, acted, settled } = await play()
    for (let time = 0; time < 3; time += 1) {
      store.plan(async (apply) => {
        await effect(apply)
        throw new DtrError('store_failed', 'no space left')
      })
    }
    driver.post(submit(1, [1]))
    for (let time = 0; time < 3; time += 1) {
      await settled()
      t.equal(accepted(acted).length, 0, 'acknowledges nothing that is not known to be on disk')
      clock.advance(250)
    }
    await settled()
    t.match(accepted(acted), [{ re: 1, list: [{ status: name === 'before' ? 'accepted' : 'existing' }] }])
    t.same(
      store.batches
        .slice(-4)
        .map(({ id, retried }) => [id, retried])
        .map(([id, retried]) => [id === store.batches.at(-1)?.id, retried]),
      [
        [true, false],
        [true, true],
        [true, true],
        [true, true],
      ],
    )
    await driver.close()
  })
}

t.test('an error of the program itself is told once, and nothing is decided after it', async (t) => {
  const { driver, store, acted, failures, settled } = await play()
  const mistake = new TypeError('a mistake')
  store.plan(() => Promise.reject(mistake))
  driver.post(submit(1, [1]))
  await settled()
  driver.post(submit(2, [2]))
  await settled()
  t.same(failures, [mistake])
  t.same(accepted(acted), [])
  t.equal(store.batches.length, 2, 'the first of the start and the one that failed')
  await driver.close()
})
