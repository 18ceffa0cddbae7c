// Work that is held ready at workers: who is given it, and who is not.
import t from 'tap'
import { Stage } from './stage.js'

async function busy(ahead: number) {
  const stage = await Stage.open()
  const client = stage.connect('client', 'client#1')
  const worker = await stage.worker('w1', { slots: 1 })
  const count = (): number => stage.assigned(worker).length
  const submit = async (...tasks: { maxAttempts?: number }[]): Promise<string[]> => {
    const ids = stage.submit(client, tasks)
    await stage.settle()
    return ids
  }
  await submit({})
  const { id, lease } = stage.assigned(worker)[0]!
  stage.say(worker, { type: 'started', list: [{ id, lease }] })
  const complete = async (index: number, more = ahead): Promise<void> => {
    const { id, lease } = stage.assigned(worker)[index]!
    stage.say(worker, { type: 'results', list: [{ id, lease, outcome: 'completed', result: '1' }], ahead: more })
    await stage.settle()
  }
  return { stage, client, worker, count, submit, complete }
}

t.test('as much as it asks for beyond its slots, from its last results on', async (t) => {
  const { submit, complete, count } = await busy(3)
  await submit(...Array(20).fill({}))
  t.equal(count(), 1)
  await complete(0)
  t.equal(count(), 5, 'one that runs, three that wait')
  await complete(1, 0)
  t.equal(count(), 5)
})

t.test('who comes back has asked for nothing', async (t) => {
  const { stage, worker, submit, complete, count } = await busy(3)
  await complete(0)
  stage.drop(worker)
  const again = await stage.worker('w1', { slots: 1 })
  await submit(...Array(5).fill({}))
  t.equal(count(), 1)
  t.equal(stage.assigned(again).length, 1)
})

t.test('a free slot anywhere comes first', async (t) => {
  const { stage, complete, submit, count } = await busy(10)
  await complete(0)
  const idle = await stage.worker('w2', { slots: 2 })
  await submit({}, {}, {})
  t.equal(stage.assigned(idle).length, 2)
  t.equal(count(), 2)
})

t.test('P10: what may run once only waits for a slot, and is not forgotten meanwhile', async (t) => {
  const { complete, submit, count, stage } = await busy(3)
  await complete(0)
  await submit({}, { maxAttempts: 1 }, {})
  t.equal(count(), 2)
  const { batches } = stage
  await stage.settle()
  t.equal(stage.batches, batches + 1, 'it is not asked for again and again')
  await complete(1)
  t.equal(count(), 4, 'it runs, and what stood behind it is held ready')
})

t.test('who takes much ahead is dealt some in a row; who does not, one after the other', async (t) => {
  for (const [ahead, dealt] of [
    [1_000, [40, 2]],
    [250, [22, 20]],
    [49, [21, 21]],
    [0, [21, 21]],
  ] as const) {
    const stage = await Stage.open()
    const client = stage.connect('client', 'client#1')
    const workers = [await stage.worker('w1', { slots: 50 }), await stage.worker('w2', { slots: 50 })]
    stage.submit(client, [{}, {}])
    await stage.settle()
    for (const worker of workers) {
      const { id, lease } = stage.assigned(worker)[0]!
      stage.say(worker, { type: 'results', list: [{ id, lease, outcome: 'completed', result: '1' }], ahead })
    }
    await stage.settle()
    stage.submit(client, Array(42).fill({}))
    await stage.settle()
    const counts = workers.map((worker) => stage.assigned(worker).length - 1).sort((a, b) => b - a)
    t.same(counts, dealt, `${ahead} ahead`)
  }
})

t.test('the roster tells what runs, not what waits', async (t) => {
  const { stage, client, worker, complete, submit } = await busy(3)
  await complete(0)
  await submit({}, {}, {})
  stage.say(client, { type: 'status', re: 77 })
  await stage.settle()
  t.match(stage.got(client, 'status-report').at(-1)?.workers, [{ slots: 1, running: 0 }])
  stage.say(worker, { type: 'started', list: stage.assigned(worker).map(({ id, lease }) => ({ id, lease })) })
  stage.say(client, { type: 'status', re: 78 })
  await stage.settle()
  t.match(stage.got(client, 'status-report').at(-1)?.workers, [{ slots: 1, running: 1 }], 'whatever is told with it')
})
