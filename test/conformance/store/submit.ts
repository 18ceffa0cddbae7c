// Submits: the client's id, room, times, text as it came (P2, P24).
import { PAGE_MAX } from '../../../src/store/store.js'
import { DONE, id, numbers, type Scenario, spec } from './subject.js'

export function submitScenarios(scenario: Scenario): void {
  scenario('a submit is accepted, and the task is as it was sent', async (t, s) => {
    const task = spec(1, {
      priority: -3,
      maxAttempts: 2,
      timeoutMs: 500,
      description: 'first',
      meta: '{"a":1}',
      origin: 'client#1',
    })
    t.same(await s.submit(task), ['accepted'])
    const stored = await s.task(1)
    t.match(stored, { ...task, state: 'pending', attempt: 0, uncharged: 0, suspect: false, cancelRequested: false })
    t.match(stored, { createdAt: s.now, runAt: s.now })
    t.notOk('expiresAt' in stored)
    t.same(await s.story(1), [])
    t.same(await s.counts(), { 'echo pending': 1 })
  })

  scenario('P2: the same id with the same content is the same task, in any state', async (t, s) => {
    await s.submit(spec(1, { delayMs: 0 }))
    t.same(await s.submit(spec(1, { delayMs: 5_000, expiresMs: 9 })), ['existing'])
    const [grant] = await s.claim(1)
    t.match(await s.one({ kind: 'submit', task: spec(1) }), { status: 'existing', state: 'running' })
    await s.settle(grant!, DONE)
    t.match(await s.one({ kind: 'submit', task: spec(1) }), { status: 'existing', state: 'completed' })
    t.same(await s.counts(), { 'echo completed': 1 })
  })

  scenario('P2: twice in one batch is once', async (t, s) => {
    t.same(await s.submit(spec(1), spec(1)), ['accepted', 'existing'])
    t.same(await s.counts(), { 'echo pending': 1 })
  })

  scenario(
    'P2, P24: each of many in one batch has an answer of its own',
    async (t, s) => {
      await s.submit(spec(3), spec(17), spec(18), spec(25, { meta: '1' }))
      const tasks = Array.from({ length: 40 }, (_, n) => spec(n, n % 15 === 14 ? { delayMs: 1_000 } : {}))
      tasks[6] = spec(5)
      tasks[7] = spec(4, { payload: 'other' })
      tasks[9] = spec(8)
      const expected: (string | undefined)[] = tasks.map((_, n) =>
        [3, 6, 9, 17, 18, 25].includes(n) ? 'existing' : 'accepted',
      )
      expected[7] = 'conflict'
      expected.fill('busy', 37)
      t.same(await s.submit(...tasks), expected)
      // Known by now, whatever room there is; again there is none for the last.
      const again = tasks.map((_, n) => (n === 7 ? 'conflict' : n < 37 ? 'existing' : 'busy'))
      t.same(await s.submit(...tasks), again)
      t.same(await s.counts(), { 'echo pending': 34 })
      for (const n of [0, 5, 8, 36]) t.match(await s.task(n), { payload: `${n}`, state: 'pending' })
      const claimed = numbers(await s.claim(50))
      t.same(claimed, [3, 17, 18, 25, ...claimed.slice(4).sort((a, b) => a - b)])
      t.equal(claimed.length, 32)
    },
    { pendingMax: 34 },
  )

  scenario('P2: the same id with other content is refused, and changes nothing', async (t, s) => {
    const task = spec(1, { maxAttempts: 3, timeoutMs: 100 })
    await s.submit(task)
    const before = await s.task(1)
    for (const changes of [
      { type: 'sleep' },
      { queue: 'other' },
      { payload: '2' },
      { encoding: 'base64' as const },
      { priority: 1 },
      { maxAttempts: 4 },
      { maxAttempts: undefined },
      { timeoutMs: 101 },
    ]) {
      t.same(await s.submit({ ...task, ...changes }), ['conflict'], JSON.stringify(changes))
    }
    t.same(await s.task(1), before)
  })

  scenario('P2: what the first grant filled in does not count as content', async (t, s) => {
    await s.running(spec(1))
    t.equal((await s.task(1)).maxAttempts, 5)
    t.same(await s.submit(spec(1)), ['existing'])
    t.same(await s.submit(spec(1, { maxAttempts: 5 })), ['conflict'])
  })

  scenario(
    'P24: beyond the limit submits are busy, known ids are still answered, and what makes room counts at once',
    async (t, s) => {
      t.same(await s.submit(spec(1), spec(2), spec(3)), ['accepted', 'accepted', 'busy'])
      t.same(await s.submit(spec(1), spec(1, { payload: '7' })), ['existing', 'conflict'])
      t.same(await s.store.get([id(3)]), [])
      const { operations } = await s.apply({
        operations: [
          { kind: 'cancel', taskId: id(1) },
          { kind: 'submit', task: spec(3) },
          { kind: 'submit', task: spec(4) },
        ],
      })
      t.match(operations, [{ status: 'cancelled' }, { status: 'accepted' }, { status: 'busy' }])
      await s.claim(1)
      t.same(await s.submit(spec(5)), ['accepted'], 'a running task is not pending')
    },
    { pendingMax: 2 },
  )

  scenario('text is stored as it came, and never read', async (t, s) => {
    const texts = ['', 'a\u0000b', '"\\u0000\\ud800"', '{"a":\n 1.0e0 }', '\u{1f600}\u2028', "'); DROP TABLE tasks; --"]
    await s.submit(...texts.map((payload, n) => spec(n, { payload, meta: payload, description: payload })))
    const grants = await s.claim(texts.length)
    t.same(
      grants.map(({ payload, meta }) => [payload, meta]),
      texts.map((text) => [text, text]),
    )
    for (const [n, text] of texts.entries()) {
      await s.settle(grants[n]!, { kind: 'completed', result: text, encoding: 'base64' })
      const task = await s.task(n)
      t.same([task.payload, task.description, task.result, task.resultEncoding], [text, text, text, 'base64'])
      t.same(await s.submit(spec(n, { payload: text })), ['existing'])
    }
  })

  scenario('get gives the tasks that exist, in the order asked for, and a page at most', async (t, s) => {
    await s.submit(spec(1), spec(2))
    const found = await s.store.get([id(2), id(9), id(1)])
    t.same(
      found.map(({ task }) => task.id),
      [id(2), id(1)],
    )
    await t.rejects(s.store.get(Array.from({ length: PAGE_MAX + 1 }, (_, n) => id(n))), { code: 'bad_input' })
    t.same(await s.store.get([id(1)]), [found[1]], 'and the store lives on')
  })

  scenario('after close every call rejects, and closing again is nothing', async (t, s) => {
    const last = s.submit(spec(1))
    await Promise.all([s.store.close(), s.store.close()])
    t.same(await last, ['accepted'], 'the batch in flight was waited for')
    await t.rejects(s.apply({}), { code: 'stopping' })
    await t.rejects(s.store.get([]), { code: 'stopping' })
    await t.rejects(s.store.counts(), { code: 'stopping' })
    await t.rejects(s.store.holders(), { code: 'stopping' })
  })
}
