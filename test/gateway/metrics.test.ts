// What Prometheus scrapes: what the master has counted, and nothing of single tasks and workers.
import t from 'tap'
import { nobody, serve, serveMaster } from './served.js'

/** By name and labels. */
function series(text: string): Map<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]))
}

t.test('what became of tasks, how long they waited and ran', async (t) => {
  const served = await serveMaster(t)
  const ask = served.ask.bind(served)
  for (const type of ['one', 'two']) await ask('POST', '/tasks', { type, payload: 1 })
  const { id } = (await ask('POST', '/tasks/next', { worker_id: 'w-secret' })).body
  await ask('POST', `/tasks/${id}/complete`, { worker_id: 'w-secret' })
  t.match(await ask('POST', `/tasks/${id}/complete`, { worker_id: 'other' }), { status: 409 })
  const { text, headers } = await ask('GET', '/metrics')
  t.match(headers['content-type'], /^text\/plain/)
  const found = series(text)
  const of = (name: string): number | undefined => found.get(name)
  t.equal(of('dtr_master_up'), 1)
  t.equal(of('dtr_tasks_submitted_total'), 2)
  t.equal(of('dtr_tasks{queue="default",state="pending"}'), 1)
  t.equal(of('dtr_tasks_ended_total{state="completed"}'), 1)
  t.equal(of('dtr_attempts_ended_total{outcome="completed"}'), 1)
  t.equal(of('dtr_attempts_ended_total{outcome="lost"}'), 0)
  t.equal(of('dtr_results_stale_total'), 1)
  t.equal(of('dtr_retries_total'), 0)
  for (const name of ['dtr_task_wait_seconds', 'dtr_task_run_seconds']) {
    t.equal(of(`${name}_count`), 1)
    t.equal(of(`${name}_bucket{le="+Inf"}`), 1)
    t.equal(of(`${name}_bucket{le="86400"}`), 1)
    t.match(text, `# TYPE ${name} histogram`)
  }
  const buckets = [...found].filter(([name]) => name.startsWith('dtr_commit_seconds_bucket')).map(([, count]) => count)
  t.same(
    buckets,
    buckets.toSorted((one, other) => one - other),
    'each holds those below it',
  )
  t.equal(buckets.at(-1), of('dtr_commit_seconds_count'))
  t.notMatch(text, /w-secret/)
  t.notMatch(text, id)
})

t.test('where the master does not answer, what it counts is left out', async (t) => {
  const { text } = await (await serve(t, nobody())).ask('GET', '/metrics')
  const found = series(text)
  t.equal(found.get('dtr_master_up'), 0)
  t.notOk([...found.keys()].some((name) => /^dtr_(task_wait|commit)/.test(name)))
})
