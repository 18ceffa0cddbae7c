// Checkpoints at the master: acknowledged when they are on disk, under the fence of their lease (P5), and assigned to the next
// attempt; and what is left until a deadline.
import t from 'tap'
import { openStore } from '../../src/store/open.js'
import { Stage } from './stage.js'

async function running(tasks: Parameters<Stage['submit']>[1] = [{}]) {
  const stage = await Stage.open()
  const worker = await stage.worker('w1', { slots: 4 })
  const client = stage.connect('client', 'client#1')
  stage.submit(client, tasks)
  await stage.settle()
  const [grant] = stage.assigned(worker)
  const keep = (n: number, value: string, lease = grant!.lease): void =>
    stage.say(worker, { type: 'checkpoints', list: [{ id: grant!.id, lease, n, value }] })
  const answers = (): string[] =>
    stage.got(worker, 'checkpointed').flatMap(({ list }) => list.map(({ n, status }) => `${n} ${status}`))
  return { stage, worker, client, grant: grant!, keep, answers }
}

t.test('it is acknowledged when it is on disk, and the next attempt is assigned with it', async (t) => {
  const { stage, worker, grant, keep, answers } = await running()
  keep(1, '{"at":1}')
  stage.depart()
  t.same(answers(), [])
  await stage.land()
  t.same(answers(), ['1 recorded'])
  keep(2, '{"at":2}')
  const error = { code: 'task_failed', message: 'broke' }
  const { id, lease } = grant
  stage.say(worker, { type: 'results', list: [{ id, lease, outcome: 'failed', error, final: false }] })
  await stage.settle()
  await stage.passAndSettle(1_100)
  t.match(stage.got(worker, 'assign').at(-1)?.list, [{ id, attempt: 2, checkpoint: '{"at":2}' }])
  t.notOk('checkpoint' in (stage.got(worker, 'assign')[0]?.list[0] ?? {}))
})

t.test('a stale one is refused and counted; one of somebody else, too', async (t) => {
  const { stage, client, grant, keep, answers } = await running()
  keep(1, '1', 'another')
  const other = await stage.worker('w2')
  stage.say(other, { type: 'checkpoints', list: [{ id: grant.id, lease: grant.lease, n: 1, value: '2' }] })
  await stage.settle()
  t.same(answers(), ['1 stale'])
  t.match(stage.got(other, 'checkpointed'), [{ list: [{ status: 'stale' }] }])
  stage.say(client, { type: 'status', re: 9 })
  stage.say(client, { type: 'get', re: 10, ids: [grant.id], story: true })
  await stage.settle()
  t.match(stage.got(client, 'status-report'), [{ stale: 2 }])
  t.notOk('checkpoint' in stage.got(client, 'tasks')[0]!.list[0]!)
})

t.test('a client reads the last one with the story', async (t) => {
  const { stage, client, grant, keep } = await running()
  keep(1, '"far"')
  await stage.settle()
  for (const story of [true, false]) stage.say(client, { type: 'get', re: 10, ids: [grant.id], story })
  await stage.settle()
  t.same(
    stage.got(client, 'tasks').map(({ list }) => list[0]?.checkpoint),
    ['"far"', undefined],
  )
})

t.test('P23, P24: where there is no room they are busy, and nothing is held', async (t) => {
  const { stage, keep, answers } = await running()
  const value = `"${'x'.repeat(250_000)}"`
  for (let n = 1; n <= 40; n += 1) keep(n, value)
  const busy = answers().filter((answer) => answer.endsWith('busy'))
  t.ok(busy.length > 10 && busy.length < 25, `${busy.length} are busy at once`)
  await stage.settle()
  t.equal(answers().filter((answer) => answer.endsWith('recorded')).length, 40 - busy.length)

  const store = await openStore({ kind: 'memory', limits: { pendingMax: 100 } })
  const short = await Stage.open({
    store: { ...store, apply: async (batch) => ({ ...(await store.apply(batch)), short: true }) },
  })
  const worker = await short.worker('w1')
  short.say(worker, { type: 'checkpoints', list: [{ id: 't', lease: 'l', n: 1, value: '1' }] })
  t.match(short.got(worker, 'checkpointed'), [{ list: [{ lease: 'l', n: 1, status: 'busy' }] }])
})

t.test('a worker is told what is left until the deadline when its attempt leaves', async (t) => {
  const { stage, worker, client } = await running([{ deadlineMs: 10_000 }, {}])
  t.same(
    stage.got(worker, 'assign').flatMap(({ list }) => list.map(({ deadlineMs }) => deadlineMs)),
    [10_000, undefined],
  )
  stage.submit(client, [{ deadlineMs: 10_000, delayMs: 4_000 }])
  await stage.settle()
  await stage.passAndSettle(4_000)
  t.equal(stage.got(worker, 'assign').at(-1)?.list[0]?.deadlineMs, 6_000)
})

t.test('what waits at its deadline ends then, without polling, and its client is told', async (t) => {
  const { stage, client } = await running(Array(4).fill({}))
  const [id] = stage.submit(client, [{ deadlineMs: 3_000 }])
  await stage.settle()
  await stage.passAndSettle(2_900)
  t.match(await stage.task(id!), { state: 'pending' })
  await stage.passAndSettle(200)
  t.match(stage.got(client, 'ended'), [{ list: [{ id, state: 'failed', error: { code: 'deadline' } }] }])
})
