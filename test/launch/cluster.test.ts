// `startCluster` as users' own tests call it: real processes on ports and in a folder of their own.
import { existsSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { connect } from '../../src/client/connect.js'
import { startCluster, startMaster, startWorker } from '../../src/index.js'
import { readRunFiles, runFolder } from '../../src/net/run-file.js'

/** Ports that were free a moment ago; who is too late takes the next. */
async function ports(count: number): Promise<{ port: number; workerPorts: string }> {
  const server = createServer()
  const base = await new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port))
  })
  await new Promise((resolve) => server.close(resolve))
  const port = Math.min(base, 60_000)
  return { port, workerPorts: `${port + 10}-${port + 10 + count * 5}` }
}

t.test('a cluster in code: submit, result, the end of a worker told, and stop', async (t) => {
  const folder = t.testdir()
  const data = join(folder, '.dtr')
  const told: string[] = []
  const settings = { ...(await ports(2)), workers: 2, data, logs: join(folder, 'logs') }
  const cluster = await startCluster({ ...settings, tell: (line) => told.push(line) })
  t.teardown(() => cluster.kill())
  t.equal(cluster.workers.length, 2)
  const client = await cluster.client()
  t.same(await (await client.submit('echo', { a: 1 })).result(), { a: 1 })
  const results: unknown[] = []
  for await (const { result } of client.map('echo', [1, 2, 3], { ordered: true })) results.push(result)
  t.same(results, [1, 2, 3])
  const ids = await client.submitAll('echo', ['a', 'b', 'c'])
  t.same(await Promise.all(ids.map((id) => client.task(id).result())), ['a', 'b', 'c'])
  client.close()
  const toldSecond: string[] = []
  const second = startCluster({ ...settings, tell: (line) => toldSecond.push(line) })
  await t.rejects(second, { code: 'data_in_use' })
  t.match(toldSecond, [/^master .* ended: exit code 5$/])
  t.ok(existsSync(join(data, 'cluster.json')), 'a second start in the folder left it alone')
  t.same(
    readRunFiles(runFolder(data))
      .map(({ name }) => name)
      .sort(),
    ['launcher', 'master', 'worker-1', 'worker-2'],
  )
  const pids = [cluster.master, ...cluster.workers].map((process) => process?.pid)
  t.equal(await cluster.stop(), 0)
  t.equal(told.length, 3)
  for (const pid of pids) t.ok(told.some((line) => line.endsWith(`(pid ${pid}) ended: exit code 0`)))
  t.same(readRunFiles(runFolder(data)), [])
})

t.test('what keeps a process from starting is the error of the start, and nothing is left', async (t) => {
  const folder = t.testdir({ 'broken.mjs': 'export default 7\n' })
  const data = join(folder, '.dtr')
  const settings = { ...(await ports(1)), workers: 1, data, logs: join(folder, 'logs') }
  await t.rejects(startCluster({ ...settings, tasks: [join(folder, 'broken.mjs')] }), {
    code: 'bad_input',
    message: /broken\.mjs/,
  })
  t.same(readRunFiles(runFolder(data)), [])
  await t.rejects(startCluster({ ...settings, bind: '0.0.0.0' }), { code: 'bad_input', hint: /--plaintext/ })
})

t.test('master and worker inside the calling process', async (t) => {
  const folder = t.testdir()
  const settings = { ...(await ports(1)), data: join(folder, '.dtr') }
  const master = await startMaster(settings)
  const worker = await startWorker({ ...settings, id: 'in-process', slots: 2 })
  const client = await connect({ data: settings.data })
  t.equal(await (await client.submit('echo', 'x')).result(), 'x')
  const { workers } = await client.status()
  t.match(workers, [{ name: 'in-process', slots: 2 }])
  await client.stop()
  client.close()
  t.same(await Promise.all([worker.ended, master.ended]), [0, 0])
})
