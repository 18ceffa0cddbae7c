// What the documents of other coordinators tell their readers to type, against `dtr start`: the very lines, but for the port.
import { execFile, spawn } from 'node:child_process'
import { resolve } from 'node:path'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { Cluster, until, WITNESS_TASKS } from './cluster.js'

const WORKER = resolve(import.meta.dirname, '../../../examples/curl-worker.sh')
const exec = promisify(execFile)

interface Place {
  /** What a line of shell prints, as JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: that is what JSON is
  readonly type: (line: string) => Promise<any>
  readonly url: string
}

async function start(t: Test, args: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<Place> {
  const cluster = await Cluster.create(t)
  const { master, first, last } = cluster.ports
  const http = master + 1
  const ports = ['--port', String(master), '--worker-ports', `${first}-${last}`, '--http', String(http)]
  const launcher = cluster.run(['start', ...ports, ...args], undefined, environment)
  await until('the start', () => {
    if (launcher.end !== undefined) throw new Error(launcher.stderr)
    return launcher.stdout.includes('\nstop ')
  })
  const type = async (line: string) => {
    const { stdout } = await exec('bash', ['-c', line.replace('localhost:8000', `localhost:${http}`)])
    return JSON.parse(stdout) as unknown
  }
  return { type, url: `http://localhost:${http}` }
}

t.test('a coordinator of inference: its walk, with the demonstration of dtr start', async (t) => {
  const { type } = await start(t, ['--workers', '2'])
  t.same(await type('curl -s http://localhost:8000/health'), { ok: true })
  const task = await type(`curl -s -X POST http://localhost:8000/tasks \\
  -H "Content-Type: application/json" \\
  -d '{"text":"I absolutely love how this works!"}'`)
  t.match(task, { id: String, task_type: 'sentiment' })
  t.match(await type(`curl -X POST localhost:8000/tasks -H "Content-Type: application/json" -d '{"data":"example"}'`), {
    id: String,
    task_type: 'echo',
  })
  const ended = await until('its end', async () => {
    const told = await type(`curl -s localhost:8000/tasks/${task.id}`)
    return told.status === 'completed' && told
  })
  t.match(ended, { text: 'I absolutely love how this works!', result: { label: 'positive' } })
  const board = await type('curl -s http://localhost:8000/leaderboard')
  t.ok(board.length > 0)
  for (const row of board) t.same(Object.keys(row), ['worker_id', 'points'])
  t.match(await type('curl -s localhost:8000/db/stats'), { tasks: Number, submissions: Number, workers: 2 })
})

t.test('a coordinator of workers that pull: leases, heartbeats, requeues', async (t) => {
  const { type } = await start(t, ['--workers', '1', '--tasks', WITNESS_TASKS], {
    LEASE_SECONDS: '20',
    HEARTBEAT_TTL_SECONDS: '9',
  })
  const registered = await type(
    `curl -sX POST localhost:8000/workers/register  -H 'Content-Type: application/json' -d '{"worker_id":"w1"}'`,
  )
  t.match(registered, { worker_id: 'w1', lease_seconds: 20, heartbeat_ttl_seconds: 9 })
  await type(
    `curl -sX POST localhost:8000/workers/heartbeat -H 'Content-Type: application/json' -d '{"worker_id":"w1"}'`,
  )
  const { id } = await type(
    `curl -sX POST localhost:8000/tasks -H 'Content-Type: application/json' -d '{"text":"Reliability test headline"}'`,
  )
  const next = `curl -sX POST localhost:8000/tasks/next -H 'Content-Type: application/json' -d '{"worker_id":"w1"}'`
  t.match(await type(next), { id, text: 'Reliability test headline' })
  const tasks = await type('curl -s localhost:8000/tasks')
  const mine = tasks.find((task: { id: string }) => task.id === id)
  t.match(mine, { status: 'running', reserved_by: 'w1', lease_expires_at: /Z$/, attempts: 1 })
  const submitted = await type(`curl -sX POST localhost:8000/workers/submit -H 'Content-Type: application/json' \\
     -d '{"worker_id":"w1","task_id":"${id}","label":"positive","confidence":0.9}'`)
  t.match(submitted, { ok: true })
  t.match(await type(`curl -s localhost:8000/tasks/${id}`), { result: { label: 'positive', confidence: 0.9 } })
  t.match(await type('curl -sX POST localhost:8000/ops/requeue-stale'), { ok: true, requeued: 0 })
})

t.test('a worker in thirty lines of shell: killed in the middle, its task runs elsewhere', async (t) => {
  const { type, url } = await start(t, ['--workers', '1', '--tasks', WITNESS_TASKS])
  const environment = { URL: url, TYPE: 'shell', LEASE_SECONDS: '5' }
  const kill = shellWorker(t, 'sleep 60', { ...environment, WORKER: 'first' })
  const { id } = await type(
    `curl -sX POST localhost:8000/tasks -H 'content-type: application/json' -d '{"type":"shell","payload":"ab"}'`,
  )
  await until('its start', async () => (await type(`curl -s localhost:8000/tasks/${id}`)).reserved_by === 'first')
  kill()
  const upper = `sed 's/.*"payload":\\("[^"]*"\\).*/\\1/' | tr a-z A-Z`
  shellWorker(t, upper, { ...environment, WORKER: 'second' })
  const ended = await type(`curl -s 'localhost:8000/tasks/${id}?wait=30s&story=true'`)
  t.match(ended, { state: 'completed', worker_id: 'second', attempts: 2, result: 'AB' })
  t.match(ended.attempts_before, [{ worker_id: 'first', outcome: 'lost' }])
})

/** @returns what kills it, and nothing of what it has started */
function shellWorker(t: Test, command: string, environment: NodeJS.ProcessEnv): () => void {
  const child = spawn('sh', [WORKER, command], {
    env: { ...process.env, ...environment },
    stdio: 'ignore',
    detached: true,
  })
  const kill = (which: number): void => {
    try {
      process.kill(which, 'SIGKILL')
    } catch {
      // It was killed before.
    }
  }
  t.teardown(() => kill(-child.pid!))
  return () => kill(child.pid!)
}
