// Ended tasks are forgotten when that costs nobody anything, and in time also where there is no such moment.
import t from 'tap'
import type { Keep } from '../../src/master/events.js'
import { Stage } from './stage.js'

const KEEP_ALL: Keep = { completedMs: undefined, failedMs: undefined, tasks: 1_000_000, bytes: 2 ** 40 }

async function cluster(keep: Partial<Keep>) {
  const stage = await Stage.open({ settings: { keep: { ...KEEP_ALL, ...keep } } })
  const worker = await stage.worker('w1', { slots: 1_000 })
  const client = stage.connect('client', 'c#1')
  const submit = async (count: number): Promise<string[]> => {
    const ids = stage.submit(
      client,
      Array.from({ length: count }, () => ({})),
    )
    await stage.settle()
    return ids
  }
  const complete = (ids: readonly string[]): void => {
    const leases = new Map(stage.assigned(worker).map(({ id, lease }) => [id, lease]))
    stage.say(worker, {
      type: 'results',
      list: ids.map((id) => ({ id, lease: leases.get(id)!, outcome: 'completed', result: '1' })),
    })
  }
  const beats = async (ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += 1_000) {
      stage.say(worker, { type: 'beat', n: stage.monoMs, seen: 99, running: 0, hosts: [] })
      await stage.passAndSettle(1_000)
    }
  }
  const known = async (ids: readonly string[]): Promise<string[]> =>
    (await stage.store.get(ids)).map(({ task }) => task.id)
  const forgets = (): number | undefined => {
    const found = stage.lastBatch?.operations.find(({ kind }) => kind === 'prune')
    return found?.kind === 'prune' ? found.limit : undefined
  }
  return { stage, submit, complete, beats, known, forgets }
}

t.test('what is over its time, within seconds; what waits is never forgotten', async (t) => {
  const { submit, complete, beats, known, stage } = await cluster({ completedMs: 60_000 })
  const done = await submit(3)
  complete(done)
  const waiting = await submit(2)
  await beats(54_000)
  t.same(await known([...done, ...waiting]), [...done, ...waiting])
  await beats(12_000)
  t.same(await known([...done, ...waiting]), waiting)
  t.ok(stage.logs.includes('tasks: 3 ended ones forgotten'))
})

t.test('what is too much, in small batches one after the other while nothing else is to do', async (t) => {
  const { submit, complete, beats, known, stage, forgets } = await cluster({ tasks: 100 })
  const ids = await submit(700)
  complete(ids)
  await stage.settle()
  stage.pass(1)
  const before = stage.batches
  await beats(6_000)
  t.same(await known(ids.slice(-100)), ids.slice(-100))
  t.equal((await known(ids.slice(0, 500))).length, 0)
  t.equal((await known(ids.slice(500))).length, 100)
  t.ok(stage.batches - before > 3)
  t.equal(forgets(), undefined, 'then it rests')
})

t.test('in busy times it waits; when that has lasted each batch forgets more than it ends', async (t) => {
  const { submit, complete, stage, forgets, known } = await cluster({ tasks: 0 })
  const ids = await submit(900)
  let ended = 0
  /** Ten batches a second that end some tasks each; how many each of them may forget. */
  const busy = async (ms: number, ending: number): Promise<(number | undefined)[]> => {
    const limits: (number | undefined)[] = []
    for (let passed = 0; passed < ms; passed += 100) {
      complete(ids.slice(ended, ended + ending))
      ended += ending
      stage.depart()
      limits.push(forgets())
      await stage.land()
      stage.pass(100)
    }
    return limits
  }
  const first = await busy(16_000, 1)
  const waited = first.findIndex((limit) => limit !== undefined)
  t.ok(waited > 140 && waited < 155, `it waits for a quiet moment, and not for ever: ${waited} batches`)
  t.equal(first[waited], 50)
  t.ok((await known(ids.slice(0, ended))).length < 20, 'once begun it goes on until nothing is left')
  await busy(14_500, 1)
  t.ok((await busy(1_000, 40)).includes(80), 'as many again as end, and as many more')
})

t.test('a master on its way out forgets nothing more', async (t) => {
  const { submit, complete, stage, known } = await cluster({ tasks: 0 })
  const ids = await submit(2)
  complete(ids)
  await stage.settle()
  stage.step({ kind: 'stop', reason: 'the test', graceMs: 30_000 })
  await stage.passAndSettle(10_000)
  t.same(await known(ids), ids)
})

t.test('asked to, at once and to the last; what waits stays', async (t) => {
  const { stage, submit, complete, known } = await cluster({})
  const client = stage.connect('client', 'c#2')
  const ended = await submit(2_500)
  for (let start = 0; start < ended.length; start += 1_000) {
    complete(ended.slice(start, start + 1_000))
    await stage.settle()
  }
  const [waiting = ''] = stage.submit(client, [{ type: 'unserved' }])
  await stage.settle()
  stage.pass(1)
  const batches = stage.batches
  stage.say(client, { type: 'forget-ended', re: 7 })
  await stage.settle()
  t.same(stage.got(client, 'forgot-ended'), [{ type: 'forgot-ended', re: 7, count: 2_500 }])
  t.ok(stage.batches - batches >= 3, 'no batch costs more than others can wait for')
  t.same(await known([...ended.slice(-400), waiting]), [waiting])
})
