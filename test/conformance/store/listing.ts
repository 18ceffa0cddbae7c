// Looking: pages of tasks, and failures grouped by what ended them.
import { WALKED_ROWS_MAX } from '../../../src/store/listing.js'
import type { TaskFilter } from '../../../src/store/store.js'
import type { Subject } from './subject.js'
import { DONE, id, type Scenario, spec } from './subject.js'

const short = (taskId: string): number => Number(taskId.slice(-12))

/** The numbers of all tasks that match, page by page, and how many pages that took. */
async function all(s: Subject, filter: TaskFilter, limit = 500) {
  const numbers: number[] = []
  let cursor: string | undefined
  let pages = 0
  do {
    const page = await s.store.list(filter, { limit, ...(cursor !== undefined && { cursor }) })
    numbers.push(...page.tasks.map((task) => short(task.id)))
    cursor = page.next
    pages += 1
  } while (cursor !== undefined)
  return { numbers, pages }
}

async function failing(s: Subject, n: number, message: string, type = 'echo'): Promise<void> {
  const grant = await s.running(spec(n, { type }))
  await s.settle(grant, { kind: 'failed', final: true, error: { code: 'task_failed', message, stack: 'at line 1' } })
}

export function listingScenarios(scenario: Scenario): void {
  scenario('a page has the newest first, and goes on where it ended', async (t, s) => {
    await s.submit(...[1, 2, 3, 4, 5].map((n) => spec(n)))
    const first = await s.store.list({}, { limit: 2 })
    t.same(
      first.tasks.map((task) => short(task.id)),
      [5, 4],
    )
    await s.submit(spec(6))
    const second = await s.store.list({}, { limit: 2, cursor: first.next! })
    t.same(
      second.tasks.map((task) => short(task.id)),
      [3, 2],
      'what came meanwhile does not move it',
    )
    t.same((await all(s, {}, 4)).numbers, [6, 5, 4, 3, 2, 1])
  })

  scenario('of no types there is nothing, and what is asked for by who has others is unknown', async (t, s) => {
    await s.submit(spec(1), spec(2, { type: 'other' }))
    t.same((await s.store.list({ types: [] }, { limit: 9 })).tasks, [])
    t.same((await s.store.failures({ types: [] })).groups, [])
    const types = ['echo']
    const { operations } = await s.apply({
      operations: [
        { kind: 'cancel', taskId: id(2), types },
        { kind: 'cancel', taskId: id(1), types },
        { kind: 'retry', taskId: id(2), types },
        { kind: 'retry', taskId: id(1), types },
      ],
    })
    t.match(operations, [{ status: 'unknown' }, { status: 'cancelled' }, { status: 'unknown' }, { status: 'retried' }])
    t.same(await s.counts(), { 'echo pending': 1, 'other pending': 1 })
  })

  scenario('a page tells how a task stands, and not what it carries', async (t, s) => {
    await failing(s, 1, 'x'.repeat(600))
    const { tasks } = await s.store.list({}, { limit: 1 })
    const [task] = tasks
    t.match(task, {
      id: id(1),
      type: 'echo',
      state: 'failed',
      attempt: 1,
      suspect: false,
      error: { code: 'task_failed' },
    })
    t.equal(task?.error?.message.length, 500)
    t.notOk(task?.error?.stack)
    for (const field of ['payload', 'result', 'meta', 'origin']) t.notOk(field in (task ?? {}), field)
  })

  scenario('filters: state, type, queue, and when a task was submitted or ended', async (t, s) => {
    const start = s.now
    await s.submit(spec(1), spec(2, { type: 'other' }), spec(3, { queue: 'slow' }))
    s.now += 100
    await failing(s, 4, 'no')
    s.now += 100
    const grant = await s.running(spec(5, { type: 'third' }))
    await s.settle(grant, DONE)
    await s.running(spec(6, { type: 'fourth' }))
    const numbers = async (filter: TaskFilter) => (await all(s, filter)).numbers
    t.same(await numbers({ states: ['pending'] }), [4, 3, 2])
    t.same(await numbers({ states: ['failed'] }), [1])
    t.same(await numbers({ states: ['running'] }), [6])
    t.same(await numbers({ states: ['completed', 'running'] }), [6, 5])
    t.same(await numbers({ states: [] }), [])
    t.same(await numbers({ types: ['other', 'third'] }), [5, 2])
    t.same(await numbers({ queues: ['slow'] }), [3])
    t.same(await numbers({ createdSince: start + 100 }), [6, 5, 4])
    t.same(await numbers({ createdBefore: start + 100 }), [3, 2, 1])
    t.same(await numbers({ endedSince: start + 200 }), [5])
    t.same(await numbers({ endedBefore: start + 200 }), [1])
    t.same(await numbers({ types: ['echo'], queues: ['default'], states: ['failed'], endedBefore: start }), [])
  })

  scenario(
    'however rare a match is, a call looks at a bounded number of rows, and says where to go on',
    async (t, s) => {
      await s.submit(spec(1, { type: 'rare' }))
      for (let start = 0; start < WALKED_ROWS_MAX; start += 1_000) {
        await s.submit(...Array.from({ length: 1_000 }, (_, n) => spec(start + n + 2)))
      }
      const first = await s.store.list({ types: ['rare'] }, { limit: 5 })
      t.same(first.tasks, [])
      t.ok(first.next)
      t.same(await all(s, { types: ['rare'] }, 5), { numbers: [1], pages: 2 })
    },
  )

  scenario('failures that differ only in what is their own are one group', async (t, s) => {
    await failing(s, 1, 'file 17 not found')
    s.now += 5
    await failing(s, 2, 'file 18 not found')
    await failing(s, 3, 'no room')
    await failing(s, 4, 'file 19 not found', 'other')
    const { groups, next } = await s.store.failures({})
    t.equal(next, undefined)
    t.match(groups, [
      { type: 'other', message: 'file 19 not found', count: 1, examples: [id(4)] },
      { type: 'echo', message: 'no room', count: 1 },
      { type: 'echo', code: 'task_failed', message: 'file 18 not found', count: 2, firstAt: s.now - 5, lastAt: s.now },
    ])
    const alike = groups[2]!
    t.same(alike.examples, [id(2), id(1)])
    t.same((await all(s, { failure: alike.key })).numbers, [2, 1], 'and its key finds them again')
    t.match(await s.store.failures({ types: ['other'] }), { groups: [{ count: 1 }] })
  })

  scenario('a limit or a cursor that cannot be is refused by name', async (t, s) => {
    for (const limit of [0, 501, 1.5]) {
      await t.rejects(s.store.list({}, { limit }), { code: 'bad_input', message: /limit/ })
    }
    await t.rejects(s.store.list({}, { limit: 1, cursor: 'x' }), { code: 'bad_input', message: /cursor/ })
    await t.rejects(s.store.failures({}, '-1'), { code: 'bad_input', message: /cursor/ })
  })
}
