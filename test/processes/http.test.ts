// The gateway as a process: beside `dtr start`, killed, and with a master that goes away under it.
import { existsSync } from 'node:fs'
import t from 'tap'
import { Cluster, isAlive, until } from './cluster.js'

t.jobs = 2

interface Said {
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: that is what JSON is
  readonly body: any
  readonly retryAfter: string | null
}

async function ask(port: number, path: string, body?: unknown): Promise<Said> {
  const init =
    body === undefined
      ? {}
      : { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, init)
  return { status: answer.status, body: await answer.json(), retryAfter: answer.headers.get('retry-after') }
}

t.test('dtr start serves HTTP, says where, and ends it with the cluster; killed it costs nothing', async (t) => {
  const cluster = await Cluster.create(t)
  const { master, first, last } = cluster.ports
  const ports = ['--port', String(master), '--worker-ports', `${first}-${last}`]
  const launcher = cluster.run(['start', '--workers', '1', '--respawn', '--http', String(master + 1), ...ports])
  await until('the start', () => launcher.stdout.includes('\nstop '))
  t.match(launcher.stdout, new RegExp(`gateway +http://127.0.0.1:${master + 1} +pid \\d+`))
  const done = await ask(master + 1, '/tasks?wait=30s', { text: 'not good' })
  t.match(done, { status: 200, body: { state: 'completed', result: { label: 'negative' } } })

  const slow = await ask(master + 1, '/tasks', { type: 'sleep', payload: { ms: 1_000 } })
  const before = cluster.records().find(({ role }) => role === 'gateway')!
  process.kill(before.pid, 'SIGKILL')
  await cluster.untilRecord(({ role, pid }) => role === 'gateway' && pid !== before.pid)
  const there = await ask(master + 1, `/tasks/${slow.body.id}?wait=30s`)
  t.match(there.body, { state: 'completed', attempts: 1 }, 'what it had taken went on')

  const pids = cluster.records().map(({ pid }) => pid)
  const waiting = ask(master + 1, `/tasks/${(await ask(master + 1, '/tasks', { type: 'nobody' })).body.id}?wait=60s`)
  const client = await cluster.client()
  await client.stop()
  t.match(await waiting, { status: 503, body: { code: 'stopping' } }, 'who waits is told to ask again')
  t.equal((await launcher.ended).code, 0)
  t.notOk(pids.some(isAlive), 'no process is left')
})

t.test('a taken port is no reason not to start, unless it was named', async (t) => {
  const cluster = await Cluster.create(t)
  await cluster.master()
  const taken = cluster.run(['gateway', '--http', String(cluster.ports.master), '--data', cluster.data])
  t.equal((await taken.ended).code, 5)
  t.match(taken.stderr, /port \d+ of 127.0.0.1 is taken/)
  const { master, first, last } = cluster.ports
  const ports = ['--port', String(master + 1), '--worker-ports', `${first}-${last}`, '--data', `${cluster.data}-2`]
  for (const flag of ['--http', '--grpc', '--grpc-scheduler']) {
    const start = cluster.run(['start', flag, String(master), ...ports])
    t.equal((await start.ended).code, 5)
    t.match(start.stderr, `${flag} ${master}: port ${master} of 127.0.0.1 is taken, and nothing was started`)
    t.notOk(existsSync(`${cluster.data}-2`))
  }
  const open = cluster.run(['gateway', '--http-bind', '0.0.0.0', '--http', '9', '--data', cluster.data])
  t.equal((await open.ended).code, 2)
  t.match(open.stderr, /--http-bind 0.0.0.0 listens beyond this machine, and nothing is encrypted/)
})

t.test('a master that goes away under it: requests wait for the next one, or are told to come again', async (t) => {
  const cluster = await Cluster.create(t)
  const { master: first } = await cluster.start(1)
  const port = cluster.ports.master + 1
  cluster.run(['gateway', '--http', String(port), '--data', cluster.data, '--logs', cluster.logs])
  await cluster.untilRecord(({ role }) => role === 'gateway')
  t.match(await ask(port, '/health'), { status: 200, body: { ok: true } })

  first.kill()
  await first.ended
  const ready = await ask(port, '/readyz')
  t.match(ready, { status: 503, body: { code: 'unreachable', title: String }, retryAfter: '1' })
  t.equal((await ask(port, '/livez')).status, 200)

  const submitted = ask(port, '/tasks', { type: 'work', payload: { key: 'k', ms: 0, witness: cluster.witnessFile } })
  await cluster.master()
  const { status, body } = await submitted
  t.equal(status, 201)
  t.match(await ask(port, `/tasks/${body.id}?wait=30s`), { status: 200, body: { state: 'completed' } })
})
