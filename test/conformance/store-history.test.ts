// Random histories, each from one seed: the same batches against both stores give the same outcomes and leave the same
// tasks. In between, batches are applied again as if their reply had been lost, and the one on disk is closed and opened.
import t, { type Test } from 'tap'
import { openStore } from '../../src/store/open.js'
import type { Batch, Claim, Grant, Operation, Store, TaskSummary } from '../../src/store/store.js'
import { type Ending, isTerminal } from '../../src/task/task.js'
import { DONE, DRAINED, FAIL, FAIL_FINAL, FAILED, id, LOST, spec, UNDELIVERED } from './store/subject.js'

const SEEDS = [1, 2, 3, 4, 20]
const BATCHES = 100
const TASKS = 60
const LIMITS = { pendingMax: 25 }
const ENDINGS: readonly Ending[] = [
  DONE,
  DONE,
  FAIL,
  FAIL_FINAL,
  DRAINED,
  UNDELIVERED,
  { kind: 'returned', reason: 'neighbour', started: true, suspect: true, error: FAILED },
  { kind: 'lost', started: true, error: LOST },
  { kind: 'cancelled' },
]

/** mulberry32: a number in [0, 1) a call, all of them from the seed. */
function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

class History {
  readonly #random: () => number
  readonly #leases: Grant[] = []
  #now = 1_000_000
  #batches = 0

  constructor(seed: number) {
    this.#random = randomFrom(seed)
  }

  chance(share: number): boolean {
    return this.#random() < share
  }

  remember(grants: readonly Grant[]): void {
    this.#leases.push(...grants)
  }

  batch(): Batch {
    this.#batches += 1
    this.#now += this.#below(4) === 0 ? this.#below(3_000) : this.#below(20)
    // Submits first: a cancel before the submit of its own task is the one pair that a retried batch sees otherwise.
    const drawn = Array.from({ length: this.#below(6) }, () => this.#operation())
    const operations = [...drawn].sort((a, b) => Number(b.kind === 'submit') - Number(a.kind === 'submit'))
    const claims = Array.from({ length: this.#below(3) }, (_, n) => this.#claim(n))
    return { id: `${this.#batches}`, now: this.#now, operations, claims, retried: false }
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit)
  }

  #of<Item>(items: readonly Item[]): Item | undefined {
    return items[this.#below(items.length)]
  }

  #operation(): Operation {
    const grant = this.#of(this.#leases.slice(-30))
    const kind = this.#of([
      'submit',
      'submit',
      'settle',
      'settle',
      'settle',
      'checkpoint',
      'checkpoint',
      'cancel',
      'retry',
      'prune',
      'attach',
      'expire',
    ])
    if (kind === 'submit') return { kind: 'submit', task: this.#task(this.#below(TASKS)) }
    if (kind === 'cancel' || kind === 'retry') return { kind, taskId: id(this.#below(TASKS)) }
    if (kind === 'prune') {
      const [completedBefore, failedBefore] = [this.#now - 2_000, this.#now - this.#below(9_000)]
      return {
        kind,
        completedBefore,
        failedBefore,
        keptMax: 10 + this.#below(20),
        keptBytesMax: 200,
        limit: this.#below(4),
      }
    }
    const incarnation = `w#${this.#below(4)}`
    if (kind === 'attach') {
      return { kind: 'attach', incarnation, leases: this.#leases.slice(-30).filter(() => this.chance(0.8)) }
    }
    if (kind === 'expire' || grant === undefined) {
      const unstarted = this.#leases.filter(() => this.chance(0.3)).map(({ leaseId }) => leaseId)
      return { kind: 'expire', incarnation, beat: this.chance(0.1) ? 1 : 0, unstarted, error: LOST }
    }
    if (kind === 'checkpoint') {
      const { taskId, leaseId, holder } = grant
      return { kind, taskId, leaseId, value: `${this.#below(1_000)}`, ...(this.chance(0.5) && { holder }) }
    }
    return { kind: 'settle', taskId: grant.taskId, leaseId: grant.leaseId, ending: this.#of(ENDINGS) ?? DONE }
  }

  #task(n: number) {
    return spec(n, {
      type: n % 3 === 0 ? 'a' : 'b',
      queue: n % 5 === 0 ? 'other' : 'default',
      priority: this.chance(0.05) ? 7 : n % 4,
      ...(n % 6 === 0 && { delayMs: (n % 5) * 100 }),
      ...(n % 7 === 0 && { expiresMs: 500 }),
      ...(n % 11 === 0 && { deadlineMs: 700 }),
      ...(n % 4 === 0 && { maxAttempts: 1 + (n % 3) }),
      ...(n % 2 === 0 && { origin: 'client#1' }),
    })
  }

  #claim(n: number): Claim {
    const routes = [
      { queue: 'default', type: 'a', maxAttempts: 2 },
      { queue: 'default', type: 'b' },
      { queue: 'other', type: 'a' },
      { queue: 'other', type: 'b' },
    ].filter(() => this.chance(0.8))
    const offers = Array.from({ length: this.#below(5) }, (_, k) => ({
      leaseId: `${this.#batches}.${n}.${k}`,
      holder: `w#${this.#below(4)}`,
    }))
    return { routes, offers }
  }
}

async function stateOf(store: Store) {
  const tasks = await store.get(Array.from({ length: TASKS }, (_, n) => id(n)))
  const counts = [...(await store.counts())].map((count) => JSON.stringify(count)).sort()
  const holders = [...(await store.holders())].map((holder) => JSON.stringify(holder)).sort()
  const { groups } = await store.failures({})
  return { tasks, counts, holders, listed: await listOf(store), groups }
}

/** All of them, page by page; what a cursor looks like is the store's own affair. */
async function listOf(store: Store): Promise<readonly TaskSummary[]> {
  const listed: TaskSummary[] = []
  for (
    let page = await store.list({}, { limit: 20 });
    ;
    page = await store.list({}, { limit: 20, cursor: page.next })
  ) {
    listed.push(...page.tasks)
    if (page.next === undefined) return listed
  }
}

/** What must hold of any task, however it came there. */
function check(t: Test, { tasks, counts }: Awaited<ReturnType<typeof stateOf>>): void {
  const counted = new Map<string, number>()
  for (const { task, story } of tasks) {
    const key = JSON.stringify({ queue: task.queue, type: task.type, state: task.state })
    counted.set(key, (counted.get(key) ?? 0) + 1)
    if (isTerminal(task.state) !== (task.endedAt !== undefined)) t.fail(`${task.id} is ${task.state}`, task)
    if (task.state === 'running' && task.leaseId === undefined) t.fail(`${task.id} runs without a lease`, task)
    const since = story.findLastIndex(({ outcome }) => outcome === 'retried')
    const charged = story.slice(since + 1).filter((record) => record.charged).length
    if (charged > (task.maxAttempts ?? 5)) t.fail(`P9: ${task.id} was charged ${charged} attempts`, task)
  }
  const expected = [...counted].map(([key, count]) => JSON.stringify({ ...JSON.parse(key), count })).sort()
  t.same(counts, expected, 'the counts are those of the tasks')
}

for (const seed of SEEDS) {
  t.test(`seed ${seed}`, async (t) => {
    const memory = await openStore({ kind: 'memory', limits: LIMITS })
    const folder = t.testdir()
    const open = () => openStore({ kind: 'sqlite', folder, limits: LIMITS })
    let sqlite = await open()
    t.teardown(() => sqlite.close())
    const history = new History(seed)
    for (let n = 0; n < BATCHES; n += 1) {
      const batch = history.batch()
      const outcome = await memory.apply(batch)
      t.same(await sqlite.apply(batch), outcome, `batch ${n}`)
      history.remember(outcome.claims.flatMap(({ grants }) => grants))
      if (history.chance(0.05)) {
        await sqlite.close()
        sqlite = await open()
      }
      if (history.chance(0.2)) {
        const before = await stateOf(memory)
        const again = await memory.apply({ ...batch, retried: true })
        t.same(await sqlite.apply({ ...batch, retried: true }), again, `batch ${n}, again`)
        t.same(await stateOf(memory), before, 'one effect')
        t.same(again.claims, outcome.claims, 'the same grants')
        const told = new Set(again.ended.map((task) => task.id))
        const standing = (await memory.get(outcome.ended.map(({ id }) => id))).filter(({ task }) =>
          isTerminal(task.state),
        )
        t.ok(
          standing.every(({ task }) => told.has(task.id)),
          'every end is told again, but of what the same batch retried',
        )
      }
    }
    const state = await stateOf(memory)
    t.same(await stateOf(sqlite), state)
    check(t, state)
  })
}
