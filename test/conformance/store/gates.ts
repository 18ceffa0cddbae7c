// What the clock does: delays, backoff, expiry, each a bounded number a batch (P16, P20, P12).
import { GATES_PER_BATCH_MAX } from '../../../src/store/store.js'
import { DONE, FAIL, id, numbers, type Scenario, settleOf, spec } from './subject.js'

const MANY = GATES_PER_BATCH_MAX + 200
const many = (changes: Parameters<typeof spec>[1]) => Array.from({ length: MANY }, (_, n) => spec(n, changes))

export function gateScenarios(scenario: Scenario): void {
  scenario('a delayed task is not claimed before its time, and the outcome says when that is', async (t, s) => {
    await s.submit(spec(1, { delayMs: 100, priority: 9 }), spec(2))
    const early = await s.apply({ claims: [s.claimOf(5)] })
    t.same(numbers(early.claims[0]!.grants), [2])
    t.equal(early.nextDueAt, s.now + 100)
    s.now += 99
    t.same(await s.claim(5), [])
    s.now += 1
    const due = await s.apply({ claims: [s.claimOf(5)] })
    t.same(numbers(due.claims[0]!.grants), [1])
    t.equal(due.nextDueAt, undefined)
    t.match(await s.task(1), { runAt: s.now, createdAt: s.now - 100 })
  })

  scenario('P16: a retry waits its backoff, and goes behind what was submitted before its time', async (t, s) => {
    const grant = await s.running(spec(1))
    const { runAt = 0 } = await s.settle(grant, FAIL)
    await s.submit(spec(2))
    s.now = runAt - 1
    t.same(numbers(await s.claim(1)), [2])
    await s.submit(spec(3))
    s.now = runAt + 1
    await s.submit(spec(4))
    t.same(numbers(await s.claim(9)), [3, 1, 4])
  })

  scenario(
    'gates open in the order of their time, a bounded number a batch, and say that more are due',
    async (t, s) => {
      await s.submit(...many({ delayMs: 10 }), spec(MANY, { delayMs: 5 }))
      s.now += 50
      const first = await s.apply({ claims: [s.claimOf(2 * MANY)] })
      t.equal(first.claims[0]!.grants.length, GATES_PER_BATCH_MAX)
      t.equal(first.claims[0]!.grants[0]!.taskId, id(MANY))
      t.equal(first.nextDueAt, s.now - 40)
      const second = await s.apply({ claims: [s.claimOf(2 * MANY)] })
      t.equal(second.claims[0]!.grants.length, MANY + 1 - GATES_PER_BATCH_MAX)
      t.equal(second.nextDueAt, undefined)
    },
  )

  scenario('P12: a task that still waits when its time is over has failed as expired', async (t, s) => {
    await s.submit(spec(1, { expiresMs: 100, origin: 'client#1' }), spec(2, { expiresMs: 200, delayMs: 150 }))
    t.equal((await s.apply({})).nextDueAt, s.now + 100)
    s.now += 100
    const { ended, claims, nextDueAt } = await s.apply({ claims: [s.claimOf(5)] })
    t.match(ended, [{ id: id(1), state: 'failed', origin: 'client#1', error: { code: 'expired' } }])
    t.same(claims, [{ grants: [] }])
    t.equal(nextDueAt, s.now + 50)
    t.match(await s.task(1), { state: 'failed', endedAt: s.now, error: { code: 'expired' }, expiresAt: s.now })
    t.same(await s.counts(), { 'echo failed': 1, 'echo pending': 1 })
    s.now += 100
    t.equal((await s.apply({})).ended.length, 1, 'also one that a gate kept waiting')
    t.equal((await s.apply({})).nextDueAt, undefined)
  })

  scenario('a task that runs in time does not expire, one that waits for its retry does', async (t, s) => {
    const grant = await s.running(spec(1, { expiresMs: 100 }))
    s.now += 200
    t.same((await s.apply({})).ended, [])
    await s.settle(grant, FAIL)
    t.match(await s.task(1), { state: 'failed', error: { code: 'expired' } })
  })

  scenario('a task that still waits at its deadline has failed, and says why', async (t, s) => {
    await s.submit(spec(1, { deadlineMs: 100 }), spec(2, { deadlineMs: 300, expiresMs: 200, origin: 'client#1' }))
    t.match(await s.task(1), { deadlineAt: s.now + 100, expiresAt: s.now + 100 })
    t.match(await s.task(2), { deadlineAt: s.now + 300, expiresAt: s.now + 200 })
    s.now += 100
    t.match((await s.apply({ claims: [s.claimOf(1)] })).ended, [{ id: id(1), error: { code: 'deadline' } }])
    const [grant] = await s.claim(1)
    t.notOk(grant, 'the other one runs already')
    const [running] = [await s.task(2)]
    s.now += 200
    t.same((await s.apply({})).ended, [], 'what runs is for its worker to end')
    const lease = { taskId: id(2), leaseId: running.leaseId! }
    t.match(await s.settle(lease, FAIL), { state: 'pending' })
    t.match(await s.task(2), { state: 'failed', error: { code: 'deadline' } }, 'and is not tried again')
    t.match(await s.story(2), [{ error: { code: 'task_failed' } }])
    t.same(await s.counts(), { 'echo failed': 2 })
  })

  scenario('a grant says when the deadline is, and a result that is late by a little counts', async (t, s) => {
    const late = { code: 'deadline', message: 'over' } as const
    const grant = await s.running(spec(1, { deadlineMs: 100 }))
    t.equal(grant.deadlineAt, s.now + 100)
    t.notOk('deadlineAt' in (await s.running(spec(2))))
    s.now += 150
    t.match(await s.settle(grant, DONE), { status: 'recorded', state: 'completed' })
    const told = await s.running(spec(3, { deadlineMs: 100, origin: 'client#1' }))
    s.now += 100
    const operations = [settleOf(told, { kind: 'failed', error: late, final: true })]
    const { ended } = await s.apply({ operations })
    t.match(ended, [{ id: id(3), state: 'failed', error: late }])
    t.same((await s.apply({ operations, retried: true })).ended, ended)
  })

  scenario('a retry by hand lifts the deadline', async (t, s) => {
    await s.submit(spec(1, { deadlineMs: 100 }))
    s.now += 100
    await s.apply({})
    await s.retry(1)
    s.now += 1_000
    const [grant] = await s.claim(1)
    t.equal(grant?.taskId, id(1))
    t.notOk('deadlineAt' in grant!)
  })

  scenario('retried: what a batch ended at its deadline is told again', async (t, s) => {
    await s.submit(spec(1, { deadlineMs: 100, origin: 'client#1' }))
    s.now += 100
    const first = await s.apply({})
    t.equal(first.ended.length, 1)
    t.same((await s.apply({ retried: true })).ended, first.ended)
  })

  scenario('what is over never starts, also where one batch cannot end it all', async (t, s) => {
    await s.submit(...many({ expiresMs: 10 }), spec(MANY))
    s.now += 10
    const first = await s.apply({ claims: [s.claimOf(5)] })
    t.equal(first.ended.length, GATES_PER_BATCH_MAX)
    t.same(first.claims, [{ grants: [] }])
    t.equal(first.nextDueAt, s.now)
    const second = await s.apply({ claims: [s.claimOf(5)] })
    t.equal(second.ended.length, MANY - GATES_PER_BATCH_MAX)
    t.same(numbers(second.claims[0]!.grants), [MANY])
    t.same(await s.counts(), { 'echo failed': MANY, 'echo running': 1 })
  })

  scenario('P20: a step back of the wall clock locks nothing that was runnable', async (t, s) => {
    await s.submit(spec(1))
    s.now -= 86_400_000
    t.same(numbers(await s.claim(1)), [1])
  })
}
