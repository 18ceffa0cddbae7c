// Tests of your own tasks, with the test runner of Node.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type Client, type Cluster, startCluster, type TaskFailedError } from 'dtr'

const folder = mkdtempSync(join(tmpdir(), 'greet-'))
let cluster: Cluster
let client: Client

before(async () => {
  cluster = await startCluster({
    data: join(folder, '.dtr'),
    logs: join(folder, 'logs'),
    workers: 1,
    tasks: [join(import.meta.dirname, 'tasks.ts')],
    // Ports of its own, so that the tests do not meet a cluster that is at work.
    port: 31_000,
    workerPorts: { first: 31_001, last: 31_010 },
  })
  client = await cluster.client()
})

after(async () => {
  client.close()
  await cluster.stop()
  rmSync(folder, { recursive: true })
})

test('a greeting', async () => {
  const handle = await client.submit<{ text: string }>('greet', { name: 'Ada' })
  assert.deepEqual(await handle.result(), { text: 'hello Ada' })
})

test('nobody to greet: failed at once', async () => {
  const handle = await client.submit('greet', { name: '' })
  await assert.rejects(handle.result(), (error: TaskFailedError) => error.code === 'non_retryable')
})
