// The master's decisions, step by step: no sockets, no clock, the in-memory store. First the ordinary life, then what
// arrives while a batch is on its way to disk.
import t from 'tap'
import { Stage } from './stage.js'

const done = (id: string, lease: string, result = '1') => ({ id, lease, outcome: 'completed' as const, result })

t.test('nothing leaves before the batch that justifies it is durable', async (t) => {
  const stage = await Stage.open()
  const worker = stage.register('w1')
  t.same(stage.sent.get(worker), undefined, 'not welcome before its attach is on disk')
  await stage.settle()
  t.equal(stage.got(worker, 'welcome').length, 1)

  const client = stage.connect('client', 'client#1')
  const [id] = stage.submit(client, [{}])
  stage.depart()
  t.equal(stage.got(client, 'accepted').length, 0, 'not accepted while its batch is in flight (P1)')
  t.equal(stage.assigned(worker).length, 0, 'not assigned either')
  await stage.land()
  t.equal(stage.got(client, 'accepted')[0]?.list[0]?.status, 'accepted')
  const [grant] = stage.assigned(worker)
  t.equal(grant?.id, id)

  stage.say(worker, { type: 'started', list: [{ id: id!, lease: grant!.lease }] })
  stage.say(worker, { type: 'results', list: [done(id!, grant!.lease)] })
  stage.depart()
  t.equal(stage.got(worker, 'recorded').length, 0)
  t.equal(stage.got(client, 'ended').length, 0)
  await stage.land()
  t.same(stage.got(worker, 'recorded')[0]?.list, [{ lease: grant!.lease, status: 'recorded' }])
  t.match(stage.got(client, 'ended')[0]?.list, [{ id, state: 'completed', result: '1' }])
})

t.test('who submits untold is told of the end only where it watches', async (t) => {
  const stage = await Stage.open()
  const worker = await stage.worker('w1', { slots: 3 })
  const client = stage.connect('client', 'client#1')
  const [told, untold, watched] = stage.submit(client, [{}, { untold: true }, { untold: true }])
  await stage.settle()
  stage.say(client, { type: 'watch', re: 2, ids: [watched!] })
  await stage.settle()
  t.equal(stage.got(client, 'accepted')[0]?.list.length, 3)
  stage.say(worker, { type: 'results', list: stage.assigned(worker).map(({ id, lease }) => done(id, lease)) })
  await stage.settle()
  t.equal((await stage.task(untold!)).state, 'completed')
  t.same(new Set(stage.got(client, 'ended').flatMap(({ list }) => list.map(({ id }) => id))), new Set([told, watched]))
})

t.test('P15: with one slot and a backlog over two types the order is exact', async (t) => {
  const stage = await Stage.open()
  const client = stage.connect('client', 'client#1')
  const ids = stage.submit(client, [
    { type: 'a', priority: 0 },
    { type: 'b', priority: 5 },
    { type: 'a', priority: 5 },
    { type: 'b', priority: 0 },
    { type: 'a', priority: 9 },
  ])
  await stage.settle()
  const worker = await stage.worker('w1', { types: [{ type: 'a' }, { type: 'b' }] })
  const order: string[] = []
  for (let index = 0; index < 5; index += 1) {
    const grant = stage.assigned(worker).at(-1)!
    order.push(grant.id)
    stage.say(worker, { type: 'results', list: [done(grant.id, grant.lease)] })
    await stage.settle()
  }
  t.same(order, [ids[4], ids[1], ids[2], ids[0], ids[3]])
})

t.test('a type that nobody serves waits, is named at once, and blocks nobody (P12)', async (t) => {
  const stage = await Stage.open()
  const worker = await stage.worker('w1')
  const client = stage.connect('client', 'client#1')
  stage.submit(client, [{ type: 'nobody', priority: 100 }, { type: 'echo' }])
  await stage.settle()
  t.same(stage.got(client, 'accepted')[0]?.unserved, ['nobody'])
  t.equal(stage.assigned(worker).length, 1)
  stage.say(client, { type: 'status', re: 2 })
  await stage.settle()
  t.same(stage.got(client, 'status-report')[0]?.unserved, ['nobody'])
})

t.test('work is dealt in turn to those with free slots', async (t) => {
  const stage = await Stage.open()
  const one = await stage.worker('w1', { slots: 3 })
  const two = await stage.worker('w2', { slots: 3 })
  const client = stage.connect('client', 'client#1')
  stage.submit(client, [{}, {}, {}, {}])
  await stage.settle()
  t.equal(stage.assigned(one).length, 2)
  t.equal(stage.assigned(two).length, 2)
})

t.test(
  'a worker that a refused port proves dead: its tasks run elsewhere at once, only started ones are charged',
  async (t) => {
    const stage = await Stage.open()
    const first = await stage.worker('w1', { slots: 2 })
    const client = stage.connect('client', 'client#1')
    const [started, waiting] = stage.submit(client, [{}, {}])
    await stage.settle()
    const lease = stage.assigned(first).find(({ id }) => id === started)!.lease
    stage.say(first, { type: 'started', list: [{ id: started!, lease }] })
    const second = await stage.worker('w2', { slots: 2 })
    stage.drop(first)
    t.same(stage.probes, ['w1#1'], 'dialled the moment its connection closed')
    stage.probed('w1#1', 'unknown')
    await stage.settle()
    t.equal(stage.assigned(second).length, 0, 'a closed socket alone is no proof')
    stage.probed('w1#1', 'refused')
    await stage.settle()
    t.same(
      stage
        .assigned(second)
        .map(({ id, attempt }) => [id, attempt])
        .sort(),
      [
        [started, 2],
        [waiting, 1],
      ].sort(),
    )
  },
)

t.test('a refused port on another machine proves nothing', async (t) => {
  const stage = await Stage.open()
  const first = await stage.worker('w1', { machine: 'elsewhere' })
  const client = stage.connect('client', 'client#1')
  stage.submit(client, [{}])
  await stage.settle()
  const second = await stage.worker('w2')
  stage.drop(first)
  stage.probed('w1#1', 'refused')
  await stage.passAndSettle(1_000)
  t.equal(stage.assigned(second).length, 0)
})

t.test('silence: no new work after 5 s, given up after 15 s', async (t) => {
  const stage = await Stage.open()
  const silent = await stage.worker('w1', { slots: 2 })
  const client = stage.connect('client', 'client#1')
  stage.submit(client, [{}])
  await stage.settle()
  t.equal(stage.assigned(silent).length, 1)
  await stage.passAndSettle(5_600)
  const other = await stage.worker('w2', { slots: 9 })
  stage.submit(client, [{}])
  await stage.settle()
  t.equal(stage.assigned(silent).length, 1, 'suspect: nothing new')
  t.equal(stage.assigned(other).length, 1)
  const beats = async (ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += 1_000) {
      stage.say(other, { type: 'beat', n: passed, seen: 99, running: 1, hosts: [] })
      await stage.passAndSettle(1_000)
    }
  }
  await beats(8_000)
  t.equal(stage.assigned(other).length, 1, 'not before its lease is over')
  await beats(3_000)
  t.equal(stage.assigned(other).length, 2, 'given up and run elsewhere')
  t.match(stage.closed, [{ session: silent }])
})

t.test('P19: a master that stood still does not blame its workers', async (t) => {
  const stage = await Stage.open()
  const worker = await stage.worker('w1')
  const client = stage.connect('client', 'client#1')
  const [id] = stage.submit(client, [{}])
  await stage.settle()
  stage.pass(20_000, true)
  await stage.settle()
  t.equal((await stage.task(id!)).state, 'running', 'its lease is alive')
  stage.say(worker, { type: 'beat', n: 1, seen: 1, running: 1, hosts: [] })
  await stage.passAndSettle(4_000)
  t.equal((await stage.task(id!)).attempt, 1)
  t.equal(stage.closed.length, 0)
})

t.test('P20: a step of the wall clock ends no lease', async (t) => {
  const stage = await Stage.open()
  const worker = await stage.worker('w1')
  const client = stage.connect('client', 'client#1')
  const [id] = stage.submit(client, [{}])
  await stage.settle()
  for (const stepMs of [86_400_000, -2 * 86_400_000]) {
    stage.wallMs += stepMs
    stage.say(worker, { type: 'beat', n: 1, seen: 1, running: 1, hosts: [] })
    await stage.passAndSettle(2_000)
  }
  t.equal((await stage.task(id!)).state, 'running')
})

t.test('assignments that a worker never echoes close its connection, whatever it beats', async (t) => {
  const stage = await Stage.open()
  const worker = await stage.worker('w1')
  const client = stage.connect('client', 'client#1')
  stage.submit(client, [{}])
  await stage.settle()
  for (let second = 0; second < 7; second += 1) {
    stage.say(worker, { type: 'beat', n: second, seen: 0, running: 0, hosts: [] })
    await stage.passAndSettle(1_000)
  }
  t.match(stage.closed[0], { session: worker, reason: 'assignments do not arrive' })
})

t.test('a delayed task is claimed when its time has come, without polling', async (t) => {
  const stage = await Stage.open()
  const worker = await stage.worker('w1')
  const client = stage.connect('client', 'client#1')
  stage.submit(client, [{ delayMs: 60_000 }])
  await stage.settle()
  const before = stage.batches
  stage.say(worker, { type: 'beat', n: 1, seen: 0, running: 0, hosts: [] })
  await stage.passAndSettle(2_000)
  t.equal(stage.assigned(worker).length, 0)
  t.ok(stage.batches > before, 'the stage asked')
  for (let second = 0; second < 59; second += 1) {
    stage.say(worker, { type: 'beat', n: second, seen: 0, running: 0, hosts: [] })
    await stage.passAndSettle(1_000)
  }
  t.equal(stage.assigned(worker).length, 1)
})

// --- While a batch is in flight ------------------------------------------------------------------------------------

t.test('the outcome of a claim for a session that is gone goes back uncharged', async (t) => {
  const stage = await Stage.open()
  const worker = await stage.worker('w1')
  const client = stage.connect('client', 'client#1')
  const [id] = stage.submit(client, [{ maxAttempts: 1 }])
  stage.depart()
  stage.drop(worker)
  await stage.land()
  t.equal(stage.assigned(worker).length, 0)
  await stage.settle()
  t.match(
    await stage.task(id!),
    { state: 'pending', attempt: 0 },
    'also where at most once was asked for: it never started (P10)',
  )
  const other = await stage.worker('w2')
  t.equal(stage.assigned(other)[0]?.id, id)
})

t.test('a worker that drained while its claim was in flight gets nothing of it', async (t) => {
  const stage = await Stage.open()
  const worker = await stage.worker('w1')
  const client = stage.connect('client', 'client#1')
  const [id] = stage.submit(client, [{}])
  stage.depart()
  stage.say(worker, { type: 'draining' })
  await stage.land()
  await stage.settle()
  t.equal(stage.assigned(worker).length, 0)
  t.match(await stage.task(id!), { state: 'pending', attempt: 0, uncharged: 0 })
})

t.test('a worker that comes back while its expiry is gathered keeps its work', async (t) => {
  const stage = await Stage.open()
  const worker = await stage.worker('w1')
  const client = stage.connect('client', 'client#1')
  const [id] = stage.submit(client, [{}])
  await stage.settle()
  const [grant] = stage.assigned(worker)
  stage.submit(client, [{ type: 'other' }])
  stage.depart()
  stage.drop(worker)
  stage.pass(15_000)
  const back = stage.register('w1', { leases: [{ id: id!, lease: grant!.lease }] })
  await stage.land()
  await stage.settle()
  t.same(stage.got(back, 'welcome')[0]?.stale, [])
  t.match(await stage.task(id!), { state: 'running', attempt: 1 })
})

t.test('a worker that comes back while its expiry is in flight learns that its leases are stale', async (t) => {
  const stage = await Stage.open()
  const worker = await stage.worker('w1')
  const client = stage.connect('client', 'client#1')
  const [id] = stage.submit(client, [{}])
  await stage.settle()
  const [grant] = stage.assigned(worker)
  stage.say(worker, { type: 'started', list: [{ id: id!, lease: grant!.lease }] })
  stage.drop(worker)
  stage.pass(15_100)
  stage.depart()
  const back = stage.register('w1', { leases: [{ id: id!, lease: grant!.lease }] })
  await stage.land()
  stage.say(back, { type: 'results', list: [done(id!, grant!.lease)] })
  await stage.settle()
  t.same(stage.got(back, 'welcome')[0]?.stale, [{ id, lease: grant!.lease }])
  t.same(stage.got(back, 'recorded')[0]?.list, [{ lease: grant!.lease, status: 'stale' }])
  const again = stage.assigned(back)
  t.match(again, [{ id, attempt: 2 }], 'it may take the task anew, under a new lease')
  t.not(again[0]?.lease, grant!.lease)
})

t.test('a cancel in batch k of a grant in k-1 reaches the worker', async (t) => {
  const stage = await Stage.open()
  const worker = await stage.worker('w1')
  const client = stage.connect('client', 'client#1')
  const [id] = stage.submit(client, [{}])
  stage.depart()
  stage.say(client, { type: 'cancel-tasks', re: 2, ids: [id!] })
  await stage.land()
  const [grant] = stage.assigned(worker)
  await stage.settle()
  t.same(stage.got(client, 'cancelled-tasks')[0]?.list, [{ id, status: 'cancelling', state: 'running' }])
  t.same(stage.got(worker, 'cancel')[0]?.list, [{ id, lease: grant!.lease, reason: 'cancelled' }])
  stage.say(worker, { type: 'results', list: [done(id!, grant!.lease)] })
  await stage.settle()
  t.match(stage.got(client, 'ended')[0]?.list, [{ id, state: 'cancelled' }])
  t.equal(stage.got(client, 'ended')[0]?.list[0]?.result, undefined, 'no later result counts (P14)')
})

t.test('a cancel of a task whose worker is away is told to it when it is back', async (t) => {
  const stage = await Stage.open()
  const worker = await stage.worker('w1')
  const client = stage.connect('client', 'client#1')
  const [id] = stage.submit(client, [{}])
  await stage.settle()
  const [grant] = stage.assigned(worker)
  stage.drop(worker)
  stage.say(client, { type: 'cancel-tasks', re: 2, ids: [id!] })
  await stage.settle()
  const back = stage.register('w1', { leases: [{ id: id!, lease: grant!.lease }] })
  await stage.settle()
  t.same(stage.got(back, 'cancel')[0]?.list, [{ id, lease: grant!.lease, reason: 'cancelled' }])
})

t.test('a client that is gone before its acknowledgement loses nothing', async (t) => {
  const stage = await Stage.open()
  const client = stage.connect('client', 'client#1')
  const [id] = stage.submit(client, [{}])
  stage.depart()
  stage.drop(client)
  await stage.land()
  t.equal(stage.got(client, 'accepted').length, 0)
  const again = stage.connect('client', 'client#1')
  stage.say(again, { type: 'submit', re: 7, list: [{ id: id!, type: 'echo', payload: '{}' }] })
  await stage.settle()
  t.match(stage.got(again, 'accepted')[0], { re: 7, list: [{ id, status: 'existing', state: 'pending' }] })
})

t.test('a client that understands it is told of accepted tasks by their ids alone', async (t) => {
  const stage = await Stage.open()
  const client = stage.connect('client', 'client#1')
  const [first] = stage.submit(client, [{}])
  const [fresh, other] = [stage.taskId(), stage.taskId()]
  const list = [fresh, first!, other].map((id) => ({ id, type: 'echo', payload: '{}' }))
  stage.say(client, { type: 'submit', re: 2, list, brief: true })
  await stage.settle()
  const [long, brief] = stage.got(client, 'accepted')
  t.same(long, { type: 'accepted', re: 1, list: [{ id: first, status: 'accepted' }], unserved: ['echo'] })
  t.match(brief, { re: 2, ids: [fresh, other], list: [{ id: first, status: 'existing', state: 'pending' }] })
})

t.test('one result in two batches is recorded twice and counts once (P6)', async (t) => {
  const stage = await Stage.open()
  const worker = await stage.worker('w1')
  const client = stage.connect('client', 'client#1')
  const [id] = stage.submit(client, [{}])
  await stage.settle()
  const [grant] = stage.assigned(worker)
  stage.say(worker, { type: 'results', list: [done(id!, grant!.lease)] })
  stage.depart()
  stage.say(worker, { type: 'results', list: [done(id!, grant!.lease)] })
  await stage.land()
  await stage.settle()
  t.same(
    stage.got(worker, 'recorded').flatMap(({ list }) => list.map(({ status }) => status)),
    ['recorded', 'recorded'],
  )
  t.equal(stage.got(client, 'ended').length, 1)
})

t.test('a batch whose outcome is unknown and which is applied again has one effect', async (t) => {
  const stage = await Stage.open()
  const worker = await stage.worker('w1', { slots: 2 })
  const client = stage.connect('client', 'client#1')
  const [id] = stage.submit(client, [{}, {}])
  const batch = stage.depart()
  await stage.store.apply(batch!)
  const outcome = await stage.store.apply({ ...batch!, retried: true })
  stage.step({ kind: 'committed', outcome })
  t.same(
    stage.assigned(worker).map(({ attempt }) => attempt),
    [1, 1],
  )
  t.match(await stage.task(id!), { state: 'running', attempt: 1 })
})

t.test('a connection that replaces another: what was assigned on the old one and never seen goes back', async (t) => {
  const stage = await Stage.open()
  const worker = await stage.worker('w1')
  const client = stage.connect('client', 'client#1')
  const [id] = stage.submit(client, [{}])
  await stage.settle()
  t.equal(stage.assigned(worker).length, 1)
  const back = stage.register('w1', { leases: [] })
  await stage.settle()
  t.match(stage.closed, [{ session: worker }])
  t.match(stage.assigned(back), [{ id, attempt: 1 }], 'uncharged, and given again')
})

t.test('P25: nobody else can claim to be a worker, be that one connected or not', async (t) => {
  const stage = await Stage.open()
  const token = 'a'.repeat(32)
  const worker = await stage.worker('w1', { token })
  const client = stage.connect('client', 'client#1')
  const [id] = stage.submit(client, [{}])
  await stage.settle()
  const { lease } = stage.assigned(worker)[0]!
  for (const forged of [{}, { token: 'b'.repeat(32) }]) {
    const twin = stage.register('w1', { leases: [], n: 9, ...forged })
    await stage.settle()
    t.match(stage.got(twin, 'refused'), [{ code: 'owned' }])
    t.same(stage.got(twin, 'welcome'), [])
    t.match(stage.closed.at(-1), { session: twin })
    stage.drop(worker, false)
  }
  const back = await stage.worker('w1', { token, leases: [{ id: id!, lease }] })
  t.match(stage.got(back, 'welcome'), [{ stale: [] }])
  t.match(await stage.task(id!), { state: 'running', attempt: 1 })
})

t.test('P5: a lease is settled by the worker that holds it, and by no other', async (t) => {
  const stage = await Stage.open()
  const worker = await stage.worker('w1')
  const client = stage.connect('client', 'client#1')
  const [id] = stage.submit(client, [{}])
  await stage.settle()
  const { lease } = stage.assigned(worker)[0]!
  const other = await stage.worker('w2')
  const ends = { id: id!, lease }
  const forged = [
    { ...ends, outcome: 'completed' as const, result: '2' },
    { ...ends, outcome: 'failed' as const, final: true, error: { code: 'task_failed', message: '' } },
    { ...ends, outcome: 'lost' as const, started: false, error: { code: 'lost', message: '' } },
  ]
  stage.say(other, { type: 'results', list: forged })
  await stage.settle()
  t.same(stage.got(other, 'recorded'), [{ type: 'recorded', list: forged.map(() => ({ lease, status: 'stale' })) }])
  t.match(await stage.task(id!), { state: 'running' })
  stage.say(worker, { type: 'results', list: [{ ...ends, outcome: 'completed', result: '1' }] })
  await stage.settle()
  t.match(await stage.task(id!), { state: 'completed', result: '1' })
})

t.test('P23: what is settled and not held is bounded: who sends more is closed', async (t) => {
  const stage = await Stage.open()
  const worker = await stage.worker('w1')
  const result = 'x'.repeat(1_000_000)
  const lost = { id: stage.taskId(), lease: 'l', outcome: 'completed', result } as const
  for (let n = 0; n < 40; n += 1) stage.say(worker, { type: 'results', list: [lost] })
  t.match(stage.closed[0], { session: worker, reason: /does not hold/ })
  t.ok((stage.depart()?.operations.length ?? 0) <= 6)
})

t.test('P23: a batch is bounded in characters; what is held is taken however much it is', async (t) => {
  const stage = await Stage.open()
  const worker = await stage.worker('w1', { slots: 20 })
  stage.submit(stage.connect('client', 'client#1'), Array(20).fill({}))
  await stage.settle()
  const result = 'x'.repeat(1_000_000)
  for (const { id, lease } of stage.assigned(worker)) {
    stage.say(worker, { type: 'results', list: [{ id, lease, outcome: 'completed', result }] })
  }
  const sizes: number[] = []
  for (let batch = stage.depart(); batch !== undefined; batch = stage.depart()) {
    sizes.push(batch.operations.length)
    await stage.land()
  }
  t.same(sizes.slice(0, 3), [9, 9, 2])
})

t.test('after a restart every holder has one full lease of grace, and may come back', async (t) => {
  const first = await Stage.open()
  const worker = await first.worker('w1')
  const client = first.connect('client', 'client#1')
  const [id] = first.submit(client, [{}])
  await first.settle()
  const [grant] = first.assigned(worker)
  const second = await Stage.open({ store: first.store, holders: await first.store.holders() })
  await second.passAndSettle(8_000)
  const back = second.register('w1', { leases: [{ id: id!, lease: grant!.lease }] })
  await second.settle()
  t.same(second.got(back, 'welcome')[0]?.stale, [])
  t.match(await second.task(id!), { state: 'running', attempt: 1 })

  const third = await Stage.open({ store: first.store, holders: await first.store.holders() })
  const other = await third.worker('w2')
  for (let second = 0; second < 14; second += 1) {
    third.say(other, { type: 'beat', n: second, seen: 9, running: 0, hosts: [] })
    await third.passAndSettle(1_000)
  }
  t.equal(third.assigned(other).length, 0)
  third.say(other, { type: 'beat', n: 99, seen: 9, running: 0, hosts: [] })
  await third.passAndSettle(1_500)
  t.match(third.assigned(other), [{ id, attempt: 2 }])
})

t.test('after a restart a holder whose port refuses is proven dead at once', async (t) => {
  const first = await Stage.open()
  const worker = await first.worker('w1')
  const [id] = first.submit(first.connect('client', 'client#1'), [{}])
  await first.settle()
  t.equal(first.assigned(worker).length, 1)
  const second = await Stage.open({ store: first.store, holders: await first.store.holders() })
  second.step({ kind: 'started' })
  t.same(second.probes, ['w1#1'])
  const other = await second.worker('w2')
  second.probed('w1#1', 'refused')
  await second.settle()
  t.match(second.assigned(other), [{ id, attempt: 2 }])
})

t.test('a quiet log says now and then how the cluster is', async (t) => {
  const stage = await Stage.open()
  const worker = await stage.worker('w1', { slots: 2 })
  stage.submit(stage.connect('client', 'client#1'), [{}])
  await stage.settle()
  stage.say(worker, { type: 'started', list: stage.assigned(worker).map(({ id, lease }) => ({ id, lease })) })
  for (let second = 0; second < 31; second += 1) {
    stage.say(worker, { type: 'beat', n: second, seen: 1, running: 1, hosts: [] })
    await stage.passAndSettle(1_000)
  }
  t.ok(stage.logs.includes('health: 1 workers ready; 1 of 2 slots busy'))
})

// --- The end -------------------------------------------------------------------------------------------------------

t.test('P21: stopping grants nothing, drains the workers and leaves last', async (t) => {
  const stage = await Stage.open()
  const worker = await stage.worker('w1')
  const client = stage.connect('client', 'client#1')
  const [running] = stage.submit(client, [{}, {}])
  await stage.settle()
  const [grant] = stage.assigned(worker)
  stage.step({ kind: 'stop', reason: 'a signal', graceMs: 30_000 })
  t.equal(stage.got(worker, 'drain').length, 1)
  stage.say(worker, { type: 'draining' })
  stage.say(worker, { type: 'results', list: [done(running!, grant!.lease)] })
  await stage.settle()
  t.equal(stage.exitCode, undefined, 'its worker is still there')
  t.equal(stage.assigned(worker).length, 1, 'nothing new')
  stage.drop(worker)
  await stage.settle()
  t.equal(stage.exitCode, 0)
})

t.test('P21: work that was handed back makes the code 6', async (t) => {
  const stage = await Stage.open()
  const worker = await stage.worker('w1')
  const client = stage.connect('client', 'client#1')
  const [id] = stage.submit(client, [{}])
  await stage.settle()
  const [grant] = stage.assigned(worker)
  stage.say(worker, { type: 'started', list: [{ id: id!, lease: grant!.lease }] })
  stage.step({ kind: 'stop', reason: 'a signal', graceMs: 1_000 })
  stage.say(worker, { type: 'draining' })
  stage.say(worker, {
    type: 'results',
    list: [{ id: id!, lease: grant!.lease, outcome: 'returned', reason: 'drain', started: true }],
  })
  await stage.settle()
  stage.drop(worker)
  await stage.settle()
  t.equal(stage.exitCode, 6)
  t.match(await stage.task(id!), { state: 'pending', attempt: 1, uncharged: 1 })
})

t.test('asked to stop once more, with less time, it gives less; with more time nothing changes', async (t) => {
  const stage = await Stage.open()
  const worker = await stage.worker('w1')
  const client = stage.connect('client', 'client#1')
  for (const graceMs of [30_000, 60_000, 0]) stage.say(client, { type: 'stop', re: 1, graceMs })
  t.same(
    stage.got(worker, 'drain').map(({ graceMs }) => graceMs),
    [30_000, 0],
  )
  stage.pass(7_000)
  t.equal(stage.exitCode, 0, 'it does not wait for the 30 s')
})

t.test('stopping does not wait for ever', async (t) => {
  const stage = await Stage.open()
  await stage.worker('w1')
  stage.step({ kind: 'stop', reason: 'a signal', graceMs: 1_000 })
  await stage.passAndSettle(6_000)
  t.equal(stage.exitCode, 0, 'nothing ran at the worker that did not leave')
})
