// Workers that pull: what is known of them, leases that end one by one, claims of every type.
import type { Claim, LeaseRef } from '../../../src/store/store.js'
import { DONE, id, LOST, numbers, refOf, type Scenario, type Subject, spec } from './subject.js'

export function pullScenarios(scenario: Scenario): void {
  scenario(
    'enlist: what is known of a worker is told with what it holds, until it expires as a whole',
    async (t, s) => {
      await enlist(s, 'w#pull', 'one')
      t.same(await s.store.holders(), [{ incarnation: 'w#pull', beat: 0, running: 0, about: 'one', leases: [] }])
      const first = await s.running(spec(1), 'w#pull')
      const second = await s.running(spec(2, { deadlineMs: 60_000 }), 'w#pull')
      await s.running(spec(3), 'other#1')
      await s.cancel(2)
      await enlist(s, 'w#pull', 'two')
      const holders = [...(await s.store.holders())].sort((a, b) => (a.incarnation < b.incarnation ? -1 : 1))
      t.same(holders, [
        { incarnation: 'other#1', beat: 0, running: 1 },
        {
          ...{ incarnation: 'w#pull', beat: 0, running: 2, about: 'two' },
          leases: [
            { taskId: id(1), leaseId: first.leaseId, type: 'echo', cancelRequested: false },
            { taskId: id(2), leaseId: second.leaseId, type: 'echo', cancelRequested: true, deadlineAt: s.now + 60_000 },
          ],
        },
      ])
      await s.expire('w#pull')
      t.same(await s.store.holders(), [{ incarnation: 'other#1', beat: 0, running: 1 }])
    },
  )

  scenario('expire of some leases: only those are over, and the worker goes on', async (t, s) => {
    await enlist(s, 'w#pull', '{}')
    const [first, second] = [await s.running(spec(1), 'w#pull'), await s.running(spec(2), 'w#pull')]
    const foreign = await s.running(spec(3), 'other#1')
    const outcome = await expireSome(s, [
      first,
      foreign,
      { ...second, leaseId: first.leaseId },
      { ...first, taskId: id(9) },
    ])
    t.same(outcome, {
      ...{ kind: 'expire', status: 'expired' },
      tasks: [{ id: id(1), leaseId: first.leaseId, state: 'pending' }],
    })
    t.match(await s.task(2), { state: 'running', leaseId: second.leaseId })
    t.match(await s.task(3), { state: 'running' })
    t.match(await s.story(1), [{ outcome: 'lost', charged: true, holder: 'w#pull', error: LOST }])
    t.match(await s.store.holders(), [{}, {}], 'it is known still')
    t.match(await s.settle(first, DONE), { status: 'stale' }, 'P5: its result comes too late')
    t.match(await s.settle(second, DONE), { status: 'recorded' })
  })

  scenario('expire of some leases, applied again: the same answer, and no second effect', async (t, s) => {
    await enlist(s, 'w#pull', '{}')
    const [first, second] = [await s.running(spec(1), 'w#pull'), await s.running(spec(2), 'w#pull')]
    const operations = [expireOf([first])]
    s.now += 10
    const once = await s.apply({ operations })
    t.same(await s.apply({ operations, retried: true }), once)
    t.equal((await s.story(1)).length, 1)
    t.match(await s.task(2), { state: 'running', leaseId: second.leaseId })
  })

  scenario(
    'P10, P14: a lease that ran out ends a task that may run once, and one that was to be cancelled',
    async (t, s) => {
      await enlist(s, 'w#pull', '{}')
      const once = await s.running(spec(1, { maxAttempts: 1 }), 'w#pull')
      const cancelled = await s.running(spec(2), 'w#pull')
      await s.cancel(2)
      await expireSome(s, [once, cancelled])
      t.match(await s.task(1), { state: 'failed', error: { code: 'lost' } })
      t.match(await s.task(2), { state: 'cancelled' })
    },
  )

  scenario(
    'P15: a claim of every type takes from all that wait, in the one order, of its queues alone',
    async (t, s) => {
      const claim = async (count: number, ...queues: string[]): Promise<number[]> => {
        const claim: Claim = { routes: [], everyType: { queues }, offers: s.offers(count, 'w#pull') }
        const { claims } = await s.apply({ claims: [claim] })
        return numbers(claims[0]!.grants)
      }
      t.same(await claim(2, 'default'), [], 'nothing is there')
      await s.submit(
        spec(1, { type: 'b' }),
        spec(2, { type: 'a', priority: 1 }),
        spec(3, { type: 'c' }),
        spec(4, { type: 'c', queue: 'other', priority: 9 }),
        spec(5, { type: 'later', priority: 9, delayMs: 1_000 }),
        spec(6, { type: 'a' }),
      )
      t.same(await claim(2, 'default'), [2, 1])
      t.same(await claim(9, 'default', 'default'), [3, 6], 'a queue that is named twice counts once')
      t.same(await claim(9, 'other', 'default'), [4])
      s.now += 1_000
      t.same(await claim(9, 'default'), [5], 'a type that has come since')
    },
  )

  scenario('a claim of every type brings the attempts of tasks that name none', async (t, s) => {
    await s.submit(spec(1), spec(2, { maxAttempts: 2 }))
    const everyType = { queues: ['default'], maxAttempts: 7 }
    await s.apply({ claims: [{ routes: [], everyType, offers: s.offers(2, 'w#pull') }] })
    t.match([await s.task(1), await s.task(2)], [{ maxAttempts: 7 }, { maxAttempts: 2 }])
  })

  scenario('P15: claims of every type and of some, in one batch, share what is there', async (t, s) => {
    const types = Array.from({ length: 30 }, (_, n) => `type-${n % 10}`)
    await s.submit(...types.map((type, n) => spec(n, { type, priority: n % 3 })))
    const every: Claim = { routes: [], everyType: { queues: ['default'] }, offers: s.offers(12, 'w#pull') }
    const { claims } = await s.apply({ claims: [every, s.claimOf(30, 'w#1', types)] })
    const given = claims.flatMap(({ grants }) => numbers(grants))
    const order = types.map((_, n) => n).sort((a, b) => (b % 3) - (a % 3) || a - b)
    t.same(given, order)
  })
}

function enlist(s: Subject, incarnation: string, about: string) {
  return s.one({ kind: 'enlist', incarnation, about })
}

function expireOf(leases: readonly LeaseRef[]) {
  const refs = leases.map(refOf)
  return { kind: 'expire', incarnation: 'w#pull', beat: 0, unstarted: [], error: LOST, leases: refs } as const
}

function expireSome(s: Subject, leases: readonly LeaseRef[]) {
  return s.one(expireOf(leases))
}
