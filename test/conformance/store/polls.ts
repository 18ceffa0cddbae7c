// Tasks that are voted on: replicas go out, each to a voter of its own, and verdict and votes are one transaction.
import type { Grant, Outcome } from '../../../src/store/store.js'
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

  scenario('votes: all are waited for, and each that matched has its point', async (t, s) => {
    await s.submit(voted(1, { replicas: 3, all: true }))
    const grants = await seated(s, 'a#1', 'b#1', 'c#1')
    for (const grant of grants) {
      t.match(await s.task(1), { state: 'pending' })
      const { stopped } = await s.apply({ operations: [settleOf(grant, says('1'))] })
      t.notOk(stopped, 'nobody is told to stop')
    }
    t.match(await s.task(1), { state: 'completed', result: '1' })
    t.match(await pollOf(s, 1), {
      rule: { all: true },
      replicas: [{ agreed: true }, { agreed: true }, { agreed: true }],
    })
    const { records } = await s.store.reputations()
    t.same(records.map(({ voter, matched }) => [voter, matched]).sort(), [
      ['a', 1],
      ['b', 1],
      ['c', 1],
    ])
    t.same(await s.submit(voted(1, { replicas: 3, all: true }), voted(1, { replicas: 3 })), ['existing', 'conflict'])
  })

  scenario('votes: all: a lost one is waited for anew, and one that fails or is cancelled no more', async (t, s) => {
    await s.submit(voted(1, { replicas: 3, all: true }))
    const [a, b] = await seated(s, 'a#1', 'b#1', 'c#1')
    await s.settle(a!, says('1'))
    await s.settle(b!, says('1'))
    await s.expire('c#1')
    t.equal((await s.task(1)).state, 'pending')
    const [again] = await seated(s, 'd#1')
    await s.settle(again!, FAIL_FINAL)
    t.match(await s.task(1), { state: 'completed', result: '1' })

    await s.submit(voted(2, { replicas: 3, all: true }))
    for (const grant of await seated(s, 'a#1', 'b#1')) await s.settle(grant, says('2'))
    t.equal((await s.task(2)).state, 'pending')
    const { id: unclaimed } = (await s.store.get([id(2)]))[0]!.poll!.replicas.map(({ taskId }) => ({ id: taskId }))[2]!
    await s.one({ kind: 'cancel', taskId: unclaimed })
    t.match(await s.task(2), { state: 'completed', result: '2' })
  })

  scenario('votes: all: what was said and forgotten since is asked for anew', async (t, s) => {
    await s.submit(voted(1, { replicas: 3, all: true }))
    const [a, b, c] = await seated(s, 'a#1', 'b#1', 'c#1')
    await s.settle(a!, says('1'))
    await s.settle(b!, says('1'))
    s.now += 10
    const kept = { completedBefore: s.now, failedBefore: s.now, keptMax: 0, keptBytesMax: 0, limit: 100 }
    await s.apply({ operations: [{ kind: 'prune', ...kept }] })
    const late = { operations: [settleOf(c!, says('9'))] }
    t.match(await s.apply(late), { reissued: true })
    await s.apply({ ...late, retried: true })
    t.match(await pollOf(s, 1), {
      replicas: [{ state: 'void' }, { state: 'void' }, { state: 'cast', ballot: '9' }, { state: 'open' }],
    })
    for (const holder of ['a#1', 'b#1']) await s.settle((await seated(s, holder))[0]!, says('1'))
    t.match(await s.task(1), { state: 'completed', result: '1' })
  })

  scenario('votes: by ballots of their own agree results that differ', async (t, s) => {
    await s.submit(voted(1, { replicas: 3, quorum: 2, compare: 'own' }), spec(2))
    const [a, b] = await seated(s, 'a#1', 'b#1')
    t.match([a, b], [{ ballot: true }, { ballot: true }], 'they are asked for one')
    const claims = [s.claimOf(1, 'c#1')]
    const [granted] = (await s.apply({ claims })).claims
    t.match(granted, { grants: [{ ballot: true }] })
    t.same((await s.apply({ claims, retried: true })).claims, [granted], 'told again')
    const [plain] = await s.claim(1, 'c#1')
    t.match(plain, { taskId: id(2) })
    t.notOk('ballot' in plain!)
    await s.settle(a!, { ...says('{"at":1}'), ballot: '{"b":1,"a":2}' })
    await s.settle(b!, { ...says('{"at":2}'), ballot: '{"a":2,"b":1.0}' })
    t.match(await s.task(1), { state: 'completed', result: '{"at":1}' })
    t.match((await pollOf(s, 1)).replicas, [
      { ballot: '{"a":2,"b":1}', agreed: true },
      { ballot: '{"a":2,"b":1}', agreed: true },
    ])
    t.match(await s.settle(plain!, { ...says('1'), ballot: '2' }), { status: 'recorded', state: 'completed' })
  })

  scenario('votes: without the ballot that it was to have an attempt has failed, and is made up for', async (t, s) => {
    await s.submit(voted(1, { replicas: 2, quorum: 2, maxReplicas: 3, compare: 'own' }))
    const [a, b] = await seated(s, 'a#1', 'b#1')
    const refused = {
      code: 'non_retryable',
      message: /^task type "echo" gives no ballot as JSON, .* define `ballot`/,
    }
    const parts = { operations: [settleOf(a!, says('1'))] }
    const told = (await s.apply(parts)).operations
    t.match(told, [{ status: 'recorded', state: 'failed', refused }])
    t.same((await s.apply({ ...parts, retried: true })).operations, told)
    const [failed] = await s.store.get([a!.taskId])
    t.match(failed!.task, { state: 'failed', error: refused })
    const [c] = await seated(s, 'c#1')
    t.match(await s.settle(b!, { ...says('1'), ballot: 'no JSON' }), { status: 'recorded', state: 'failed', refused })
    t.match(await s.settle(c!, { ...says('1'), ballot: '1' }), { status: 'recorded', state: 'cancelled' })
    t.match(await s.task(1), {
      state: 'failed',
      error: { code: 'no_quorum', message: /the last that gave none: task type/ },
    })
    t.match(await s.settle({ ...c!, leaseId: 'another' }, says('1')), { status: 'stale' })
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
      // Workers that serve other types are asked in a claim of their own, which comes later.
      await s.submit(voted(4, { replicas: 2, spread: 'host' }))
      const { claims: two } = await s.apply({
        claims: [
          { routes: [{ queue: 'default', type: 'echo' }], offers: [...s.offers(1, 'a#1'), ...s.offers(1, 'b#1')] },
          { routes: ['echo', 'more'].map((type) => ({ queue: 'default', type })), offers: s.offers(1, 'c#1') },
        ],
      })
      t.match(two, [{ grants: [{ holder: 'a#1' }] }, { grants: [{ holder: 'c#1' }] }])
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

  const AUTO_RULE = { replicas: 'auto' } as const
  /** Both say the same of as many tasks: each vote is confirmed by the other. */
  const proveBoth = async (s: Subject, from: number, count: number, changes: Partial<TaskSpec> = {}): Promise<void> => {
    for (let n = from; n < from + count; n += 1) {
      await s.submit(voted(n, { replicas: 2, quorum: 2 }, changes))
      const grants = await s.claim(2, 'a#1').then(async (one) => [...one, ...(await s.claim(2, 'b#1'))])
      for (const grant of grants) await s.settle(grant, says('1'))
    }
  }
  const recordOf = async (s: Subject, voter: string) =>
    (await s.store.reputations()).records.find((record) => record.voter === voter)

  scenario('votes: auto: of who has no record, others are asked as well', async (t, s) => {
    t.same(await s.submit(voted(1, AUTO_RULE)), ['accepted'])
    t.same(await s.counts(), { 'echo pending': 2 }, 'one replica')
    const [a] = await seated(s, 'a#1')
    const first = await s.apply({ operations: [settleOf(a!, says('1'))] })
    t.match(first, { reissued: true })
    t.equal((await s.task(1)).state, 'pending')
    t.match(await pollOf(s, 1), { rule: { replicas: 'auto', quorum: 2 }, checked: true, replicas: { length: 2 } })
    const [b] = await seated(s, 'b#1')
    await s.settle(b!, says('1'))
    t.match(await s.task(1), { state: 'completed', result: '1' })
    t.match(await recordOf(s, 'a'), { type: 'echo', matched: 1, wrong: 0, alone: 0, streak: 1, lastAt: s.now })
    t.same(await s.submit(voted(1, AUTO_RULE)), ['existing'])
  })

  scenario('votes: auto: whom the dice do not check is believed alone, once it is trusted', async (t, s) => {
    await proveBoth(s, 1, 10)
    t.match(await recordOf(s, 'a'), { matched: 10, streak: 10 })
    let alone = 0
    let checked = 0
    for (let n = 100; n < 200; n += 1) {
      await s.submit(voted(n, AUTO_RULE))
      const [a] = await s.claim(1, 'a#1')
      await s.settle(a!, says('1'))
      if ((await s.task(n)).state === 'completed') alone += 1
      else {
        checked += 1
        const [b] = await s.claim(1, 'b#1')
        await s.settle(b!, says('1'))
        t.match(await s.task(n), { state: 'completed' })
      }
    }
    t.ok(alone > checked, `${alone} alone, ${checked} checked`)
    t.ok(checked > 0, 'and yet some were')
    t.match(await recordOf(s, 'a'), { matched: 10 + checked, streak: 10 + checked, alone })
    t.match(await recordOf(s, 'b'), { matched: 10 + checked, alone: 0 })
  })

  scenario('votes: auto: of another type, or with another model, nobody is trusted yet', async (t, s) => {
    await proveBoth(s, 1, 10)
    await s.submit(voted(20, AUTO_RULE, { type: 'sleep' }))
    const [a] = await s.claim(1, 'a#1', ['sleep'])
    await s.settle(a!, says('1'))
    t.match(await pollOf(s, 20), { checked: true })
    await s.one({ kind: 'attach', incarnation: 'a#2', leases: [], model: 'other' })
    await s.submit(voted(21, AUTO_RULE))
    const [again] = await seated(s, 'a#2')
    await s.settle(again!, says('1'))
    t.match(await pollOf(s, 21), { checked: true, replicas: [{ voter: 'a', model: 'other' }, {}] })
  })

  scenario('votes: auto: one wrong vote ends the trust, and a replica that fails is made up for', async (t, s) => {
    await proveBoth(s, 1, 10)
    await s.submit(voted(20, { replicas: 3, quorum: 2 }))
    const [a, b, c] = await seated(s, 'a#1', 'b#1', 'c#1')
    await s.apply({ operations: [settleOf(a!, says('9')), settleOf(b!, says('1')), settleOf(c!, says('1'))] })
    t.match(await recordOf(s, 'a'), { matched: 10, wrong: 1, streak: 0 })
    t.match(await recordOf(s, 'b'), { matched: 11, wrong: 0, streak: 11 })
    await s.submit(voted(21, AUTO_RULE))
    const [d] = await seated(s, 'd#1')
    await s.settle(d!, FAIL_FINAL)
    const [again] = await seated(s, 'a#1')
    await s.settle(again!, says('1'))
    t.match(await pollOf(s, 21), { checked: true, replicas: [{ state: 'void' }, { state: 'cast' }, { state: 'open' }] })
  })

  scenario('votes: auto: retried: the dice fall once, and a vote counts once', async (t, s) => {
    await proveBoth(s, 1, 10)
    for (let n = 100; n < 120; n += 1) {
      await s.submit(voted(n, AUTO_RULE))
      const [a] = await s.claim(1, 'a#1')
      const parts = { operations: [settleOf(a!, says('1'))] }
      await s.apply(parts)
      const [before, record] = [await pollOf(s, n), await recordOf(s, 'a')]
      await s.apply({ ...parts, retried: true })
      t.same(await pollOf(s, n), before)
      t.same(await recordOf(s, 'a'), record)
      if ((await s.task(n)).state === 'pending') await s.cancel(n)
    }
  })

  scenario('votes: whoever is wrong too often has no more work, whatever it is, until it is pardoned', async (t, s) => {
    const lie = async (n: number): Promise<Outcome> => {
      await s.submit(voted(n, { replicas: 3, quorum: 2 }))
      const [liar, a, b] = await seated(s, 'liar#1', 'a#1', 'b#1')
      return s.apply({ operations: [settleOf(liar!, says('9')), settleOf(a!, says('1')), settleOf(b!, says('1'))] })
    }
    for (let n = 1; n < 20; n += 1) t.notOk((await lie(n)).quarantined)
    const last = await lie(20)
    const reason = '20 of its last 20 votes were wrong'
    t.same(last.quarantined, [{ voter: 'liar', reason, since: s.now }])
    t.same((await s.store.reputations()).quarantined, last.quarantined)
    await s.submit(spec(50), voted(51, AUTO_RULE))
    for (const holder of ['liar#1', 'liar#2']) {
      const { claims } = await s.apply({ claims: [s.claimOf(3, holder)] })
      t.same(claims[0], { grants: [], passed: true }, 'there is something, and not for this one')
    }
    const both = {
      routes: [{ queue: 'default', type: 'echo' }],
      offers: [...s.offers(1, 'liar#1'), ...s.offers(1, 'c#1')],
    }
    t.match((await s.apply({ claims: [both] })).claims, [{ grants: [{ payload: '50', holder: 'c#1' }], passed: true }])

    t.same(await s.one({ kind: 'pardon', voter: 'liar' }), { kind: 'pardon', status: 'pardoned' })
    t.same(await s.one({ kind: 'pardon', voter: 'liar' }), { kind: 'pardon', status: 'kept' })
    t.same(await s.one({ kind: 'pardon', voter: 'nobody' }), { kind: 'pardon', status: 'kept' })
    t.same((await s.store.reputations()).quarantined, [])
    t.match(await recordOf(s, 'liar'), { wrong: 20, streak: 0 }, 'what it did is not forgotten')
    t.match(await s.claim(1, 'liar#2'), [{ payload: '51' }])
  })

  scenario('votes: retried, a quarantine and a pardon are told again', async (t, s) => {
    for (let n = 1; n <= 20; n += 1) {
      await s.submit(voted(n, { replicas: 3, quorum: 2 }))
      const [liar, a, b] = await seated(s, 'liar#1', 'a#1', 'b#1')
      const votes = { operations: [settleOf(liar!, says('9')), settleOf(a!, says('1')), settleOf(b!, says('1'))] }
      s.now += 1
      const { quarantined } = await s.apply(votes)
      t.equal(quarantined?.length, n === 20 ? 1 : undefined)
      t.same((await s.apply({ ...votes, retried: true })).quarantined, quarantined)
    }
    const pardon = { operations: [{ kind: 'pardon', voter: 'liar' }] } as const
    t.match(await s.apply(pardon), { operations: [{ status: 'pardoned' }] })
    t.match(await s.apply({ ...pardon, retried: true }), { operations: [{ status: 'pardoned' }] })
  })

  scenario(
    'votes: how often one may be wrong is for whoever opens the store to say',
    async (t, s) => {
      for (let n = 1; n <= 30; n += 1) {
        await s.submit(voted(n, { replicas: 3, quorum: 2 }))
        const [liar, a, b] = await seated(s, 'liar#1', 'a#1', 'b#1')
        const { quarantined } = await s.apply({
          operations: [settleOf(liar!, says('9')), settleOf(a!, says('1')), settleOf(b!, says('1'))],
        })
        t.notOk(quarantined)
      }
    },
    { pendingMax: 1_000_000, quarantineShare: 1 },
  )

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

  scenario('votes: submitted anew while replicas of before are kept still, it is voted on anew', async (t, s) => {
    await s.submit(voted(1, { replicas: 1 }))
    await s.settle((await seated(s, 'a#1'))[0]!, FAIL_FINAL)
    await s.settle((await seated(s, 'b#1'))[0]!, says('1'))
    s.now += 10
    const kept = { completedBefore: s.now, failedBefore: 0, keptMax: 100, keptBytesMax: 1e9, limit: 100 }
    await s.apply({ operations: [{ kind: 'prune', ...kept }] })
    t.match(await s.counts(), { 'echo failed': 1 })
    t.same(await s.submit(voted(1, { replicas: 1 })), ['accepted'])
    t.match((await pollOf(s, 1)).replicas, [{ state: 'open' }])
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
