// `dtr start` as a newcomer sees it: the demonstration, the end, and what is left behind.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { Cluster, isAlive, until, WITNESS_TASKS } from './cluster.js'

t.jobs = 2

function startArgs(cluster: Cluster, ...more: string[]): string[] {
  const { master, first, last } = cluster.ports
  return ['start', '--port', String(master), '--worker-ports', `${first}-${last}`, ...more]
}

/** Everything that belongs to the cluster, by pid. */
function pids(cluster: Cluster): number[] {
  return cluster.records().flatMap(({ pid, hosts }) => [pid, ...(hosts ?? []).map((host) => host.pid)])
}

t.test('the demonstration runs on real files and says how it went', async (t) => {
  const cluster = await Cluster.create(t)
  mkdirSync(join(cluster.folder, 'files'))
  for (let index = 0; index < 40; index += 1)
    writeFileSync(join(cluster.folder, `files/${index}.txt`), `${index}\n`.repeat(index))
  const launcher = cluster.run(startArgs(cluster, '--workers', '3', '--exit'))
  const { code } = await launcher.ended
  t.equal(code, 0, launcher.stderr)
  const said = launcher.stdout + launcher.stderr
  t.match(said, /completed\D+43/i, 'forty checksums and three that fail once')
  t.match(said, /failed\D+1/i)
  t.match(said, /retried/i)
  t.match(said, /worker-1/)
  t.match(cluster.log('master'), /worker-\d registered/)
  t.same(pids(cluster), [], 'no process is left')
})

t.test('Ctrl-C ends it in order: code 0, no process left, each end told', async (t) => {
  const cluster = await Cluster.create(t)
  const launcher = cluster.run(startArgs(cluster, '--workers', '2', '--tasks', WITNESS_TASKS))
  const client = await until('a master', () => cluster.client().catch(() => undefined))
  await cluster.untilReady(client, ['worker-1', 'worker-2'])
  const all = pids(cluster)
  t.ok(all.length >= 6, 'launcher, master, two workers and their hosts')
  const ps = cluster.run(['ps', '--json'])
  await ps.ended
  const rows = JSON.parse(ps.stdout) as { name: string; role: string; pid: number; port?: number; state: string }[]
  t.same(rows.map(({ role }) => role).sort(), ['host', 'host', 'launcher', 'master', 'worker', 'worker'])
  t.same(rows.map(({ pid }) => pid).sort(), all.sort())
  await client.close()
  const at = launcher.kill('SIGINT')
  const { code, atMs } = await launcher.ended
  t.equal(code, 0)
  t.ok(atMs - at < 25_000, `nothing was waited for (${Math.round(atMs - at)} ms)`)
  t.notOk(all.some(isAlive))
  t.match(launcher.stdout + launcher.stderr, /worker-2.*(code 0|exit)/i)
})

t.test('a killed launcher leaves nothing older than 30 s', async (t) => {
  const cluster = await Cluster.create(t)
  const launcher = cluster.run(startArgs(cluster, '--workers', '2', '--tasks', WITNESS_TASKS))
  const client = await until('a master', () => cluster.client().catch(() => undefined))
  await cluster.untilReady(client, ['worker-1', 'worker-2'])
  const handle = await client.submit('deaf', { key: 'k', ms: 120_000, witness: cluster.witnessFile })
  handle.result().catch(() => {})
  await until('its start', () => cluster.witness().some(({ what }) => what === 'start'))
  const all = pids(cluster)
  await client.close()
  launcher.kill('SIGKILL')
  // Well below that on a machine of its own.
  await until('all of them to be gone', () => !all.some(isAlive), 45_000)
})

t.test('--respawn starts again what was killed, and the task runs on', async (t) => {
  const cluster = await Cluster.create(t)
  const launcher = cluster.run(startArgs(cluster, '--workers', '1', '--respawn', '--tasks', WITNESS_TASKS))
  const client = await until('a master', () => cluster.client().catch(() => undefined))
  await cluster.untilReady(client, ['worker-1'])
  const before = cluster.records().find(({ name }) => name === 'worker-1')!
  process.kill(before.pid, 'SIGKILL')
  await cluster.untilRecord((record) => record.name === 'worker-1' && record.pid !== before.pid)
  const handle = await client.submit('work', { key: 'k', ms: 0, witness: cluster.witnessFile })
  t.same(await handle.result(), { key: 'k' })
  t.match(launcher.stdout + launcher.stderr, /worker-1.*SIGKILL/)
  await client.stop()
  t.equal((await launcher.ended).code, 0)
})
