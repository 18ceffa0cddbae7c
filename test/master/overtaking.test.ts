// A batch that is taken before the outcome of the last was looked at: what that one left says nothing of what came since.
import t from 'tap'
import { Stage } from './stage.js'

/** It says that this attempt is done. */
function complete(stage: Stage, session: number): void {
  const { id, lease } = stage.assigned(session).at(-1)!
  const settled = { id, lease, outcome: 'completed' as const, result: '1', encoding: 'json' as const }
  stage.say(session, { type: 'results', list: [settled] })
}

t.test('tasks and results are taken at once, a third batch is not', async (t) => {
  const stage = await Stage.open()
  const worker = await stage.worker('w1')
  const client = stage.connect('client', 'client#1')
  stage.submit(client, [{}])
  await stage.settle()
  stage.submit(client, [{}])
  t.match(stage.depart(), { operations: [{ kind: 'submit' }] })
  t.equal(stage.depart(), undefined, 'nothing has come')
  complete(stage, worker)
  stage.submit(client, [{}])
  t.match(stage.depart(), { operations: [{ kind: 'settle' }, { kind: 'submit' }] })
  stage.submit(client, [{}])
  t.equal(stage.depart(), undefined, 'two are on their way')
  await stage.land()
  t.match(stage.depart(), { operations: [{ kind: 'submit' }] }, 'one is')
  await stage.land()
  await stage.land()
  await stage.settle()
  t.equal(stage.assigned(worker).length, 2, 'a slot holds one')
})

t.test('while the store is at work, as much as it is at work on is worth a batch, where it is small', async (t) => {
  const stage = await Stage.open()
  const client = stage.connect('client', 'client#1')
  stage.submit(client, [{}, {}])
  stage.depart()
  stage.submit(client, [{}])
  t.equal(stage.depart(true), undefined, 'it waits for more')
  stage.submit(client, [{}])
  t.equal(stage.depart(true)?.operations.length, 2)
  await stage.land()
  const large = JSON.stringify('x'.repeat(600_000))
  stage.submit(client, [{ payload: large }, { payload: large }])
  t.equal(stage.depart(true), undefined, 'what is large is held once')
  t.equal(stage.depart()?.operations.length, 2)
})

t.test('what hangs on that outcome waits for it', async (t) => {
  const stage = await Stage.open()
  const client = stage.connect('client', 'client#1')
  const [id] = stage.submit(client, [{}])
  stage.depart()
  stage.submit(client, [{}])
  stage.say(client, { type: 'cancel-tasks', re: 2, ids: [id!] })
  t.equal(stage.depart(), undefined)
  await stage.land()
  t.match(stage.depart(), { operations: [{ kind: 'submit' }, { kind: 'cancel' }] })
})

t.test('an empty-handed claim does not hide what the next batch brings', async (t) => {
  const stage = await Stage.open()
  const worker = await stage.worker('w1')
  const client = stage.connect('client', 'client#1')
  stage.submit(client, [{ type: 'nobody-serves-it' }])
  t.equal(stage.depart()?.claims[0]?.offers.length, 1)
  const [id] = stage.submit(client, [{}])
  t.equal(stage.depart()?.claims.length, 0, 'its slot may be taken')
  await stage.land()
  await stage.land()
  await stage.settle()
  t.match(stage.assigned(worker), [{ id }])
})

t.test('nor what became due while it was on its way', async (t) => {
  const stage = await Stage.open()
  const idle = await stage.worker('w1')
  const busy = await stage.worker('w2', { types: [{ type: 'other' }] })
  const client = stage.connect('client', 'client#1')
  stage.submit(client, [{ type: 'other' }])
  await stage.settle()
  const [id] = stage.submit(client, [{ delayMs: 50 }])
  stage.depart()
  stage.pass(60)
  complete(stage, busy)
  t.match(stage.depart(), { operations: [{ kind: 'settle' }] })
  await stage.land()
  await stage.land()
  await stage.settle()
  t.match(stage.assigned(idle), [{ id }])
})
