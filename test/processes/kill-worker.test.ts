// kill -9 of workers under load: their tasks run elsewhere within seconds, none is lost, none counts twice, and what
// they were doing is dead before it runs elsewhere. Witnesses are a file that the tasks write themselves, and the store.
import t from 'tap'
import { Cluster, isAlive, until } from './cluster.js'

t.test('kill -9 of two of four workers under load: nothing lost, nothing twice', async (t) => {
  const cluster = await Cluster.create(t)
  const { workers, client } = await cluster.start(4, ['--slots', '4'])
  const total = 600
  const handles = await Promise.all(
    Array.from({ length: total }, (_, key) =>
      client.submit('work', { key: String(key), ms: 20, witness: cluster.witnessFile }),
    ),
  )
  for (const [index, count] of [
    [0, 100],
    [1, 250],
  ] as const) {
    await until(`${count} ends`, () => cluster.witness().filter(({ what }) => what === 'end').length >= count)
    cluster.mark(`kill ${index}`)
    workers[index]!.kill()
  }
  const results = await Promise.all(handles.map((handle) => handle.result() as Promise<{ key: string }>))
  t.same(
    results.map(({ key }) => Number(key)).sort((a, b) => a - b),
    [...handles.keys()],
  )

  const witness = cluster.witness()
  const attempts = new Map<string, number>()
  for (const line of witness) if (line.what === 'start') attempts.set(line.lease!, (attempts.get(line.lease!) ?? 0) + 1)
  t.ok(
    [...attempts.values()].every((count) => count === 1),
    'no lease began twice',
  )
  const ends = witness.filter(({ what }) => what === 'end')
  const twice = ends.length - new Set(ends.map(({ key }) => key)).size
  t.ok(twice <= 8, `at most what was in flight at the kills ran to its end twice (${twice})`)
  const found = await client.get(handles.map(({ id }) => id))
  t.equal(found.filter(({ state }) => state === 'completed').length, total, 'the store has one outcome for each')
  t.match(cluster.log('master'), /w1 is dead/, 'the log tells the story')
  t.match(cluster.log('master'), /w1 is gone: \d+ of its tasks run elsewhere/)
})

t.test('what a killed worker was doing is dead before it runs elsewhere, and no lease is waited for', async (t) => {
  for (const type of ['spin', 'command']) {
    const cluster = await Cluster.create(t)
    const { workers, client } = await cluster.start(1)
    const handle = await client.submit(type, { key: type, witness: cluster.witnessFile }, { retries: 1 })
    await until('its first sign of life', () => cluster.witness().some(({ what }) => what === 'alive'))
    const host = await cluster.hostOf('w1')
    await cluster.worker('w2')
    await cluster.untilReady(client, ['w2'])
    const killedAtMs = Date.now()
    workers[0]!.kill()
    const again = await until('the second attempt', () =>
      cluster.witness().find(({ what, attempt }) => what === 'start' && attempt === 2),
    )
    // Its death was proven: a lease, also one that had stood still for seconds, is over later.
    t.ok(again.atMs - killedAtMs < 8_000, `${type} runs elsewhere after ${again.atMs - killedAtMs} ms`)
    t.notOk(isAlive(host), 'its host is dead')
    const lines = cluster.witness()
    const before = lines.slice(
      0,
      lines.findIndex(({ attempt, what }) => what === 'start' && attempt === 2),
    )
    const after = lines.slice(before.length + 1)
    t.ok(before.every(({ atMs }) => atMs <= again.atMs))
    t.ok(
      after.every(({ pid }) => pid === undefined || pid === again.pid),
      'no sign of life of the first attempt afterwards',
    )
    await handle.cancel()
    await cluster.end()
  }
})

t.test(
  'worker and host killed together: the command that they had started is dead before it runs elsewhere',
  async (t) => {
    const cluster = await Cluster.create(t)
    const { workers, client } = await cluster.start(1)
    const handle = await client.submit('command', { key: 'k', witness: cluster.witnessFile }, { retries: 1 })
    handle.result().catch(() => {})
    await until('its first sign of life', () => cluster.witness().some(({ what }) => what === 'alive'))
    const host = await cluster.hostOf('w1')
    await cluster.worker('w2')
    await cluster.untilReady(client, ['w2'])
    workers[0]!.kill()
    process.kill(host, 'SIGKILL')
    const starts = () => cluster.witness().filter(({ what }) => what === 'start').length
    await until('the second attempt', () => starts() === 2)
    // From now on one command writes, ten lines a second; two would write twenty.
    const first = cluster.witness().at(-1)!.atMs
    await until('two seconds of signs', () => (cluster.witness().at(-1)?.atMs ?? 0) - first > 2_000)
    const signs = cluster
      .witness()
      .filter(({ what, atMs }) => what === 'alive' && atMs > first && atMs <= first + 2_000)
    t.ok(signs.length <= 21, `${signs.length} signs of life in two seconds`)
  },
)

t.test('at most once: a task with no retries that was lost is failed as lost and never runs again (P10)', async (t) => {
  const cluster = await Cluster.create(t)
  const { workers, client } = await cluster.start(2)
  const handle = await client.submit('work', { key: 'once', ms: 60_000, witness: cluster.witnessFile }, { retries: 0 })
  const start = await until('its start', () => cluster.witness().find(({ what }) => what === 'start'))
  const records = cluster.records().filter(({ role }) => role === 'worker')
  const holder = records.find((record) => record.hosts?.some(({ pid }) => pid === start.pid))
  workers.find(({ pid }) => pid === holder?.pid)!.kill()
  await t.rejects(handle.result(), { code: 'lost' })
  t.equal(cluster.witness().filter(({ what }) => what === 'start').length, 1)
})
