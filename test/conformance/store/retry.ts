// A person sends a failed or cancelled task back (P6).
import { DONE, DRAINED, FAIL, FAIL_FINAL, id, LOST, numbers, type Scenario, spec } from './subject.js'

export function retryScenarios(scenario: Scenario): void {
  scenario('a failed task that is retried by name is pending again, its attempts counted anew', async (t, s) => {
    const grant = await s.running(spec(1, { maxAttempts: 2, description: 'two tries' }))
    await s.settle(grant, FAIL_FINAL)
    s.now += 10
    t.same(await s.retry(1), { kind: 'retry', status: 'retried', state: 'pending' })
    const pending = await s.task(1)
    t.match(pending, {
      state: 'pending',
      attempt: 1,
      forgiven: 1,
      uncharged: 0,
      runAt: s.now,
      description: 'two tries',
    })
    t.match(pending.error, { code: 'task_failed' }, 'its last error stays to be read')
    t.equal(pending.endedAt, undefined)
    for (const attempt of [2, 3]) {
      s.now += 400_000
      const [next] = await s.claim(1)
      t.match(next, { attempt, maxAttempts: 2 })
      await s.settle(next!, FAIL)
    }
    t.match(await s.task(1), { state: 'failed', attempt: 3 })
    t.same(await s.counts(), { 'echo failed': 1 })
    const outcomes = (await s.story(1)).map(({ attempt, outcome, charged }) => [attempt, outcome, charged])
    t.same(outcomes, [
      [1, 'failed', true],
      [1, 'retried', false],
      [2, 'failed', true],
      [3, 'failed', true],
    ])
  })

  scenario('at most once holds anew after a retry by name (P10)', async (t, s) => {
    const grant = await s.running(spec(1, { maxAttempts: 1 }))
    await s.settle(grant, FAIL)
    await s.retry(1)
    const [again] = await s.claim(1)
    await s.settle(again!, DRAINED)
    t.match(await s.task(1), { state: 'failed', attempt: 2, error: { code: 'lost' } })
  })

  scenario('a cancelled task and an expired one can be retried, and then neither ends at once', async (t, s) => {
    await s.submit(spec(1), spec(2, { expiresMs: 10 }))
    await s.cancel(1)
    s.now += 20
    await s.apply({})
    t.match(await s.task(2), { state: 'failed', error: { code: 'expired' } })
    await s.retry(1)
    await s.retry(2)
    s.now += 100
    t.same(numbers(await s.claim(5)), [1, 2])
  })

  scenario('a task that was cancelled while it ran completes after a retry', async (t, s) => {
    const grant = await s.running(spec(1))
    await s.cancel(1)
    await s.settle(grant, { kind: 'cancelled' })
    await s.retry(1)
    const [again] = await s.claim(1)
    t.notOk(again?.cancelRequested)
    t.match(await s.settle(again!, DONE), { status: 'recorded', state: 'completed' })
  })

  scenario('a retry clears the suspicion of a lost task, and its old lease changes nothing any more', async (t, s) => {
    const old = await s.running(spec(1, { maxAttempts: 1 }))
    await s.expire('w#1')
    t.match(await s.task(1), { state: 'failed', error: { code: LOST.code } })
    await s.retry(1)
    t.match(await s.settle(old, DONE), { status: 'stale' })
    t.match(await s.task(1), { state: 'pending', suspect: false })
  })

  scenario('what has not ended, what completed and what is unknown stays as it is', async (t, s) => {
    const done = await s.running(spec(1))
    await s.settle(done, DONE)
    await s.running(spec(2))
    await s.submit(spec(3))
    const before = await s.store.get([id(1), id(2), id(3)])
    t.same(await s.retry(1), { kind: 'retry', status: 'kept', state: 'completed' })
    t.same(await s.retry(2), { kind: 'retry', status: 'kept', state: 'running' })
    t.same(await s.retry(3), { kind: 'retry', status: 'kept', state: 'pending' })
    t.same(await s.retry(4), { kind: 'retry', status: 'unknown' })
    t.same(await s.store.get([id(1), id(2), id(3)]), before)
  })

  scenario('P16: a task that is retried does not jump the queue', async (t, s) => {
    const grant = await s.running(spec(1))
    await s.settle(grant, FAIL_FINAL)
    s.now += 1
    await s.submit(spec(2))
    s.now += 1
    await s.retry(1)
    t.same(numbers(await s.claim(2)), [2, 1])
  })

  scenario(
    'where too many wait a retry is busy and changes nothing (P24)',
    async (t, s) => {
      const grant = await s.running(spec(1))
      await s.settle(grant, FAIL_FINAL)
      await s.submit(spec(2))
      t.same(await s.retry(1), { kind: 'retry', status: 'busy', state: 'failed' })
      t.match(await s.task(1), { state: 'failed' })
    },
    { pendingMax: 1 },
  )

  scenario('a batch with a retry that is applied again answers the same and has one effect', async (t, s) => {
    const grant = await s.running(spec(1))
    await s.settle(grant, FAIL_FINAL)
    const operations = [{ kind: 'retry', taskId: id(1) }] as const
    const first = await s.apply({ operations })
    const again = await s.apply({ operations, retried: true })
    t.same(again.operations, first.operations)
    t.equal((await s.story(1)).length, 2)
    t.same(await s.counts(), { 'echo pending': 1 })
  })

  scenario('retried: a cancel and a retry by name in one batch', async (t, s) => {
    await s.settle(await s.running(spec(1)), FAIL_FINAL)
    await s.submit(spec(2))
    const byName = (kind: 'cancel' | 'retry', n: number) => ({ kind, taskId: id(n) })
    const parts = { operations: [byName('retry', 1), byName('cancel', 1), byName('cancel', 2), byName('retry', 2)] }
    const first = await s.apply(parts)
    const state = [await s.task(1), await s.task(2)]
    t.match(state, [{ state: 'cancelled' }, { state: 'pending' }])
    const second = await s.apply({ ...parts, retried: true })
    t.same([await s.task(1), await s.task(2)], state, 'one effect')
    t.match(first.operations, [{ status: 'retried' }, { status: 'cancelled' }, {}, { status: 'retried' }])
    t.match(second.operations, [{ status: 'retried' }, { status: 'cancelled' }, {}, { status: 'retried' }])
    await s.apply({})
    await s.apply({ operations: [byName('cancel', 2)], retried: true })
    t.match(await s.task(2), { state: 'cancelled' }, 'a batch that never had an effect has it now')
  })
}
