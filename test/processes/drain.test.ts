// P21: SIGTERM drains, and the exit code tells whether work was handed back.
import t from 'tap'
import { Cluster, until, WITNESS_TASKS } from './cluster.js'

t.jobs = 2

t.test('a worker that is asked to leave finishes what it has, takes nothing new, and exits with 0', async (t) => {
  const cluster = await Cluster.create(t)
  const { workers, client } = await cluster.start(1)
  const { gate, open } = cluster.gate()
  const running = await client.submit('work', { key: 'running', gate, witness: cluster.witnessFile })
  await until('its start', () => cluster.witness().some(({ what }) => what === 'start'))
  workers[0]!.kill('SIGTERM')
  await cluster.untilLog('w1', /drain/i)
  const waiting = await client.submit('work', { key: 'waiting', ms: 0, witness: cluster.witnessFile })
  open()
  t.same(await running.result(), { key: 'running' })
  t.equal((await workers[0]!.ended).code, 0)
  t.equal((await client.get([waiting.id]))[0]?.state, 'pending')
  await cluster.worker('w2')
  t.same(await waiting.result(), { key: 'waiting' })
})

t.test('what does not finish in time goes back uncharged, and the code is 6', async (t) => {
  const cluster = await Cluster.create(t, { args: ['--drain', '500ms'] })
  const { workers, client } = await cluster.start(1)
  const { gate, open } = cluster.gate()
  const handle = await client.submit('deaf', { key: 'k', gate, witness: cluster.witnessFile })
  await until('its start', () => cluster.witness().some(({ what }) => what === 'start'))
  workers[0]!.kill('SIGTERM')
  t.equal((await workers[0]!.ended).code, 6)
  t.match((await client.get([handle.id]))[0], { state: 'pending', attempt: 1, uncharged: 1 })
  open()
  await cluster.worker('w2')
  t.same(await handle.result(), { key: 'k' })
})

t.test('a second signal ends it at once, and says that work was handed back', async (t) => {
  const cluster = await Cluster.create(t)
  const { workers, client } = await cluster.start(1)
  const handle = await client.submit('deaf', { key: 'k', ms: 60_000, witness: cluster.witnessFile })
  handle.result().catch(() => {})
  await until('its start', () => cluster.witness().some(({ what }) => what === 'start'))
  workers[0]!.kill('SIGTERM')
  await cluster.untilLog('w1', /drain/i)
  const at = workers[0]!.kill('SIGTERM')
  const { code, atMs } = await workers[0]!.ended
  t.equal(code, 6)
  t.ok(atMs - at < 20_000, `after ${Math.round(atMs - at)} ms, and not at the end of its drain`)
})

t.test('a second signal to a launcher: the code is ended, its task goes back uncharged', async (t) => {
  const cluster = await Cluster.create(t)
  const { master, first, last } = cluster.ports
  const ports = ['--port', String(master), '--worker-ports', `${first}-${last}`]
  const launcher = cluster.run(['start', '--workers', '1', '--tasks', WITNESS_TASKS, ...ports])
  const said = () => launcher.stdout + launcher.stderr
  await until('the cluster', () => /^stop /m.test(said()))
  const client = await cluster.client()
  const handle = await client.submit('deaf', { key: 'k', ms: 60_000, witness: cluster.witnessFile })
  handle.result().catch(() => {})
  await until('its start', () => cluster.witness().some(({ what }) => what === 'start'))
  launcher.kill('SIGTERM')
  await until('the first to be heard', () => said().includes('once more to end it at once'))
  launcher.kill('SIGTERM')
  t.equal((await launcher.ended).code, 6)
  t.match(said(), /once more to kill it/)
  await cluster.master()
  const [task] = await (await cluster.client()).get([handle.id])
  t.match(task, { state: 'pending', attempt: 1, uncharged: 1 })
})

t.test('SIGTERM to a lone master ends the cluster, the master last', async (t) => {
  const cluster = await Cluster.create(t)
  const { master, workers, client } = await cluster.start(2)
  const { gate, open } = cluster.gate()
  const handle = await client.submit('work', { key: 'k', gate, witness: cluster.witnessFile })
  await until('its start', () => cluster.witness().some(({ what }) => what === 'start'))
  const result = handle.result()
  master.kill('SIGTERM')
  await cluster.untilLog('w1', /drain/i)
  open()
  t.same(await result, { key: 'k' })
  const ends = await Promise.all([...workers, master].map(({ ended }) => ended))
  t.same(
    ends.map(({ code }) => code),
    [0, 0, 0],
  )
})

t.test('--keep-workers: the master leaves alone, and the next one finds its workers at work', async (t) => {
  // The longer the heartbeat, the longer may the start of the next one take.
  const cluster = await Cluster.create(t, { environment: { DTR_HEARTBEAT: '6s' } })
  const first = await cluster.master(['--keep-workers'])
  const worker = await cluster.worker('w1')
  const client = await cluster.client()
  await cluster.untilReady(client, ['w1'])
  const { gate, open } = cluster.gate()
  const handle = await client.submit('work', { key: 'long', gate, witness: cluster.witnessFile })
  await until('its start', () => cluster.witness().some(({ what }) => what === 'start'))
  first.kill('SIGTERM')
  t.equal((await first.ended).code, 0)
  t.equal(worker.end, undefined, 'its worker stays')
  await cluster.master()
  open()
  t.same(await handle.result(), { key: 'long' })
  t.equal(cluster.witness().filter(({ what }) => what === 'start').length, 1)
})
