// Workers that pull and workers with a connection share one queue, through a kill of each: nothing is lost, and each task has
// one outcome.
import t from 'tap'
import type { Client } from '../../src/index.js'
import { Cluster, until } from './cluster.js'

const TOTAL = 2_000
const LEASE_MS = 1_500

/** One of few lines, as somebody would write it; `dead` ends it in the middle, without a word. */
async function pull(client: Client, name: string, over: AbortSignal, dead = over): Promise<number> {
  await client.pull.register(name, { types: ['work'] })
  let settled = 0
  while (!over.aborted) {
    const tasks = await client.pull.claim(name, { max: 5, leaseMs: LEASE_MS, waitMs: 500 })
    for (const { id, leaseId, payload } of tasks) {
      if (dead.aborted) return settled
      const result = { key: JSON.parse(payload).key, by: name }
      const status = await client.pull.settle(name, { id, leaseId, outcome: 'completed', result })
      if (status === 'recorded') settled += 1
    }
  }
  return settled
}

t.test('2,000 tasks, a kill of each kind of worker, and of a client that speaks for one', async (t) => {
  const cluster = await Cluster.create(t)
  const { workers, client } = await cluster.start(2, ['--slots', '4'])
  const [first, second] = [await cluster.client(), await cluster.client()]
  const over = new AbortController()
  const dead = new AbortController()
  const keys = Array.from({ length: TOTAL }, (_, key) => key)
  const ended = new Map<string, { state: string; by: string | undefined }>()
  const all = (async () => {
    for await (const item of client.map(
      'work',
      keys.map((key) => ({ key: String(key), ms: 5, witness: cluster.witnessFile })),
      { window: TOTAL },
    ))
      ended.set(item.id ?? '', { state: item.state, by: (item.result as { by?: string } | undefined)?.by })
  })()
  const pulling = [pull(first, 'p1', over.signal), pull(second, 'p2', over.signal, dead.signal)]
  await until('300 ends', () => ended.size > 300)
  workers[0]!.kill()
  await until('600 ends', () => ended.size > 600)
  dead.abort()
  await all
  over.abort()
  const [byFirst = 0, bySecond = 0] = await Promise.all(pulling)

  t.equal(ended.size, TOTAL)
  t.ok([...ended.values()].every(({ state }) => state === 'completed'))
  const by = (name: string): number => [...ended.values()].filter((end) => end.by === name).length
  t.same([by('p1'), by('p2')], [byFirst, bySecond], 'what was recorded for a worker that pulls is its own result')
  t.ok(byFirst > 0 && bySecond > 0 && byFirst + bySecond < TOTAL, 'all have had a share')
  const { pullWorkers, counts } = await client.status()
  t.match(pullWorkers.map(({ id, running }) => `${id} ${running}`).sort(), ['p1 0', 'p2 0'])
  t.match(counts, [{ type: 'work', state: 'completed', count: TOTAL }])
})

t.test('a worker that pulls outlives its master and the client that speaks for it', async (t) => {
  const cluster = await Cluster.create(t)
  const master = await cluster.master()
  const client = await cluster.client()
  await client.pull.register('p1', { types: ['anything'], labels: { zone: 'a' } })
  const handle = await client.submit('anything', { n: 1 }, { retries: 0 })
  const other = await cluster.client()
  const [task] = await other.pull.claim('p1')
  t.match(task, { id: handle.id, payload: '{"n":1}', encoding: 'json', attempt: 1, leaseMs: 75_000 })
  other.close()
  master.kill()
  await master.ended
  await cluster.master()
  t.match(await client.pull.renew('p1', { id: task!.id }), {
    leaseId: task!.leaseId,
    leaseMs: 75_000,
    cancelled: false,
  })
  const status = cluster.run(['status', '--data', cluster.data])
  t.equal((await status.ended).code, 0)
  t.match(status.stdout, /PULLS +STATE +TYPES[^\n]*\np1 +active +anything +1 /)
  t.match((await client.status()).pullWorkers, [{ id: 'p1', kind: 'pull', state: 'active', labels: { zone: 'a' } }])
  t.equal(await client.pull.settle('p1', { id: task!.id, leaseId: task!.leaseId, outcome: 'completed' }), 'recorded')
  t.equal(await handle.result(), null)
})

t.test('mistakes are told by name before anything leaves', async (t) => {
  const cluster = await Cluster.create(t)
  await cluster.master()
  const client = await cluster.client()
  const { pull } = client
  await t.rejects(pull.register('no name'), { code: 'bad_input', message: /workerId/ })
  await t.rejects(pull.register('w', { slots: 0 }), { code: 'bad_input', message: /slots/ })
  await t.rejects(pull.register('w', { tpyes: [] } as object), { code: 'bad_input', message: /did you mean types/ })
  await t.rejects(pull.claim('w'), { code: 'not_found', message: /must register/ })
  await pull.register('w', { types: ['a'] })
  await t.rejects(pull.claim('w', { waitMs: 60_001 }), { code: 'bad_input', message: /waitMs/ })
  await t.rejects(pull.claim('w', { types: ['b'] }), { code: 'bad_input', message: /has not registered for b/ })
  const none = { id: 'x', outcome: 'done' } as unknown as { id: string; outcome: 'completed' }
  await t.rejects(pull.settle('w', none), { code: 'bad_input', message: /outcome/ })
  t.equal(await pull.settle('w', { id: 'unknown', outcome: 'completed' }), 'stale')
  const gone = new AbortController()
  const waiting = pull.claim('w', { waitMs: 30_000, signal: gone.signal })
  gone.abort(new Error('the caller left'))
  await t.rejects(waiting, /the caller left/)
  const { id } = await client.submit('a', null)
  const task = await until('it is handed back', async () => (await pull.claim('w'))[0])
  t.match(task, { id, attempt: 1 }, 'what came for who had left was never begun')
})
