// Claims: the one order of P15, routes, what a grant carries.
import type { Claim } from '../../../src/store/store.js'
import { BOUNDS_MS } from '../../../src/task/histogram.js'
import { DONE, FAIL, id, numbers, type Scenario, settleOf, spec, UNDELIVERED } from './subject.js'

export function claimScenarios(scenario: Scenario): void {
  scenario('P15: priority, then runAt, then submission, over two types', async (t, s) => {
    await s.submit(
      spec(1, { type: 'a' }),
      spec(2, { type: 'b', priority: 5 }),
      spec(3, { type: 'a', priority: 5 }),
      spec(4, { type: 'b', priority: -1 }),
      spec(5, { type: 'b' }),
    )
    s.now += 10
    await s.submit(spec(6, { type: 'a', priority: 5 }), spec(7, { type: 'b', priority: 9 }))
    t.same(numbers(await s.claim(3, 'w#1', ['a', 'b'])), [7, 2, 3])
    t.same(numbers(await s.claim(9, 'w#1', ['b', 'a'])), [6, 1, 5, 4])
    t.same(await s.claim(1, 'w#1', ['a', 'b']), [])
  })

  scenario('P15: a long backlog over many routes comes out in order, across claims and batches', async (t, s) => {
    const types = ['a', 'b', 'c', 'd', 'e']
    const tasks = Array.from({ length: 200 }, (_, n) =>
      spec(n, { type: types[(n * 7) % 5]!, priority: n < 120 ? 0 : (n * 13) % 3 }),
    )
    await s.submit(...tasks)
    const { claims } = await s.apply({ claims: [s.claimOf(70, 'w#1', types), s.claimOf(50, 'w#2', types)] })
    const rest = await s.claim(100, 'w#3', types)
    const expected = [...tasks].sort((a, b) => b.priority - a.priority).map((task) => Number(task.id.slice(-12)))
    t.same([...claims.flatMap(({ grants }) => numbers(grants)), ...numbers(rest)], expected)
  })

  scenario('a route that nobody serves blocks nobody, and another queue is another route', async (t, s) => {
    await s.submit(spec(1, { type: 'unserved', priority: 9 }), spec(2, { queue: 'other', priority: 9 }), spec(3))
    t.same(numbers(await s.claim(5)), [3])
    const claim = { routes: [{ queue: 'other', type: 'echo' }], offers: s.offers(2) }
    const { claims } = await s.apply({ claims: [claim] })
    t.same(numbers(claims[0]!.grants), [2])
  })

  scenario('P10: what may run once only is not held ready, nor is what stands behind it', async (t, s) => {
    const claim = (...ahead: boolean[]): Claim => {
      const { routes, offers } = s.claimOf(ahead.length, 'w#1', ['echo', 'once'])
      const types = routes.map((route) => (route.type === 'once' ? { ...route, maxAttempts: 1 } : route))
      return { routes: types, offers: offers.map((offer, n) => ({ ...offer, ahead: ahead[n] === true })) }
    }
    await s.submit(spec(1), spec(2, { maxAttempts: 1 }), spec(3), spec(4, { type: 'once' }), spec(5))
    const claimed = async (...ahead: boolean[]): Promise<readonly number[]> => {
      const { claims } = await s.apply({ claims: [claim(...ahead)] })
      return numbers(claims[0]!.grants)
    }
    t.same(await claimed(true, true, true), [1])
    t.same(await claimed(false, true, true), [2, 3])
    t.same(await claimed(true), [])
    t.same(await claimed(false, true), [4, 5])
  })

  scenario('no routes, no offers, a route named twice', async (t, s) => {
    await s.submit(spec(1), spec(2))
    const { claims } = await s.apply({
      claims: [
        { routes: [], offers: s.offers(1) },
        { routes: [{ queue: 'default', type: 'echo' }], offers: [] },
        s.claimOf(2, 'w#1', ['echo', 'echo']),
      ],
    })
    t.same(
      claims.map(({ grants }) => numbers(grants)),
      [[], [], [1, 2]],
    )
  })

  scenario('each of many neighbours has the lease that its grant names, whatever is between them', async (t, s) => {
    const tasks = Array.from({ length: 70 }, (_, n) =>
      spec(n, { type: n % 20 === 7 ? 'b' : 'a', ...(n % 9 === 4 && { maxAttempts: n }), priority: n === 33 ? 1 : 0 }),
    )
    await s.submit(...tasks)
    await s.cancel(12)
    const again = await s.claim(2, 'w#0', ['a'])
    await s.apply({ operations: again.map((grant) => settleOf(grant, UNDELIVERED)) })
    const offers = Array.from({ length: 8 }, (_, n) => s.offers(6, `w#${n % 2}`)).flat()
    const inARow = ['v.07', ...Array.from({ length: 7 }, (_, n) => `v.${n + 8}`)]
    const leases = ['x', '.', ...inARow, 'y.007', 'y.008', 'z.9', 'z.11']
    const odd = leases.map((leaseId) => ({
      leaseId,
      holder: 'w#2',
    }))
    const routes = ['a', 'b'].map((type) => ({ queue: 'default', type, maxAttempts: type === 'a' ? 2 : 3 }))
    const { claims } = await s.apply({ claims: [{ routes, offers: [...offers, ...odd] }] })
    const { grants } = claims[0]!
    t.equal(grants.length, 62)
    for (const { taskId, leaseId, holder, maxAttempts, attempt, type } of grants) {
      const task = await s.task(Number(taskId.slice(-12)))
      const expected = { state: 'running', leaseId, holder, maxAttempts, attempt, type, grantedAt: s.now }
      t.match(task, expected)
    }
    const settled = await s.apply({ operations: grants.map((grant) => settleOf(grant, DONE)) })
    t.equal(settled.ended.length, 62)
  })

  scenario('a grant carries what worker and master need, and the task shows who holds it', async (t, s) => {
    await s.submit(spec(1, { timeoutMs: 9, meta: '{}', priority: 2 }))
    const claim = s.claimOf(1, 'w#7')
    const { claims } = await s.apply({ claims: [claim] })
    const { leaseId } = claim.offers[0]!
    t.same(claims[0]!.grants, [
      {
        taskId: id(1),
        leaseId,
        holder: 'w#7',
        queue: 'default',
        type: 'echo',
        payload: '1',
        encoding: 'json',
        priority: 2,
        attempt: 1,
        maxAttempts: 5,
        timeoutMs: 9,
        suspect: false,
        meta: '{}',
        runAt: s.now,
      },
    ])
    t.match(await s.task(1), { state: 'running', attempt: 1, leaseId, holder: 'w#7', grantedAt: s.now })
    t.same(await s.counts(), { 'echo running': 1 })
    t.same(await s.store.holders(), [{ incarnation: 'w#7', beat: 0, running: 1 }])
  })

  scenario(
    'how long what is granted had waited is told, by bucket, and the same where a batch is applied again',
    async (t, s) => {
      await s.submit(spec(1), spec(2, { delayMs: 1_000 }))
      s.now += 1_030
      await s.submit(spec(3))
      const claims = [s.claimOf(5)]
      const { waits } = await s.apply({ claims })
      const counts = new Map(waits?.counts.flatMap((count, bucket) => (count > 0 ? [[bucket, count]] : [])) as [])
      const bucketOf = (ms: number): number => BOUNDS_MS.findIndex((bound) => ms <= bound)
      t.same(
        [...counts].sort(),
        [
          [bucketOf(0), 1],
          [bucketOf(30), 1],
          [bucketOf(1_030), 1],
        ].sort(),
      )
      t.equal(waits?.sumMs, 1_060)
      t.same((await s.apply({ claims, retried: true })).waits, waits)
      t.equal((await s.apply({ claims: [s.claimOf(5)] })).waits, undefined, 'nothing was granted')
    },
  )

  scenario('payloads of any length come with their grants', async (t, s) => {
    const payloads = ['""', '"ü"', `"${'é'.repeat(2_047)}"`, `"${'x'.repeat(4_095)}"`, `"${'x'.repeat(100_000)}"`]
    await s.submit(...payloads.map((payload, index) => spec(index + 1, { payload })))
    t.same(
      (await s.claim(9)).map(({ payload }) => payload),
      payloads,
    )
  })

  scenario("maxAttempts is the task's own, else the type's at its first grant", async (t, s) => {
    await s.submit(spec(1, { maxAttempts: 2 }), spec(2))
    const route = { queue: 'default', type: 'echo', maxAttempts: 3 }
    const { claims } = await s.apply({ claims: [{ routes: [route], offers: s.offers(2) }] })
    t.same(
      claims[0]!.grants.map(({ maxAttempts }) => maxAttempts),
      [2, 3],
    )
    await s.settle(claims[0]!.grants[1]!, FAIL)
    s.now += 10_000
    await s.apply({})
    t.match(await s.claim(1), [{ attempt: 2, maxAttempts: 3 }], 'from then on it is its own')
  })

  scenario('a batch claims what it submits itself, after all of its operations', async (t, s) => {
    const grant = await s.running(spec(1))
    const outcome = await s.apply({
      claims: [s.claimOf(9)],
      operations: [
        { kind: 'submit', task: spec(2) },
        { kind: 'settle', taskId: grant.taskId, leaseId: grant.leaseId, ending: DONE },
        { kind: 'cancel', taskId: id(2) },
        { kind: 'submit', task: spec(3) },
      ],
    })
    t.same(numbers(outcome.claims[0]!.grants), [3])
    t.match(outcome.operations, [
      { status: 'accepted' },
      { status: 'recorded' },
      { status: 'cancelled' },
      { status: 'accepted' },
    ])
  })
}
