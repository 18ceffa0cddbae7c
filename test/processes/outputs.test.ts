// P28: where nobody takes what a cluster says, its work goes on: the disk of its logs is full, its terminal is gone.
import { spawnSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { Client } from '../../src/index.js'
import { Cluster, until } from './cluster.js'

async function works(client: Client, count: number): Promise<number> {
  let completed = 0
  for await (const { state } of client.map('echo', Array(count).keys())) if (state === 'completed') completed += 1
  return completed
}

const mayMount = process.platform === 'linux' && process.getuid?.() === 0

t.test('the disk of the logs is full', { skip: mayMount ? false : 'SKIPPED: needs root to mount' }, async (t) => {
  const cluster = await Cluster.create(t, { args: ['--log-level', 'debug'] })
  mkdirSync(cluster.logs)
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'none', cluster.logs]).status !== 0) {
    return t.comment('SKIPPED: mount is not allowed here')
  }
  t.teardown(() => void spawnSync('umount', ['--lazy', cluster.logs]))
  const { master, workers, client } = await cluster.start(2, ['--builtins'])
  const filler = join(cluster.logs, 'filler')
  t.throws(() => writeFileSync(filler, Buffer.alloc(1_000_000)), { code: 'ENOSPC' })
  t.equal(await works(client, 300), 300)
  workers[0]?.kill()
  await until('the other one alone', async () => (await client.status()).workers.length === 1)
  t.equal(await works(client, 300), 300)
  rmSync(filler)
  const before = cluster.log('master').length
  t.equal(await works(client, 10), 10)
  await until('the log to go on', () => cluster.log('master').length > before)
  master.kill('SIGTERM')
  t.equal((await master.ended).code, 0)
})

t.test('nobody reads what the launcher prints', async (t) => {
  const cluster = await Cluster.create(t)
  const { master, first, last } = cluster.ports
  const ports = ['--port', `${master}`, '--worker-ports', `${first}-${last}`]
  const started = cluster.run(['start', '--workers', '2', '--data', cluster.data, '--logs', cluster.logs, ...ports])
  started.child.stdout?.destroy()
  started.child.stderr?.destroy()
  const client = await until('a master', () => cluster.client().catch(() => undefined))
  await cluster.untilReady(client, ['worker-1', 'worker-2'])
  t.equal(await works(client, 100), 100)
  const victim = cluster.records().find(({ name }) => name === 'worker-1')
  process.kill(victim?.pid ?? 0, 'SIGKILL')
  await until('the other one alone', async () => (await client.status()).workers.length === 1)
  t.equal(await works(client, 100), 100)
  started.kill('SIGTERM')
  t.equal((await started.ended).code, 0)
})
