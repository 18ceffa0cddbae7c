// What a master counts: each event once, whatever way a task or an attempt took to its end.
import t from 'tap'
import type { MetricsReport } from '../../src/protocol/messages.js'
import { Stage } from './stage.js'

function total({ counts }: MetricsReport['run']): number {
  return counts.reduce((sum, count) => sum + count, 0)
}

async function figures(stage: Stage, client: number): Promise<MetricsReport> {
  stage.say(client, { type: 'metrics', re: 9 })
  return stage.got(client, 'metrics-report').at(-1)!
}

t.test('tasks, attempts, retries, losses and what was stale', async (t) => {
  const stage = await Stage.open()
  const client = stage.connect('client', 'c1')
  const worker = await stage.worker('w1', { slots: 4 })
  const [, , , cancelled] = stage.submit(client, [{}, { maxAttempts: 1 }, { maxAttempts: 2 }, { type: 'none' }, {}])
  await stage.settle()
  const [first, once, twice, lost] = stage.assigned(worker)
  const begun = [first, once, twice, lost].map((grant) => ({ id: grant!.id, lease: grant!.lease }))
  stage.say(worker, { type: 'started', list: begun })
  stage.pass(40)
  const done = (grant: typeof first, lease = grant!.lease) =>
    ({ id: grant!.id, lease, outcome: 'completed', result: '1' }) as const
  const failed = (grant: typeof first) => {
    const error = { code: 'task_failed', message: 'no' }
    return { id: grant!.id, lease: grant!.lease, outcome: 'failed', error, final: false } as const
  }
  stage.say(worker, { type: 'results', list: [done(first), failed(once), failed(twice), done(lost, 'foreign')] })
  stage.say(client, { type: 'cancel-tasks', re: 2, ids: [cancelled!] })
  await stage.settle()
  stage.drop(worker)
  await stage.passAndSettle(20_000)
  const told = await figures(stage, client)
  t.match(told, {
    submitted: 5,
    ended: { completed: 1, failed: 1, cancelled: 1 },
    attempts: { completed: 1, failed: 2, lost: 1, cancelled: 0, returned: 0 },
    retries: 2,
    stale: 1,
    workersLost: 1,
  })
  t.equal(total(told.run), 3, 'of each attempt that has told its end')
  t.equal(told.run.sumMs, 120)
  t.equal(total(told.wait), 4)
  t.ok(total(told.commit) >= 3)
  t.equal(told.run.counts.length, told.boundsMs.length + 1)
})

t.test('what is pulled counts as well', async (t) => {
  const stage = await Stage.open()
  const client = stage.connect('client', 'c1')
  stage.say(client, { type: 'pull-register', re: 1, worker: 'p1' })
  await stage.settle()
  stage.submit(client, [{}, {}])
  stage.say(client, { type: 'pull-claim', re: 2, worker: 'p1', max: 2, leaseMs: 1_000 })
  await stage.settle()
  const [claimed] = stage.got(client, 'pull-claimed').at(-1)!.list
  stage.pass(30)
  const ending = { outcome: 'completed', result: '1' } as const
  stage.say(client, { type: 'pull-settle', re: 3, worker: 'p1', id: claimed!.id, ending })
  await stage.passAndSettle(5_000)
  const told = await figures(stage, client)
  t.match(told, { ended: { completed: 1 }, attempts: { completed: 1, lost: 1 }, retries: 1, workersLost: 0 })
  t.same([total(told.run), told.run.sumMs], [1, 30])
})
