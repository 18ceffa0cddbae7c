// Workers that speak only HTTP and workers with a connection share one queue of 10,000 tasks, while one of each kind, a worker
// in shell and the gateway itself are killed with -9: nothing is lost, and each task has one outcome.
import { spawn } from 'node:child_process'
import { resolve } from 'node:path'
import t, { type Test } from 'tap'
import { Cluster, until } from './cluster.js'

const TOTAL = 10_000
const FIXTURES = resolve(import.meta.dirname, '../../../test/fixtures/http')
const SHELL_WORKER = resolve(import.meta.dirname, '../../../examples/curl-worker.sh')

interface Outside {
  /** Of a puller: how many results were recorded for it, as far as it was told. */
  readonly settled: () => number
  kill(): void
}

/** A process that is no part of dtr. */
function outside(t: Test, command: string, args: readonly string[], environment: NodeJS.ProcessEnv = {}): Outside {
  const env = { ...process.env, ...environment }
  const child = spawn(command, [...args], { env, stdio: ['ignore', 'pipe', 'ignore'], detached: true })
  let settled = 0
  child.stdout.on('data', (dots: Buffer) => {
    settled += dots.length
  })
  t.teardown(() => {
    try {
      process.kill(-child.pid!, 'SIGKILL')
    } catch {
      // Nothing of it is left.
    }
  })
  return { settled: () => settled, kill: () => void process.kill(child.pid!, 'SIGKILL') }
}

t.test('10,000 tasks through a kill of each kind of worker, and of the gateway', async (t) => {
  const cluster = await Cluster.create(t)
  const { workers, client } = await cluster.start(2, ['--slots', '4'])
  const port = cluster.ports.master + 1
  const startGateway = async () => {
    const gateway = cluster.run(['gateway', '--http', String(port), '--data', cluster.data, '--logs', cluster.logs])
    await cluster.untilRecord(({ role, pid }) => role === 'gateway' && pid === gateway.pid, gateway)
    return gateway
  }
  const gateway = await startGateway()
  const url = `http://127.0.0.1:${port}`
  const pullers = ['p1', 'p2'].map((name) =>
    outside(t, process.execPath, [`${FIXTURES}/puller.mjs`, url, name, 'work']),
  )

  const ended = new Map<string, { state: string; by: string | undefined; key: string | undefined }>()
  const twice: string[] = []
  const inputs = Array.from({ length: TOTAL }, (_, key) => ({ key: `${key}`, ms: 2, witness: cluster.witnessFile }))
  const all = (async () => {
    for await (const { id = '', state, result } of client.map('work', inputs, { window: TOTAL })) {
      const { by, key } = (result ?? {}) as { by?: string; key?: string }
      if (ended.has(id)) twice.push(id)
      ended.set(id, { state, by, key })
    }
  })()

  // A worker in shell that is killed in the middle, by its pid alone: what it started notices.
  const shell = { URL: url, TYPE: 'shell', LEASE_SECONDS: '1' }
  const slow = outside(t, 'sh', [SHELL_WORKER, 'sleep 60'], { ...shell, WORKER: 'slow' })
  const handle = await client.submit('shell', { a: 1 })
  await until('its start', async () => (await client.get([handle.id]))[0]?.holder === 'slow#pull')
  slow.kill()
  outside(t, 'sh', [SHELL_WORKER, 'echo 7'], { ...shell, WORKER: 'quick' })

  await until('a share of the second puller', () => pullers[1]!.settled() > 50)
  pullers[1]!.kill()
  await until('2,500 ends', () => ended.size > 2_500)
  workers[0]!.kill()
  await until('4,000 ends', () => ended.size > 4_000)
  gateway.kill()
  await gateway.ended
  await startGateway()
  const before = pullers[0]!.settled()
  await until('the first puller goes on', () => pullers[0]!.settled() > before + 20 || ended.size === TOTAL)
  await all

  t.equal(ended.size, TOTAL)
  t.same(twice, [])
  t.same(
    [...ended.values()].filter(({ state }) => state !== 'completed'),
    [],
  )
  t.equal(new Set([...ended.values()].map(({ key }) => key)).size, TOTAL, 'each has its own result')
  const by = (name: string): number => [...ended.values()].filter((end) => end.by === name).length
  // Whoever was killed may have had a result recorded without hearing of it.
  for (const [index, name] of ['p1', 'p2'].entries()) t.ok(by(name) >= pullers[index]!.settled(), name)
  t.ok(by('p1') + by('p2') < TOTAL, 'all have had a share')
  t.equal(await handle.result(), 7)
  const [shelled] = await client.get([handle.id], { story: true })
  t.match(shelled?.story, [{ holder: 'slow#pull', outcome: 'lost' }])
})
