// What happens at the same time: ends, returns and stops of the master's machine while something is on its way.
import t from 'tap'
import { registration, Stage } from './stage.js'

t.test('of a silent worker a start may have been lost on the way: at most once holds (P10)', async (t) => {
  const stage = await Stage.open()
  const worker = await stage.worker('w1')
  const client = stage.connect('client', 'client#1')
  const [once] = stage.submit(client, [{ maxAttempts: 1 }])
  await stage.settle()
  t.equal(stage.assigned(worker).length, 1)
  await stage.passAndSettle(15_500)
  t.match(await stage.task(once!), { state: 'failed', attempt: 1 })
})

t.test('a connection that this side ended: a start may have been on its way (P10)', async (t) => {
  const stage = await Stage.open()
  const worker = await stage.worker('w1')
  const client = stage.connect('client', 'client#1')
  const [id] = stage.submit(client, [{ maxAttempts: 1 }])
  await stage.settle()
  for (let second = 0; second < 7; second += 1) {
    stage.say(worker, { type: 'beat', n: second, seen: 0, running: 0, hosts: [] })
    await stage.passAndSettle(1_000)
  }
  t.match(stage.closed[0], { session: worker, reason: 'assignments do not arrive' })
  stage.drop(worker)
  stage.probed('w1#1', 'refused')
  await stage.settle()
  t.match(await stage.task(id!), { state: 'failed', error: { code: 'lost' } })
})

t.test('a connection that broke: a start may have been lost with it (P10)', async (t) => {
  const stage = await Stage.open()
  const worker = await stage.worker('w1')
  const client = stage.connect('client', 'client#1')
  const ids = stage.submit(client, [{ maxAttempts: 1 }, { maxAttempts: 2 }])
  await stage.settle()
  const [first] = stage.assigned(worker)
  stage.drop(worker, false)
  stage.probed('w1#1', 'refused')
  await stage.settle()
  t.equal(first?.id, ids[0])
  t.match(await stage.task(ids[0]!), { state: 'failed', error: { code: 'lost' } })
})

t.test('a worker that proves itself and never registers does not keep its place', async (t) => {
  const stage = await Stage.open()
  const session = stage.connect('worker', 'w1#1')
  stage.pass(16_000)
  t.match(stage.closed, [{ session, reason: 'it never registered' }])
})

t.test('what never left for a worker that fell silent is not charged (P9)', async (t) => {
  const stage = await Stage.open()
  const worker = await stage.worker('w1')
  const client = stage.connect('client', 'client#1')
  const [id] = stage.submit(client, [{ maxAttempts: 1 }])
  stage.depart()
  stage.drop(worker)
  stage.pass(15_500)
  await stage.land()
  await stage.settle()
  t.match(await stage.task(id!), { state: 'pending', attempt: 0 })
})

t.test('what a worker still held when it came back counts as started (P10)', async (t) => {
  const stage = await Stage.open()
  const worker = await stage.worker('w1')
  const client = stage.connect('client', 'client#1')
  const [id] = stage.submit(client, [{ maxAttempts: 1 }])
  await stage.settle()
  const [grant] = stage.assigned(worker)
  stage.drop(worker)
  const back = stage.register('w1', { leases: [{ id: id!, lease: grant!.lease }] })
  await stage.settle()
  stage.drop(back)
  stage.probed('w1#1', 'refused')
  await stage.settle()
  t.match(
    await stage.task(id!),
    { state: 'failed', attempt: 1 },
    'its `started` may have been lost with the first connection',
  )
})

t.test('a worker that waits for its welcome is not blamed for the silence (P19)', async (t) => {
  const stage = await Stage.open()
  const client = stage.connect('client', 'client#1')
  stage.submit(client, [{}])
  stage.depart()
  const worker = stage.register('w1')
  stage.pass(20_000)
  await stage.land()
  await stage.settle()
  t.same(stage.closed, [])
  t.equal(stage.got(worker, 'welcome').length, 1)
  t.equal(stage.assigned(worker).length, 1)
})

t.test('a worker that comes back to drain while its expiry is in flight is welcome', async (t) => {
  const stage = await Stage.open()
  const worker = await stage.worker('w1')
  stage.drop(worker)
  stage.probed('w1#1', 'refused')
  stage.depart()
  const back = stage.register('w1', { draining: true })
  stage.say(back, { type: 'draining' })
  await stage.land()
  await stage.settle()
  t.same(stage.closed, [])
  t.equal(stage.got(back, 'welcome').length, 1)
})

t.test('P7: a worker that is heard again while its expiry is in flight is not confirmed', async (t) => {
  const stage = await Stage.open()
  const worker = await stage.worker('w1')
  stage.pass(15_500)
  stage.depart()
  stage.say(worker, { type: 'beat', n: 1, seen: 0, running: 0, hosts: [] })
  t.same(stage.got(worker, 'heard'), [], 'its code would run on beside that of the next holder')
  await stage.land()
  t.equal(stage.closed.length, 1, 'it comes again, and learns what is stale')
})

t.test('P21: a worker that drains and comes to another master is given nothing', async (t) => {
  const stage = await Stage.open()
  const client = stage.connect('client', 'client#1')
  stage.submit(client, [{}])
  const worker = await stage.worker('w1', { draining: true })
  await stage.settle()
  t.equal(stage.got(worker, 'welcome').length, 1)
  t.same(stage.assigned(worker), [])
})

t.test('P9: a registration that comes late, by a connection that its worker gave up, does not count', async (t) => {
  const stage = await Stage.open()
  const client = stage.connect('client', 'client#1')
  const [id] = stage.submit(client, [{}])
  const late = stage.connect('worker', 'w1#1')
  const worker = await stage.worker('w1', { n: 2 })
  t.equal(stage.assigned(worker).length, 1)
  stage.say(late, registration('w1', { n: 1 }))
  await stage.settle()
  t.match(stage.closed, [{ session: late }])
  t.match(await stage.task(id!), { state: 'running', attempt: 1 }, 'it runs where it was')
})

t.test('a worker that drains, falls silent and is heard again leaves no lease behind', async (t) => {
  const stage = await Stage.open()
  const worker = await stage.worker('w1')
  const client = stage.connect('client', 'client#1')
  const [id] = stage.submit(client, [{}])
  stage.depart()
  stage.say(worker, { type: 'draining' })
  stage.pass(15_500)
  await stage.land()
  stage.say(worker, { type: 'beat', n: 1, seen: 0, running: 0, hosts: [] })
  await stage.settle()
  t.match(await stage.task(id!), { state: 'pending', attempt: 0 })
})

t.test('a master that leaves its workers to the next one drains none of them', async (t) => {
  const stage = await Stage.open({ settings: { keepWorkers: true } })
  const worker = stage.register('w1')
  stage.depart()
  stage.step({ kind: 'stop', reason: 'a signal', graceMs: 30_000 })
  await stage.land()
  t.same(stage.got(worker, 'drain'), [])
  t.equal(stage.exitCode, 0)
})

t.test('stopping waits for a worker that is away with work, and takes its results', async (t) => {
  const stage = await Stage.open()
  const worker = await stage.worker('w1')
  const client = stage.connect('client', 'client#1')
  const [id] = stage.submit(client, [{}])
  await stage.settle()
  const lease = stage.assigned(worker)[0]!.lease
  stage.drop(worker)
  stage.step({ kind: 'stop', reason: 'a signal', graceMs: 30_000 })
  await stage.settle()
  t.equal(stage.exitCode, undefined)
  const back = await stage.worker('w1', { leases: [{ id: id!, lease }] })
  t.equal(stage.got(back, 'drain').length, 1)
  stage.say(back, { type: 'draining' })
  const result = { outcome: 'completed', result: '1', encoding: 'json' } as const
  stage.say(back, { type: 'results', list: [{ id: id!, lease, ...result }] })
  await stage.settle()
  stage.drop(back)
  await stage.settle()
  t.equal(stage.exitCode, 0)
  t.match(await stage.task(id!), { state: 'completed' })
})

t.test('stopping waits neither for a disk that does not answer nor for clients that never stop asking', async (t) => {
  const stage = await Stage.open()
  const client = stage.connect('client', 'client#1')
  stage.submit(client, [{}])
  stage.depart()
  stage.step({ kind: 'stop', reason: 'a signal', graceMs: 1_000 })
  stage.pass(4_900)
  t.equal(stage.exitCode, undefined)
  stage.pass(2_200)
  t.equal(stage.exitCode, 6)

  const busy = await Stage.open()
  const asking = busy.connect('client', 'client#1')
  await busy.worker('w1')
  busy.step({ kind: 'stop', reason: 'a signal', graceMs: 1_000 })
  for (let round = 0; round < 90 && busy.exitCode === undefined; round += 1) {
    busy.submit(asking, [{}])
    busy.depart()
    busy.submit(asking, [{}])
    busy.pass(100)
    await busy.land()
  }
  t.not(busy.exitCode, undefined)
})

t.test('what was watched and is over, or never was, is watched no longer', async (t) => {
  const stage = await Stage.open()
  const client = stage.connect('client', 'client#1')
  const other = stage.connect('client', 'client#2')
  const [id] = stage.submit(client, [{}])
  await stage.settle()
  stage.say(client, { type: 'cancel-tasks', re: 2, ids: [id!] })
  await stage.settle()
  for (let round = 0; round < 11; round += 1) {
    const ids = [id!, ...Array.from({ length: 499 }, () => stage.taskId())]
    for (let page = 0; page < 2; page += 1) stage.say(other, { type: 'watch', re: 3, ids })
    await stage.settle()
  }
  for (let round = 0; round < 20; round += 1) {
    stage.say(other, { type: 'watch', re: 4, ids: Array.from({ length: 500 }, () => stage.taskId()) })
    await stage.settle()
  }
  t.same(stage.got(other, 'error'), [])
})
