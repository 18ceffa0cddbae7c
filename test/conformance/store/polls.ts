// Tasks that are voted on: replicas go out, each to a voter of its own, and verdict and votes are one transaction.
import type { Grant } from '../../../src/store/store.js'
import { readVoteRule, type VoteRequest } from '../../../src/task/quorum.js'
import type { TaskSpec } from '../../../src/task/task.js'
import { DRAINED, FAIL_FINAL, id, type Scenario, type Subject, settleOf, spec } from './subject.js'

function voted(n: number, asked: VoteRequest = { replicas: 3, quorum: 2 }, changes: Partial<TaskSpec> = {}): TaskSpec {
  return spec(n, { vote: readVoteRule(asked), ...changes })
}

function says(result: string) {
  return { kind: 'completed', result, encoding: 'json' } as const
}

/** One replica each. */
async function seated(s: Subject, ...holders: string[]): Promise<Grant[]> {
  const grants: Grant[] = []
  for (const holder of holders) grants.push(...(await s.claim(1, holder)))
  return grants
}

async function pollOf(s: Subject, n: number) {
  const [found] = await s.store.get([id(n)])
  return found!.poll!
}

export function pollScenarios(scenario: Scenario): void {
  scenario('votes: two of three agree, and what still runs is stopped', async (t, s) => {
    t.same(await s.submit(voted(1, undefined, { origin: 'client#1' })), ['accepted'])
    t.same(await s.counts(), { 'echo pending': 4 })
    const [a, b, c] = await seated(s, 'a#1', 'b#1', 'c#1')
    t.match(a, { type: 'echo', payload: '1', attempt: 1 })
    t.equal((await s.claim(9, 'd#1')).length, 0, 'the task itself is not for workers')
    await s.settle(a!, says('{"b":1,"a":2}'))
    t.equal((await s.task(1)).state, 'pending')
    const { ended, stopped } = await s.apply({ operations: [settleOf(b!, says('{"a":2,"b":1}'))] })
    t.match(
      ended.find((task) => task.id === id(1)),
      { state: 'completed', result: '{"b":1,"a":2}', resultEncoding: 'json', origin: 'client#1' },
      'the result of the first that agreed',
    )
    t.same(stopped, [{ taskId: c!.taskId, leaseId: c!.leaseId, holder: 'c#1' }])
    t.match(await s.settle(c!, says('{"a":2,"b":1}')), { status: 'recorded', state: 'cancelled' })
    t.match((await pollOf(s, 1)).replicas, [
      { n: 1, voter: 'a', state: 'cast', ballot: '{"a":2,"b":1}', agreed: true },
      { n: 2, voter: 'b', state: 'cast', agreed: true },
      { n: 3, state: 'void' },
    ])
    t.same(await s.counts(), { 'echo cancelled': 1, 'echo completed': 3 })
  })

  scenario(
    'votes: a worker has one part in each, also in another life, and is passed over for others',
    async (t, s) => {
      await s.submit(voted(1), spec(2), voted(3, { replicas: 1 }))
      const mine = await s.claim(9, 'a#1')
      t.match(mine, [{ payload: '1' }, { payload: '2' }, { payload: '3' }])
      const { claims } = await s.apply({ claims: [s.claimOf(2, 'a#2')] })
      t.same(claims[0], { grants: [], passed: true })
      t.match(await s.claim(2, 'b#1'), [{ payload: '1' }])
      t.match(await s.claim(2, 'c#1'), [{ payload: '1' }])
      t.same((await s.apply({ claims: [s.claimOf(2, 'd#1')] })).claims[0], { grants: [] }, 'nothing is left')
    },
  )

  scenario('votes: workers that came with one key are one voter', async (t, s) => {
    await s.submit(voted(1))
    for (const incarnation of ['a#1', 'b#1']) {
      await s.one({ kind: 'attach', incarnation, leases: [], voter: 'key:1' })
    }
    t.equal((await seated(s, 'a#1', 'b#1')).length, 1)
    await s.one({ kind: 'attach', incarnation: 'b#1', leases: [] })
    t.equal((await seated(s, 'b#1')).length, 1, 'it has come back without')
  })

  scenario('votes: who hands a replica back has no part in it any more', async (t, s) => {
    await s.submit(voted(1, { replicas: 2, quorum: 2 }))
    const [first] = await seated(s, 'a#1')
    await s.settle(first!, DRAINED)
    const [again] = await seated(s, 'a#1')
    t.ok(again)
    await s.expire('a#1')
    t.equal((await seated(s, 'a#2', 'a#3')).length, 1)
    t.equal((await seated(s, 'b#2')).length, 1)
  })

  scenario('votes: where they disagree more go out, and at the limit it has failed', async (t, s) => {
    await s.submit(voted(1, { replicas: 2, quorum: 2, maxReplicas: 3, on: '/label' }))
    const [a, b] = await seated(s, 'a#1', 'b#1')
    await s.settle(a!, says('{"label":"yes"}'))
    const { reissued } = await s.apply({ operations: [settleOf(b!, says('{"label":"no"}'))] })
    t.equal(reissued, true)
    const [c] = await seated(s, 'a#1', 'b#1', 'c#1')
    const { ended } = await s.apply({ operations: [settleOf(c!, says('{}'))] })
    t.match(ended.find((task) => task.id === id(1))?.error, {
      code: 'no_quorum',
      message: 'no quorum: of 2 votes from 3 replicas at most 1 agreed, and 2 must',
    })
    t.match((await pollOf(s, 1)).replicas, [{ ballot: '"yes"' }, { ballot: '"no"' }, { state: 'void', voter: 'c' }])
  })

  scenario('votes: a replica that fails is made up for, by whomever', async (t, s) => {
    await s.submit(voted(1, { replicas: 2, quorum: 2, maxReplicas: 3 }))
    const [a, b] = await seated(s, 'a#1', 'b#1')
    await s.settle(a!, FAIL_FINAL)
    await s.settle(b!, says('1'))
    const [again] = await seated(s, 'a#1')
    await s.settle(again!, says('1'))
    t.equal((await s.task(1)).state, 'completed')
  })

  scenario('votes: that come together are counted together, and a stale one never', async (t, s) => {
    await s.submit(voted(1))
    const [a, b, c] = await seated(s, 'a#1', 'b#1', 'c#1')
    await s.expire('c#1')
    const [other] = await seated(s, 'd#1')
    const { operations } = await s.apply({
      operations: [settleOf(c!, says('1')), settleOf(a!, says('1')), settleOf(b!, says('2'))],
    })
    t.match(operations, [{ status: 'stale' }, { status: 'recorded' }, { status: 'recorded' }])
    t.equal((await s.task(1)).state, 'pending')
    await s.settle(other!, says('2'))
    t.match(await s.task(1), { state: 'completed', result: '2' })
  })

  scenario('votes: a cancel and a deadline end its replicas as well', async (t, s) => {
    await s.submit(voted(1), voted(2, undefined, { deadlineMs: 5_000 }))
    const [first] = await seated(s, 'a#1')
    const cancelled = await s.apply({ operations: [{ kind: 'cancel', taskId: id(1) }] })
    t.match(cancelled.stopped, [{ taskId: first!.taskId, holder: 'a#1' }])
    const [second] = await seated(s, 'a#1')
    s.now += 5_000
    const late = await s.apply({})
    t.match(await s.task(2), { state: 'failed', error: { code: 'deadline' } })
    t.match(late.stopped, [{ taskId: second!.taskId }])
    t.same(await s.counts(), { 'echo cancelled': 3, 'echo failed': 3, 'echo running': 2 })
  })

  scenario('votes: P2: a resubmit is the same task if it is voted on alike', async (t, s) => {
    await s.submit(voted(1), spec(2))
    t.same(await s.submit(voted(1), voted(1, { replicas: 5 }), spec(1), voted(2)), [
      'existing',
      'conflict',
      'conflict',
      'conflict',
    ])
    t.same(await s.counts(), { 'echo pending': 5 })
  })

  scenario('votes: retried by hand it is voted on anew, and no vote of before counts', async (t, s) => {
    await s.submit(voted(1, { replicas: 2, quorum: 2, maxReplicas: 2 }))
    const [a, b] = await seated(s, 'a#1', 'b#1')
    await s.settle(a!, says('1'))
    await s.settle(b!, says('2'))
    t.match(await s.task(1), { state: 'failed' })
    t.match(await s.retry(1), { status: 'retried' })
    const [again] = await seated(s, 'a#1')
    await s.settle(again!, says('2'))
    t.equal((await s.task(1)).state, 'pending', 'the vote for 2 was one of before')
    const [last] = await seated(s, 'b#1')
    await s.settle(last!, says('2'))
    t.match(await s.task(1), { state: 'completed', result: '2' })
  })

  scenario('votes: cancelled and retried in one batch, its replicas of before are stopped', async (t, s) => {
    await s.submit(voted(1, { replicas: 2, quorum: 2 }))
    const [first] = await seated(s, 'a#1')
    const parts = {
      operations: [
        { kind: 'cancel', taskId: id(1) },
        { kind: 'retry', taskId: id(1) },
      ],
    } as const
    const { stopped } = await s.apply(parts)
    t.match(stopped, [{ taskId: first!.taskId, holder: 'a#1' }])
    t.same((await s.apply({ ...parts, retried: true })).stopped, stopped, 'told again')
    t.same(await s.counts(), { 'echo cancelled': 1, 'echo pending': 3, 'echo running': 1 })
  })

  scenario(
    'votes: apart, replicas go to other machines first, and to the same one before nobody has them',
    async (t, s) => {
      for (const [incarnation, machine] of [
        ['a#1', 'm1'],
        ['b#1', 'm1'],
        ['c#1', 'm2'],
      ] as const) {
        await s.one({ kind: 'attach', incarnation, leases: [], place: { address: '127.0.0.1:1', machine } })
      }
      await s.submit(voted(1, { replicas: 2, spread: 'host' }), spec(2))
      const offers = [...s.offers(1, 'a#1'), ...s.offers(1, 'b#1'), ...s.offers(1, 'c#1')]
      const { claims } = await s.apply({ claims: [{ routes: [{ queue: 'default', type: 'echo' }], offers }] })
      t.match(claims[0]!.grants, [
        { payload: '1', holder: 'a#1' },
        { payload: '2', holder: 'b#1' },
        { payload: '1', holder: 'c#1' },
      ])
      await s.submit(voted(3, { replicas: 2, spread: 'host' }))
      const { claims: alone } = await s.apply({
        claims: [
          { routes: [{ queue: 'default', type: 'echo' }], offers: [...s.offers(1, 'a#1'), ...s.offers(1, 'b#1')] },
        ],
      })
      t.match(alone[0]!.grants, [{ holder: 'a#1' }, { holder: 'b#1' }])
    },
  )

  scenario('votes: retried: one effect, and all of it told again', async (t, s) => {
    await s.submit(voted(1))
    const [a, b] = await seated(s, 'a#1', 'b#1', 'c#1')
    const parts = { operations: [settleOf(a!, says('1')), settleOf(b!, says('1'))] }
    const first = await s.apply(parts)
    const second = await s.apply({ ...parts, retried: true })
    t.equal(first.ended.length, 3)
    const byId = (one: { id: string }, other: { id: string }) => (one.id < other.id ? -1 : 1)
    t.same(second.ended.toSorted(byId), first.ended.toSorted(byId))
    t.same(second.stopped, first.stopped)
    t.same(second.operations, first.operations)

    await s.submit(voted(2, { replicas: 2, quorum: 2 }))
    const [c, d] = await seated(s, 'c#2', 'd#2')
    const disagreeing = { operations: [settleOf(c!, says('1')), settleOf(d!, says('2'))] }
    await s.apply(disagreeing)
    await s.apply({ ...disagreeing, retried: true })
    t.equal((await pollOf(s, 2)).replicas.length, 3)
  })

  scenario('votes: forgotten with its task', async (t, s) => {
    await s.submit(voted(1))
    const grants = await seated(s, 'a#1', 'b#1')
    for (const grant of grants) await s.settle(grant, says('1'))
    s.now += 10
    const kept = { completedBefore: s.now, failedBefore: s.now, keptMax: 0, keptBytesMax: 0, limit: 100 }
    await s.apply({ operations: [{ kind: 'prune', ...kept }] })
    t.same(await s.store.get([id(1)]), [])
    t.same(await s.submit(voted(1)), ['accepted'])
    t.match((await pollOf(s, 1)).replicas, [{ state: 'open' }, { state: 'open' }, { state: 'open' }])
  })

  scenario('votes: delayed, its replicas wait', async (t, s) => {
    await s.submit(voted(1, undefined, { delayMs: 1_000 }))
    t.equal((await seated(s, 'a#1')).length, 0)
    s.now += 1_000
    await s.apply({})
    t.equal((await seated(s, 'a#1', 'b#1', 'c#1')).length, 3)
  })

  scenario('votes: what many have a part in does not keep them from what stands behind', async (t, s) => {
    await s.submit(...Array.from({ length: 200 }, (_, n) => voted(n + 1)), spec(999))
    t.equal((await s.claim(201, 'a#1')).length, 201)
    await s.submit(spec(1_000))
    t.match(await s.claim(3, 'a#1'), [{ payload: '1000' }])
    t.equal((await s.claim(500, 'b#1')).length, 200)
  })
}
