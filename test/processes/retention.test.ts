// Ended tasks are forgotten when there are too many of them, and the file gives its space back, while the master runs.
import { statSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { Cluster, until } from './cluster.js'

const TASKS = 400
const KEPT = 20
const PAYLOAD = 'x'.repeat(32 * 1024)

t.test('the newest are kept, the others unknown, the file shorter', async (t) => {
  const cluster = await Cluster.create(t, { tasks: [] })
  await cluster.master()
  await cluster.worker('w1', ['--slots', '8'])
  const client = await cluster.client()
  const data = join(cluster.data, 'tasks.db')
  const handles = await Promise.all(Array.from({ length: TASKS }, () => client.submit('echo', PAYLOAD)))
  t.equal((await Promise.all(handles.map((handle) => handle.result()))).length, TASKS)
  const before = statSync(data).size
  t.ok(before > TASKS * PAYLOAD.length, 'by default they stay')

  const [first] = cluster.records().filter(({ role }) => role === 'master')
  process.kill(first!.pid, 'SIGTERM')
  await until('the master to leave', () => cluster.records().every(({ role }) => role !== 'master'))
  await cluster.master(['--keep-tasks', String(KEPT)])
  const completed = async () => (await client.status()).counts.find(({ state }) => state === 'completed')?.count
  await until('the others to be forgotten', async () => (await completed()) === KEPT)
  await until('a shorter file', () => statSync(data).size < before / 2)
  t.match(cluster.log('master'), /\d+ ended ones forgotten/)
  t.equal((await client.get(handles.map(({ id }) => id))).length, KEPT)
})
