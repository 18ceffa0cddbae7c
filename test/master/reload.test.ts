// New code for one worker, asked for by a client: whatever becomes of the worker, the client is answered once.
import t from 'tap'
import { Stage } from './stage.js'

async function asked() {
  const stage = await Stage.open()
  const worker = await stage.worker('w1')
  const client = stage.connect('client', 'c#1')
  stage.say(client, { type: 'reload-worker', re: 7, worker: 'w1#1' })
  const answers = () => (stage.sent.get(client) ?? []).filter(({ type }) => type === 'worker-reloaded')
  return { stage, worker, client, answers }
}

t.test('question and answer are handed on', async (t) => {
  const { stage, worker, answers } = await asked()
  t.match(stage.sent.get(worker)?.at(-1), { type: 'reload', re: 1 })
  t.same(answers(), [])
  stage.say(worker, { type: 'reloaded', re: 1 })
  stage.say(worker, { type: 'reloaded', re: 1 })
  t.same(answers(), [{ type: 'worker-reloaded', re: 7, status: 'reloaded' }])
})

t.test('a worker that cannot load its modules', async (t) => {
  const { stage, worker, answers } = await asked()
  stage.say(worker, { type: 'reloaded', re: 1, problem: './tasks.ts:1:1: wrong' })
  t.same(answers(), [{ type: 'worker-reloaded', re: 7, status: 'refused', problem: './tasks.ts:1:1: wrong' }])
})

t.test('a worker that is lost meanwhile, of an older version, unknown or on its way out', async (t) => {
  const lost = await asked()
  lost.stage.drop(lost.worker)
  t.match(lost.answers(), [{ re: 7, status: 'gone', problem: /connection/ }])

  const old = await asked()
  old.stage.say(old.worker, { type: 'unsupported', what: 'reload', re: 1 })
  t.match(old.answers(), [{ re: 7, status: 'unsupported' }])
  old.stage.say(old.client, { type: 'reload-worker', re: 8, worker: 'nobody#1' })
  t.match(old.answers().at(-1), { re: 8, status: 'gone' })
  old.stage.say(old.worker, { type: 'draining' })
  old.stage.say(old.client, { type: 'reload-worker', re: 9, worker: 'w1#1' })
  t.match(old.answers().at(-1), { re: 9, status: 'gone', problem: 'it drains' })
})
