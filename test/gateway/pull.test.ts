// Workers that only speak HTTP, in the words of those that came before and in our own.
import t from 'tap'
import { type Said, serveMaster } from './served.js'

const served = await serveMaster(t)
const ask = served.ask.bind(served)

async function given(type: string): Promise<string> {
  return (await ask('POST', '/tasks', { type, payload: { n: 1 } })).body.id as string
}

t.test('register, beat, claim, submit: the life that a worker of a REST coordinator leads', async (t) => {
  t.match(await ask('POST', '/workers/register', { worker_id: 'w1' }), {
    status: 200,
    body: { ok: true, worker_id: 'w1', status: 'active', lease_seconds: 75, heartbeat_ttl_seconds: 45 },
  })
  t.match(await ask('POST', '/workers/heartbeat', { worker_id: 'w1' }), {
    status: 200,
    body: { ok: true, renewed: [] },
  })
  const { id } = (await ask('POST', '/tasks', { text: 'Reliability test headline' })).body
  const next = await ask('POST', '/tasks/next', { worker_id: 'w1' })
  t.match(next, {
    status: 200,
    body: {
      id,
      task_id: id,
      text: 'Reliability test headline',
      task_type: 'sentiment',
      status: 'running',
      attempts: 1,
    },
  })
  const [listed] = (await ask('GET', '/tasks')).body
  t.match(listed, { id, status: 'running', reserved_by: 'w1', lease_expires_at: /^20.*Z$/, attempts: 1 })
  t.equal(listed.lease_id, next.body.lease_id)
  const result = { label: 'positive', confidence: 0.9 }
  const submitted = await ask('POST', '/workers/submit', { worker_id: 'w1', task_id: id, ...result })
  t.match(submitted, { status: 200, body: { ok: true, task_id: id, outcome: 'recorded' } })
  t.same((await ask('GET', `/tasks/${id}`)).body.result, result)
  t.match((await ask('GET', '/leaderboard')).body, [{ worker_id: 'w1', points: 1 }])
  t.match((await ask('GET', '/workers')).body, [{ worker_id: 'w1', kind: 'pull', status: 'active', completed: 1 }])
  t.match((await ask('GET', '/db/stats')).body, { tasks: 1, submissions: 1, workers: 1 })
  t.same((await ask('POST', '/tasks/next', { worker_id: 'w1' })).body, null, 'nothing is left')
})

t.test('a worker that never registered serves every type', async (t) => {
  const id = await given('whatever')
  t.match((await ask('POST', '/tasks/claim', { worker_id: 'bare', max: 5 })).body, [{ id }])
  t.match(await ask('POST', `/tasks/${id}/complete`, { worker_id: 'bare', result: 7 }), { status: 200 })
})

t.test('types that a worker names are all that it gets', async (t) => {
  const id = await given('one')
  await ask('POST', '/workers/register', { worker_id: 'w2', types: ['two'], labels: { gpu: 'a' }, model: 'm' })
  t.same((await ask('POST', '/tasks/next', { worker_id: 'w2' })).body, null)
  t.match((await ask('POST', '/tasks/next', { worker_id: 'w1', task_type: 'one' })).body, { id })
  await ask('POST', `/tasks/${id}/complete`, { worker_id: 'w1' })
})

t.test('P5: only the current lease counts, also where none is named', async (t) => {
  const id = await given('fenced')
  const first = (await ask('POST', '/tasks/next', { worker_id: 'w1' })).body
  const stale = { status: 409, body: { code: 'stale' } }
  t.match(await ask('POST', `/tasks/${id}/complete`, { worker_id: 'bare', result: 1 }), stale, 'another worker')
  t.match(await ask('POST', `/tasks/${id}/complete`, { worker_id: 'w1', lease_id: 'x.1' }), stale, 'another lease')
  t.match(await ask('POST', `/tasks/${id}/renew`, { worker_id: 'bare' }), stale)
  const renewed = await ask('POST', `/tasks/${id}/renew`, { worker_id: 'w1', lease: '2m' })
  t.match(renewed, { status: 200, body: { lease_id: first.lease_id, cancel_requested: false } })
  t.ok(renewed.body.lease_expires_at > first.lease_expires_at)
  const beat = await ask('POST', '/workers/heartbeat', {
    worker_id: 'w1',
    task_ids: [id],
    tasks: [{ task_id: 'gone' }],
  })
  t.match(beat.body, { renewed: [{ task_id: id }], lost: ['gone'] })
  t.match(await ask('POST', `/tasks/${id}/return`, { worker_id: 'w1' }), { body: { outcome: 'recorded' } })
  const second = (await ask('POST', '/tasks/next', { worker_id: 'bare' })).body
  t.equal(second.id, id)
  t.match(await ask('POST', '/workers/submit', { worker_id: 'w1', task_id: id, lease_id: first.lease_id }), stale)
  t.match(await ask('POST', `/tasks/${id}/fail`, { worker_id: 'bare', error: { message: 'no' }, final: true }), {
    status: 200,
  })
  t.match((await ask('GET', `/tasks/${id}`)).body, { state: 'failed', error: { message: 'no' } })
})

t.test('P14: a cancelled task is told to its worker, and no result of it counts', async (t) => {
  const id = await given('cancelled')
  await ask('POST', '/tasks/next', { worker_id: 'w1' })
  t.match((await ask('DELETE', `/tasks/${id}`)).body, { outcome: 'cancelling' })
  t.match((await ask('POST', '/workers/heartbeat', { worker_id: 'w1' })).body, { cancelled: [id] })
  t.match((await ask('POST', `/tasks/${id}/renew`, { worker_id: 'w1' })).body, { cancel_requested: true })
  const told = await ask('POST', `/tasks/${id}/complete`, { worker_id: 'w1', result: 1 })
  t.match(told, { status: 200, body: { outcome: 'cancelled' } })
  t.match((await ask('GET', `/tasks/${id}`)).body, { state: 'cancelled' })
})

t.test('a claim that waits is told of what comes, and its lease ends where nobody renews it', async (t) => {
  const waiting = ask('POST', '/tasks/next', { worker_id: 'w1', wait: '30s', lease: 200 })
  const id = await given('awaited')
  t.match((await waiting).body, { id })
  const again = await ask('POST', '/tasks/next', { worker_id: 'bare', wait: '30s' })
  t.match(again.body, { id, attempts: 2 }, 'its worker went away')
  t.match((await ask('POST', '/ops/requeue-stale')).body, { ok: true, requeued: 0 })
  t.match((await ask('GET', `/tasks/${id}/story`)).body.attempts_before, [{ worker_id: 'w1', outcome: 'lost' }])
  t.match(await ask('POST', '/tasks/next', { worker_id: 'w1', wait: '2m' }), { status: 400, body: { field: 'wait' } })
})

t.test('how far a task has come goes to who claims it next; its deadline is told', async (t) => {
  const { id } = (await ask('POST', '/tasks', { type: 'far', deadline: '1h' })).body
  const claim = { task_type: 'far', lease: '100ms' }
  const { body: first } = await ask('POST', '/tasks/next', { worker_id: 'w8', ...claim })
  t.match(first, { id, deadline_at: /^20.*Z$/ })
  t.notOk('checkpoint' in first)
  const checkpoint = { done: [1, 2], text: 'é' }
  const kept = { worker_id: 'w8', lease_id: first.lease_id, checkpoint }
  t.match(await ask('POST', `/tasks/${id}/checkpoint`, kept), { status: 200, body: { ok: true, task_id: id } })
  t.match(await ask('POST', `/tasks/${id}/checkpoint`, { worker_id: 'w9', checkpoint: 1 }), { status: 409 })
  t.match(await ask('POST', `/tasks/${id}/checkpoint`, { worker_id: 'w8' }), { status: 400 })
  const large = { worker_id: 'w8', checkpoint: 'x'.repeat(1024 * 1024) }
  t.match(await ask('POST', `/tasks/${id}/checkpoint`, large), { status: 413, body: { code: 'too_large' } })
  const second = await ask('POST', '/tasks/next', { worker_id: 'w9', ...claim, wait: '30s' })
  t.match(second.body, { id, attempt: 2, checkpoint })
})

t.test('many ends in one request, each with an outcome of its own', async (t) => {
  for (let n = 0; n < 4; n += 1) await given('many')
  const { body: claimed } = await ask('POST', '/tasks/claim', { worker_id: 'w10', task_type: 'many', max: 10 })
  const [one, two, three, four] = claimed.map(({ task_id, lease_id }: Said) => ({ task_id, lease_id }))
  const tasks = [
    { ...one, result: { n: 1 } },
    { ...two, error: 'no', final: true },
    { ...three, returned: true },
    { ...four, lease_id: 'another' },
  ]
  t.match(
    (await ask('POST', '/tasks/settle', { worker_id: 'w10', tasks: [{ ...one, result: 1, error: 'no' }] })).body,
    {
      status: 400,
      detail: /error: a task ended in one way/,
    },
  )
  t.match(await ask('POST', '/tasks/settle', { worker_id: 'w10', tasks }), {
    status: 200,
    body: [
      { task_id: one.task_id, outcome: 'recorded' },
      { task_id: two.task_id, outcome: 'recorded' },
      { task_id: three.task_id, outcome: 'recorded' },
      { task_id: four.task_id, outcome: 'stale' },
    ],
  })
  const states = await Promise.all(tasks.map(async ({ task_id }) => (await ask('GET', `/tasks/${task_id}`)).body.state))
  t.same(states, ['completed', 'failed', 'pending', 'running'])
})
