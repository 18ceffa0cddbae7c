// Tasks over HTTP, with a real master that has no workers: what it says is what the store holds.
import t from 'tap'
import { startWorker } from '../../src/index.js'
import { serveMaster } from './served.js'

const served = await serveMaster(t)
const { ask } = { ask: served.ask.bind(served) }

t.test('a task in the words of those that came before', async (t) => {
  const cases: readonly (readonly [object, object, object])[] = [
    [{ data: 'example' }, { type: 'echo' }, { payload: { data: 'example' }, data: 'example' }],
    [{ text: 'I love it' }, { type: 'sentiment' }, { payload: { text: 'I love it' }, text: 'I love it' }],
    [{ task_type: 'other', payload: [1] }, { type: 'other', task_type: 'other' }, { payload: [1] }],
    [{ type: 'mine', payload: null, max_attempts: 2 }, { type: 'mine' }, { payload: null, max_attempts: 2 }],
  ]
  for (const [given, told, kept] of cases) {
    const { status, body, headers } = await ask('POST', '/tasks', given)
    t.equal(status, 201)
    t.match(body, { ...told, state: 'pending', status: 'pending', unserved: true })
    t.equal(headers.location, `/tasks/${body.id}`)
    t.match((await ask('GET', `/tasks/${body.id}`)).body, {
      ...told,
      ...kept,
      id: body.id,
      attempts: 0,
      reserved_by: null,
    })
  }
})

t.test('a payload goes in and out with all its digits, and a million brackets are refused', async (t) => {
  const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`
  const { status, body } = await ask('POST', '/tasks', undefined, {
    payload: `{"payload":${deep}}`,
    headers: { 'content-type': 'application/json' },
  })
  t.equal(status, 400, 'what cannot be written again is refused, not a crash')
  t.match(body, { code: 'bad_input', field: 'payload' })
  const handle = await served.client.submit('echo', { n: 1.5, text: '\u2028</script>' })
  const { text } = await ask('GET', `/tasks/${handle.id}`)
  t.match(text, '"payload":{"n":1.5,"text":"\u2028</script>"}', 'byte for byte')
})

t.test('what is wrong is named, and changes nothing', async (t) => {
  const before = (await ask('GET', '/db/stats')).body.tasks
  const cases: readonly (readonly [object, number, object])[] = [
    [{ typ: 'echo' }, 400, { detail: /unknown field typ/, hint: 'did you mean: type' }],
    [{ type: 5 }, 400, { field: 'type' }],
    [{ type: 'a b' }, 400, { field: 'type' }],
    [{ text: 'x', data: 'y' }, 400, { field: 'text' }],
    [{ type: 'x', task_type: 'y' }, 400, { field: 'task_type' }],
    [{ retries: 1, max_attempts: 1 }, 400, { field: 'retries' }],
    [{ priority: 1e9 }, 400, { field: 'priority' }],
    [{ deadline: 'x' }, 400, { detail: /deadline: "x" is not a duration/ }],
    [{ delay: '5' }, 400, { detail: /delay: "5" is not a duration/ }],
    [{ payload: 'x'.repeat(1024 * 1024) }, 413, { code: 'too_large', detail: /1048576/ }],
  ]
  for (const [given, status, problem] of cases) {
    const answer = await ask('POST', '/tasks', given)
    t.equal(answer.status, status, answer.text)
    t.match(answer.body, { status, ...problem })
  }
  t.equal((await ask('GET', '/db/stats')).body.tasks, before)
})

t.test('the same Idempotency-Key is the same task, and with another body a conflict', async (t) => {
  const headers = { 'idempotency-key': 'order-7' }
  const first = await ask('POST', '/tasks', { data: 1 }, { headers })
  const again = await ask('POST', '/tasks', { data: 1 }, { headers })
  t.equal(again.body.id, first.body.id)
  const other = await ask('POST', '/tasks', { data: 2 }, { headers })
  t.match(other, { status: 409, body: { code: 'conflict' } })
})

t.test('pages: bare arrays, and a Link to the next', async (t) => {
  for (let index = 0; index < 5; index += 1) await ask('POST', '/tasks', { type: 'paged', payload: index })
  const seen: string[] = []
  for (let url: string | undefined = '/tasks?type=paged&limit=2'; url !== undefined; ) {
    const { status, body, headers } = await ask('GET', url)
    t.equal(status, 200)
    seen.push(...body.map(({ id }: { id: string }) => id))
    url = /^<(.+)>; rel="next"$/.exec(String(headers.link ?? ''))?.[1]
  }
  t.equal(new Set(seen).size, 5)
  t.match((await ask('GET', '/tasks?state=failed,cancelled')).body, [])
  t.match(await ask('GET', '/tasks?state=broken'), { status: 400, body: { field: /^state/ } })
})

t.test('cancel, in both ways and in bulk; retry', async (t) => {
  const ids: string[] = []
  for (let index = 0; index < 3; index += 1) ids.push((await ask('POST', '/tasks', { type: 'ended' })).body.id)
  t.match(await ask('POST', `/tasks/${ids[0]}/cancel`), { status: 200, body: { outcome: 'cancelled' } })
  t.match(await ask('DELETE', `/tasks/${ids[0]}`), { status: 200, body: { outcome: 'ended', state: 'cancelled' } })
  const { body } = await ask('POST', '/tasks/cancel', { ids: [ids[1], ids[2], 'unknown'] })
  t.match(body, [{ outcome: 'cancelled' }, { outcome: 'cancelled' }, { id: 'unknown', outcome: 'unknown' }])
  t.match(await ask('POST', `/tasks/${ids[0]}/retry`), { status: 200, body: { outcome: 'retried' } })
  t.match(await ask('POST', '/tasks/retry', { ids: [ids[0], ids[1]] }), {
    body: [{ outcome: 'kept' }, { outcome: 'retried' }],
  })
  t.match(await ask('POST', '/tasks/unknown/cancel'), { status: 404, body: { code: 'not_found' } })
})

t.test('jobs: a strict life in their own words', async (t) => {
  const { status, body } = await ask('POST', '/jobs', { type: 'orchestrated', payload: { step: 1 } })
  t.equal(status, 201)
  t.match(body, { state: 'CREATED' })
  t.match((await ask('GET', `/jobs/${body.job_id}`)).body, {
    job_id: body.job_id,
    state: 'CREATED',
    payload: { step: 1 },
  })
  t.match(await ask('DELETE', `/jobs/${body.job_id}`), { status: 202, body: { state: 'CANCELLED' } })
  t.match(
    await ask('DELETE', `/jobs/${body.job_id}`),
    { status: 202, body: { state: 'CANCELLED' } },
    'again is no error',
  )
  t.match(await ask('GET', '/jobs/unknown'), { status: 404 })
})

t.test('many tasks in one body: what is wrong with a line costs that line', async (t) => {
  const lines = ['{"type":"bulk","payload":1}', 'no json', '', '{"typ":"bulk"}', '{"type":"bulk","payload":2}']
  const more = { payload: lines.join('\n'), headers: { 'content-type': 'application/x-ndjson' } }
  const { body } = await ask('POST', '/tasks/bulk', undefined, more)
  t.match(body, { accepted: 2, refused: 2, unserved: ['bulk'] })
  t.same(
    body.problems.map(({ index, problem }: { index: number; problem: { code: string } }) => [index, problem.code]),
    [
      [1, 'bad_input'],
      [2, 'bad_input'],
    ],
  )
  const told = await ask('POST', '/tasks/bulk?answer=ids', undefined, more)
  const answers = told.text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { index: number; id?: string })
  t.equal(answers.length, 4)
  t.equal(answers.filter(({ id }) => id !== undefined).length, 2)
})

t.test('with a worker: wait for the end, and results as they come', async (t) => {
  const { data, workerPorts } = served.place
  const worker = await startWorker({ data, workerPorts, id: 'w1', slots: 4 })
  t.teardown(() => worker.kill())
  const waited = await ask('POST', '/tasks?wait=30s', { text: 'I absolutely love how this works!' })
  t.match(waited, { status: 200, body: { state: 'completed', result: { label: 'positive' }, worker_id: 'w1' } })
  const slow = await ask('POST', '/tasks?wait=1ms', { type: 'sleep', payload: { ms: 1_500 } })
  t.match(slow, { status: 202, body: { id: String } })
  t.match(await ask('GET', `/tasks/${slow.body.id}?wait=30s`), {
    status: 200,
    body: { state: 'completed', result: { ms: 1_500 } },
  })
  const lines = Array.from({ length: 500 }, (_, index) => `{"type":"echo","payload":${index}}`).join('\n')
  const { text } = await ask('POST', '/tasks/bulk?answer=results', undefined, {
    payload: lines,
    headers: { 'content-type': 'application/x-ndjson' },
  })
  const results = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { index: number; state: string; result?: number })
  const ended = results.filter(({ state }) => state === 'completed')
  t.equal(ended.length, 500)
  t.ok(ended.every(({ index, result }) => index === result))
  t.same((await ask('GET', `/tasks/${waited.body.id}/logs`)).body, [], 'it said nothing')
  t.match(await ask('GET', '/tasks/unknown/logs'), { status: 404 })
  const [first] = (await ask('GET', '/leaderboard')).body
  t.match(first, { worker_id: 'w1' })
  t.ok(first.points >= 502)
})

t.test('a reset, for whoever develops: refused unless the gateway was started so', async (t) => {
  t.match(await ask('POST', '/ops/reset'), { status: 403, body: { code: 'forbidden', hint: /--dev/ } })
  const other = await serveMaster(t, true)
  for (let count = 0; count < 5; count += 1) await other.ask('POST', '/tasks', { data: count })
  t.match(await other.ask('POST', '/ops/reset'), { status: 200, body: { ok: true, forgotten: 5 } })
  t.same((await other.ask('GET', '/tasks')).body, [])
  t.match((await other.ask('GET', '/db/stats')).body, { tasks: 0 })
})
