// Workers that come, come back or are gone: attach, expire, holders (P7, P8, P9).
import { DONE, FAIL, id, LOST, refOf, type Scenario, settleOf, spec } from './subject.js'

export function workerScenarios(scenario: Scenario): void {
  scenario('P8: a worker that comes back goes on with what it holds', async (t, s) => {
    const first = await s.running(spec(1))
    const second = await s.running(spec(2))
    const before = await s.task(1)
    const outcome = await s.attach('w#1', [second, first])
    t.same(outcome, { kind: 'attach', live: [second, first], stale: [], returned: 0 })
    t.same(await s.task(1), before)
    t.match(await s.settle(first, DONE), { status: 'recorded' })
  })

  scenario('attach: what it does not name never reached it, and what is not its own is stale', async (t, s) => {
    const named = await s.running(spec(1))
    await s.running(spec(2))
    const foreign = await s.running(spec(3), 'w#2')
    const settled = await s.running(spec(4))
    await s.settle(settled, DONE)
    const wrongTask = { taskId: id(2), leaseId: named.leaseId }
    const unknown = { taskId: id(9), leaseId: 'never' }
    const outcome = await s.attach('w#1', [named, named, foreign, settled, wrongTask, unknown])
    t.same(outcome.live, [named, named])
    t.same(outcome.stale, [foreign, settled, wrongTask, unknown].map(refOf))
    t.equal(outcome.returned, 1)
    t.match(await s.task(2), { state: 'pending', attempt: 0, uncharged: 0 })
    t.same(await s.story(2), [])
    t.match(await s.task(3), { state: 'running', holder: 'w#2' })
  })

  scenario(
    'attach: a cancel that it missed shows in its grant; one that never reached it is carried out',
    async (t, s) => {
      const held = await s.running(spec(1))
      await s.running(spec(2, { origin: 'client#1' }))
      await s.cancel(1)
      await s.cancel(2)
      const { operations, ended } = await s.apply({
        operations: [{ kind: 'attach', incarnation: 'w#1', leases: [refOf(held)] }],
      })
      t.match(operations, [{ live: [{ taskId: id(1), cancelRequested: true }], returned: 1 }])
      t.same(ended, [{ id: id(2), state: 'cancelled', origin: 'client#1' }])
    },
  )

  scenario('a lease whose grant never reached its worker is stale for it ever after', async (t, s) => {
    const grant = await s.running(spec(1))
    await s.attach('w#1', [])
    t.match(await s.settle(grant, DONE), { status: 'stale' })
    t.match(await s.task(1), { state: 'pending' })
  })

  scenario('expire: running tasks of a dead worker are lost, charged, and run elsewhere at once', async (t, s) => {
    const grant = await s.running(spec(1))
    await s.running(spec(2), 'w#2')
    s.now += 100
    t.same(await s.expire('w#1'), {
      kind: 'expire',
      status: 'expired',
      tasks: [{ id: id(1), leaseId: grant.leaseId, state: 'pending' }],
    })
    t.match(await s.story(1), [{ outcome: 'lost', charged: true, error: LOST, holder: 'w#1', endedAt: s.now }])
    t.match(await s.task(2), { state: 'running' })
    t.match(await s.claim(1, 'w#3'), [{ taskId: id(1), attempt: 2 }])
    t.same(await s.settle(grant, DONE), { kind: 'settle', status: 'stale' }, 'P5: its late result changes nothing')
  })

  scenario('expire: what provably never started is undone, and its lease is stale', async (t, s) => {
    const started = await s.running(spec(1))
    const waiting = await s.running(spec(2))
    const { tasks } = await s.expire('w#1', [waiting.leaseId])
    t.same(
      tasks.map(({ id, leaseId, state }) => [id, leaseId, state]),
      [
        [id(1), started.leaseId, 'pending'],
        [id(2), waiting.leaseId, 'pending'],
      ],
    )
    t.match(await s.task(2), { attempt: 0 })
    t.same(await s.story(2), [])
    t.match(await s.settle(waiting, DONE), { status: 'stale' })
  })

  scenario(
    'expire: out of attempts a task is failed as lost, a cancelled one is cancelled, both are told',
    async (t, s) => {
      await s.running(spec(1, { maxAttempts: 1, origin: 'client#1' }))
      await s.running(spec(2))
      await s.cancel(2)
      const { ended } = await s.apply({
        operations: [{ kind: 'expire', incarnation: 'w#1', beat: 0, unstarted: [], error: LOST }],
      })
      t.same(ended, [
        { id: id(1), state: 'failed', origin: 'client#1', error: LOST },
        { id: id(2), state: 'cancelled' },
      ])
      t.same(await s.counts(), { 'echo cancelled': 1, 'echo failed': 1 })
    },
  )

  scenario('expire fails as moved where the beat is another, and changes nothing', async (t, s) => {
    const grant = await s.running(spec(1))
    await s.attach('w#1', [grant])
    t.same(await s.expire('w#1', [], 1), { kind: 'expire', status: 'moved', tasks: [] })
    t.match(await s.task(1), { state: 'running' })
    t.match(await s.expire('w#1'), { status: 'expired' })
    t.same(await s.expire('w#1'), { kind: 'expire', status: 'expired', tasks: [] }, 'and once more is nothing')
  })

  scenario('a worker that comes back while its expiry is on the way: in the order of the batch', async (t, s) => {
    const grant = await s.running(spec(1))
    const expire = { kind: 'expire', incarnation: 'w#1', beat: 0, unstarted: [], error: LOST } as const
    const attach = { kind: 'attach', incarnation: 'w#1', leases: [refOf(grant)] } as const
    const { operations } = await s.apply({ operations: [expire, attach, settleOf(grant, FAIL)] })
    t.match(operations, [{ status: 'expired' }, { live: [], stale: [refOf(grant)] }, { status: 'stale' }])
  })

  scenario('holders are the incarnations that run something', async (t, s) => {
    await s.attach('idle#1', [])
    await s.submit(spec(1), spec(2), spec(3))
    await s.claim(2, 'w#1')
    const [other] = await s.claim(1, 'w#2')
    const holders = async () => [...(await s.store.holders())].sort((a, b) => (a.incarnation < b.incarnation ? -1 : 1))
    t.same(await holders(), [
      { incarnation: 'w#1', beat: 0, running: 2 },
      { incarnation: 'w#2', beat: 0, running: 1 },
    ])
    await s.settle(other!, DONE)
    t.same(await holders(), [{ incarnation: 'w#1', beat: 0, running: 2 }])
    const place = { address: '127.0.0.1:5000', machine: 'boot/net' }
    const leases = await Promise.all(
      [1, 2].map(async (n) => ({ taskId: id(n), leaseId: (await s.task(n)).leaseId ?? '' })),
    )
    await s.one({ kind: 'attach', incarnation: 'w#1', leases, place })
    await s.attach('w#1', leases)
    t.same(await holders(), [{ incarnation: 'w#1', beat: 0, running: 2, place }], 'with the place that was told last')
  })
}
