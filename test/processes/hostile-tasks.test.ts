// Tasks that do what they must not: each ends as a failed attempt, its worker lives and its heartbeats never stop.
import t from 'tap'
import { Cluster, until } from './cluster.js'

t.jobs = 2

for (const [type, options, code] of [
  ['thrower', {}, 'host_died'],
  ['exiter', {}, 'host_died'],
  ['hog', {}, 'out_of_memory'],
  ['blocker', { timeout: '1s' }, 'timeout'],
  ['spin', { timeout: '1s' }, 'timeout'],
] as const) {
  t.test(`${type}: a failed attempt (${code}), and its worker goes on`, async (t) => {
    // A small heap is full sooner.
    const cluster = await Cluster.create(t, { environment: { NODE_OPTIONS: '--max-old-space-size=150' } })
    const { workers, client } = await cluster.start(1, ['--kill-grace', '500ms'])
    const handle = await client.submit(type, { key: type, witness: cluster.witnessFile }, { retries: 1, ...options })
    const beats: number[] = []
    const watching = { over: false }
    const watch = until('the end of the task', async () => {
      const [worker] = (await client.status()).workers
      beats.push(worker?.heardMsAgo ?? Number.POSITIVE_INFINITY)
      return watching.over
    })
    await t.rejects(handle.result(), { code })
    watching.over = true
    await watch
    t.ok(Math.max(...beats) < 12_000, `its heartbeats never stopped (${Math.max(...beats)} ms)`)
    const [found] = await client.get([handle.id], { story: true })
    t.match(found, { state: 'failed', attempt: 2, uncharged: 0 })
    t.match(
      found?.story?.map((attempt) => attempt.error?.code),
      [code, code],
    )
    t.equal(workers[0]!.end, undefined, 'the worker lives')
    const next = await client.submit('work', { key: 'next', ms: 0, witness: cluster.witnessFile })
    t.same(await next.result(), { key: 'next' }, 'and works')
  })
}

t.test('what a task throws outside a promise is told in its story', async (t) => {
  const cluster = await Cluster.create(t)
  const { client } = await cluster.start(1)
  const handle = await client.submit('thrower', { key: 'k', witness: cluster.witnessFile }, { retries: 0 })
  await t.rejects(handle.result(), { message: /thrown outside every promise/ })
})

t.test('P11: what takes its host down three times, alone, is poison; its neighbours are not charged', async (t) => {
  const cluster = await Cluster.create(t)
  const { client } = await cluster.start(1, ['--slots', '3', '--kill-grace', '200ms'])
  const good = await Promise.all(
    ['a', 'b'].map((key) => client.submit('work', { key, ms: 3_000, witness: cluster.witnessFile })),
  )
  await until('both to run', () => cluster.witness().filter(({ what }) => what === 'start').length === 2)
  const bad = await client.submit('exiter', { key: 'bad', witness: cluster.witnessFile }, { retries: 999 })
  t.same(await Promise.all(good.map((handle) => handle.result())), [{ key: 'a' }, { key: 'b' }])
  await t.rejects(bad.result(), { code: 'poison', message: /3 times, alone/ })
  const ids = [...good, bad].map(({ id }) => id)
  const [a, b, poison] = await client.get(ids, { story: true })
  for (const task of [a!, b!]) t.equal(task.attempt - task.uncharged, 1, 'charged for its own attempt only')
  const deaths = poison?.story?.filter(({ outcome }) => outcome === 'failed')
  t.match(
    deaths?.map(({ error }) => error),
    Array(3).fill({ code: 'host_died', exitCode: 0 }),
  )
  t.equal(poison!.attempt - poison!.uncharged, 3, 'the death beside its neighbours is nobody’s')
  t.equal(cluster.witness().filter(({ what, key }) => what === 'start' && key === 'bad').length, poison!.attempt)
})
