// The client and the worker of examples/python-grpc, made by a compiler and a library that are not ours, through kills.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { credentials } from '@grpc/grpc-js'
import t, { type Test } from 'tap'
import { orchestrator } from '../../src/gateway/grpc/protos.js'
import { ask } from '../gateway/grpc-served.js'
import { ROOT } from '../package/packed.js'
import { Cluster, Process, until } from '../processes/cluster.js'

/** One that has the library: that of the system has it where it was installed as a package. */
const PYTHON = ['python3', '/usr/bin/python3'].find(
  (python) => spawnSync(python, ['-c', 'import grpc, grpc_tools.protoc']).status === 0,
)

function whyNot(): string | false {
  if (PYTHON !== undefined) return false
  const missing = 'python3-grpcio and python3-grpc-tools are missing'
  if (process.env.DTR_REQUIRE_SERVICES === '1') throw new Error(missing)
  console.error(`SKIPPED: ${missing}`)
  return missing
}

const skip = whyNot()

function python(t: Test, program: string, args: readonly string[]): Process {
  const folder = join(ROOT, 'examples/python-grpc')
  const environment = { ...process.env, PYTHONDONTWRITEBYTECODE: '1' }
  const child = spawn(PYTHON!, [join(folder, program), ...args], {
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const started = new Process(child)
  t.teardown(async () => {
    if (started.end === undefined) started.kill()
    await started.ended
  })
  return started
}

async function gatewayOf(cluster: Cluster): Promise<{ readonly gateway: Process; readonly address: string }> {
  const port = String(cluster.ports.master + 1)
  const ports = ['--grpc', port, '--grpc-scheduler', port, '--http', 'off']
  const gateway = cluster.run(['gateway', ...ports, '--data', cluster.data, '--logs', cluster.logs])
  await cluster.untilRecord(({ role, pid }) => role === 'gateway' && pid === gateway.pid, gateway)
  return { gateway, address: `127.0.0.1:${port}` }
}

function starts(file: string): number {
  return existsSync(file) ? readFileSync(file, 'utf8').split('start\n').length - 1 : 0
}

t.test(
  'a kill of the gateway and of the master costs neither the client nor the worker anything',
  { skip },
  async (t) => {
    const cluster = await Cluster.create(t)
    const master = await cluster.master()
    const { gateway, address } = await gatewayOf(cluster)
    const own = String(cluster.ports.master + 2)
    const worker = python(t, 'worker.py', ['--address', address, '--id', 'py', '--port', own])
    const witness = join(cluster.folder, 'py-witness')
    const client = python(t, 'client.py', ['--address', address, 'count', JSON.stringify({ n: 40, witness })])
    await until('progress', () => /running \d+%/.test(client.stderr))
    const told = new orchestrator.Worker(`127.0.0.1:${own}`, credentials.createInsecure())
    t.teardown(() => told.close())
    t.match(await ask(told, told.HealthCheck, {}), { healthy: true, service: 'orchestrator.v1.Worker' })
    t.match(await ask(told, told.ListRunning, {}), {
      ...{ workerId: 'py', taskNames: ['shout', 'count'], leaving: false },
      tasks: [{ name: 'count', attempt: 1 }],
    })

    gateway.kill()
    await gateway.ended
    await gatewayOf(cluster)
    master.kill()
    await master.ended
    await cluster.master()
    t.match(await client.ended, { code: 0 }, client.stderr)
    t.equal(client.stdout, '40\n')
    t.match(client.stderr, /again: /, 'it had to ask again')
    t.equal(starts(witness), 1, 'it ran once')

    const wrong = python(t, 'client.py', ['--address', address, 'shout', '{"no": "text"}'])
    t.match(await wrong.ended, { code: 1 })
    t.match(wrong.stderr, /task_failed: KeyError: 'text'/)
    worker.kill('SIGTERM')
    t.match(await worker.ended, { code: 0 }, 'it leaves in order')
  },
)

t.test('a worker that is killed: another one does its task; a cancel ends its code', { skip }, async (t) => {
  const cluster = await Cluster.create(t)
  await cluster.master(['--pull-lease', '6s'])
  const { address } = await gatewayOf(cluster)
  const first = python(t, 'worker.py', ['--address', address, '--id', 'first'])
  const client = await cluster.client()
  const witness = join(cluster.folder, 'py-witness')
  const handle = await client.submit('count', { n: 20, witness })
  await until('its start', () => starts(witness) === 1)
  first.kill()
  await first.ended
  python(t, 'worker.py', ['--address', address, '--id', 'second'])
  t.match(await handle.ended(), { state: 'completed', result: '20' })
  t.ok(starts(witness) >= 2)

  const long = await client.submit('count', { n: 100_000, witness })
  await until('progress', async () => ((await client.get([long.id]))[0]?.progress?.percent ?? 0) > 0)
  t.match(await long.cancel(), { status: 'cancelling' })
  t.match(await long.ended(), { state: 'cancelled' })
})
