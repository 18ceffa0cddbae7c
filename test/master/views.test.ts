// Tasks that are watched while they run: who sees what, under which lease, and what it costs where nobody does.
import t from 'tap'
import type { SeenField } from '../../src/protocol/messages.js'
import { Stage } from './stage.js'

const FAILED = { outcome: 'failed', error: { code: 'task_failed', message: 'no' }, final: false } as const

async function watched(about = {}) {
  const stage = await Stage.open()
  const worker = await stage.worker('w1', { follows: true, ...about })
  const client = stage.connect('client', 'c#1')
  const [id] = stage.submit(client, [{}])
  await stage.settle()
  const viewer = stage.connect('client', 'c#2')
  const watch = async (session = viewer) => {
    stage.say(session, { type: 'watch', re: 9, ids: [id!], live: true })
    await stage.settle()
  }
  const seen = (session = viewer): SeenField[] => stage.got(session, 'seen').flatMap(({ list }) => list)
  const lease = () => stage.assigned(worker).at(-1)!.lease
  const report = (told: object, of = lease(), from = worker) =>
    stage.say(from, { type: 'progress', list: [{ id: id!, lease: of, ...told }] })
  return { stage, worker, client, viewer, id: id!, watch, seen, lease, report }
}

t.test('who watches is told how it stands, then all that it does, and last its end', async (t) => {
  const { stage, worker, viewer, id, watch, seen, lease, report } = await watched()
  await watch()
  t.same(seen(), [{ id, attempt: 1, state: 'running', worker: 'w1' }])
  t.same(stage.got(worker, 'follow').at(-1)?.list, [{ id, lease: lease(), on: true }])
  report({ percent: 40, message: 'so far', log: { at: 0, text: 'said' } })
  t.same(seen().at(-1), { id, attempt: 1, percent: 40, message: 'so far', log: { at: 0, text: 'said' } })
  stage.say(worker, { type: 'results', list: [{ id, lease: lease(), ...FAILED }] })
  await stage.settle()
  t.match(seen().at(-1), { state: 'pending', attempt: 1, error: { message: 'no' } })
  await stage.passAndSettle(2_000)
  t.match(seen().at(-1), { state: 'running', attempt: 2, worker: 'w1' })
  t.match(stage.got(worker, 'follow').at(-1)?.list, [{ lease: lease(), on: true }], 'also of the next attempt')
  stage.say(worker, { type: 'results', list: [{ id, lease: lease(), outcome: 'completed', result: '1' }] })
  await stage.settle()
  t.match(stage.got(viewer, 'ended'), [{ list: [{ id, state: 'completed' }] }])
  stage.say(viewer, { type: 'watch', re: 10, ids: [id, 'unknown'], live: true })
  await stage.settle()
  t.match(stage.got(viewer, 'watching').at(-1), { unknown: ['unknown'] })
  t.equal(stage.got(viewer, 'ended').length, 2, 'one that has ended is told at once')
})

t.test('P5: a report counts under the current lease alone, from its holder, and not after its end', async (t) => {
  const { stage, worker, client, id, watch, seen, lease, report } = await watched()
  await watch()
  const other = await stage.worker('w2', { follows: true, types: [{ type: 'other' }] })
  const before = seen().length
  report({ percent: 1 }, 'another')
  report({ percent: 2 }, lease(), other)
  t.equal(seen().length, before)
  report({ percent: 3 })
  stage.say(client, { type: 'get', re: 5, ids: [id] })
  await stage.settle()
  t.match(stage.got(client, 'tasks').at(-1)?.list, [{ id, state: 'running', progress: { percent: 3 } }])
  const first = lease()
  stage.say(worker, { type: 'results', list: [{ id, lease: first, ...FAILED }] })
  report({ percent: 4 }, first)
  await stage.passAndSettle(2_000)
  t.not(lease(), first)
  report({ percent: 5 }, first)
  t.notOk(seen().some(({ percent }) => percent === 4 || percent === 5))
  stage.say(client, { type: 'get', re: 6, ids: [id] })
  stage.say(client, { type: 'status', re: 7 })
  await stage.settle()
  t.notOk('progress' in stage.got(client, 'tasks').at(-1)!.list[0]!, 'gone with its attempt')
  t.equal(stage.got(client, 'status-report').at(-1)?.stale, 4, 'and is counted')
})

t.test('where nobody watches nothing is asked of workers, and who leaves is told nothing more', async (t) => {
  const { stage, worker, viewer, id, watch, seen, report } = await watched()
  report({ percent: 1 })
  t.same(stage.got(worker, 'follow'), [])
  await watch()
  const second = stage.connect('client', 'c#3')
  await watch(second)
  t.match(seen(second), [{ state: 'running', percent: 1 }], 'as it stands, with how far it is')
  stage.say(viewer, { type: 'unwatch', re: 11, ids: [id] })
  t.match(stage.got(viewer, 'watching').at(-1), { re: 11 })
  const told = seen().length
  report({ percent: 2 })
  t.equal(seen().length, told)
  t.match(seen(second).at(-1), { percent: 2 })
  t.ok(stage.got(worker, 'follow').at(-1)?.list[0]?.on)
  stage.drop(second)
  t.match(stage.got(worker, 'follow').at(-1)?.list, [{ on: false }])
})

t.test('a worker that comes back is told again what is watched; one of an older version never', async (t) => {
  const { stage, worker, id, watch, lease, report, seen } = await watched()
  await watch()
  const held = lease()
  stage.drop(worker, false)
  const back = stage.register('w1', { follows: true, n: 2, leases: [{ id, lease: held }] })
  await stage.settle()
  t.match(stage.got(back, 'follow'), [{ list: [{ id, lease: held, on: true }] }])
  report({ percent: 9 }, held, back)
  t.match(seen().at(-1), { percent: 9 })

  const old = await watched({ follows: undefined })
  await old.watch()
  t.same(old.stage.got(old.worker, 'follow'), [])
})

t.test('a worker that is gone: its task waits, and who watches is told why', async (t) => {
  const { stage, worker, watch, seen } = await watched()
  await watch()
  stage.drop(worker, false)
  await stage.passAndSettle(20_000)
  t.match(seen().at(-1), { state: 'pending', attempt: 1, error: { code: 'lost' } })
})

t.test('what was said comes with the settlement and is told to who asks', async (t) => {
  const { stage, worker, client, id, lease } = await watched()
  const log = { at: 5, text: 'half \ud83d' }
  stage.say(worker, { type: 'results', list: [{ id, lease: lease(), outcome: 'completed', result: '1', log }] })
  await stage.settle()
  stage.say(client, { type: 'logs', re: 12, id })
  await stage.settle()
  t.match(stage.got(client, 'task-logs'), [
    { re: 12, list: [{ attempt: 1, at: 5, text: 'half \ufffd', lease: lease() }], more: false },
  ])
})
