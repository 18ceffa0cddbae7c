// A launcher in the background, and what a closed terminal does to one in the foreground.
import { spawn, spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { BIN, Cluster, isAlive, until, WITNESS_TASKS } from './cluster.js'

function startArgs(cluster: Cluster, ...more: string[]): string[] {
  const { master, first, last } = cluster.ports
  return ['start', '--port', String(master), '--worker-ports', `${first}-${last}`, '--workers', '1', ...more]
}

function pids(cluster: Cluster): number[] {
  return cluster.records().flatMap(({ pid, hosts }) => [pid, ...(hosts ?? []).map((host) => host.pid)])
}

/** Of /proc/<pid>/stat: the session, and the terminal, which is 0 where there is none. */
function sessionOf(pid: number): { session: number; terminal: number } {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return { session: Number(fields[3]), terminal: Number(fields[4]) }
}

t.test('--detach returns when all is ready; a hangup means nothing; dtr stop ends it', async (t) => {
  const cluster = await Cluster.create(t)
  const started = cluster.run(startArgs(cluster, '--tasks', WITNESS_TASKS, '--detach', '--logs', 'said'))
  t.equal((await started.ended).code, 0, started.stderr)
  t.match(started.stdout, /master +127\.0\.0\.1:\d+ +pid \d+[\s\S]*stop +dtr stop/)
  const launcher = cluster.records().find(({ role }) => role === 'launcher')!
  t.match(started.stdout, new RegExp(`launcher .*pid ${launcher.pid}`))
  if (process.platform === 'linux') {
    t.same(sessionOf(launcher.pid), { session: launcher.pid, terminal: 0 })
    t.equal(readlinkSync(`/proc/${launcher.pid}/cwd`), cluster.folder)
  }
  const again = cluster.run(startArgs(cluster, '--tasks', WITNESS_TASKS, '--detach'))
  t.equal((await again.ended).code, 5)
  t.match(again.stderr, /in use by process \d+[\s\S]*dtr stop/)

  process.kill(launcher.pid, 'SIGHUP')
  const client = await cluster.client()
  const handle = await client.submit('work', { key: 'k', ms: 0, witness: cluster.witnessFile })
  t.same(await handle.result(), { key: 'k' }, 'it works on')
  await client.close()
  const all = pids(cluster)
  const stop = cluster.run(['stop'])
  t.equal((await stop.ended).code, 0, stop.stderr)
  await until('nothing to be left', () => !all.some(isAlive))
  const logs = cluster.run(['logs', 'launcher'])
  t.equal((await logs.ended).code, 0, logs.stderr)
  t.match(logs.stdout, /the cluster has ended, exit code 0/, 'its logs are found also when it has ended')
})

t.test('--detach of a cluster that cannot start: its error, its code, nothing left', async (t) => {
  const cluster = await Cluster.create(t)
  const started = cluster.run(startArgs(cluster, '--tasks', './none.mjs', '--detach'))
  t.equal((await started.ended).code, 2)
  t.match(started.stderr, /none\.mjs/)
  t.same(pids(cluster), [])
})

const scriptTool = spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout?.includes('util-linux') === true

for (const early of [false, true]) {
  const when = early ? ', also while its gateway still starts' : ''
  const skip = scriptTool && (!early || process.platform === 'linux') ? false : 'SKIPPED: needs script, and /proc'
  t.test(`a closed terminal ends a launcher in order${when}`, { skip }, async (t) => {
    const cluster = await Cluster.create(t)
    const command = [
      'echo $$ >pid; exec',
      process.execPath,
      BIN,
      ...startArgs(cluster, '--tasks', WITNESS_TASKS),
      '2>said',
    ].join(' ')
    const terminal = spawn('script', ['-qfec', command, '/dev/null'], {
      cwd: cluster.folder,
      stdio: ['pipe', 'ignore', 'ignore'],
    })
    t.teardown(() => terminal.kill('SIGKILL'))
    const held = early ? await until('a gateway', () => gatewayOf(cluster)) : undefined
    if (held !== undefined) process.kill(held, 'SIGSTOP')
    const client = await until('a master', () => cluster.client().catch(() => undefined))
    await cluster.untilReady(client, ['worker-1'])
    if (held === undefined) await until('its start', () => cluster.records().some(({ role }) => role === 'gateway'))
    const handle = await client.submit('work', { key: 'k', ms: 1_500, witness: cluster.witnessFile })
    await until('its code', () => cluster.witness().some(({ what }) => what === 'start'))
    const fileOf = (name: string): string => readFileSync(join(cluster.folder, name), 'utf8')
    const all = [Number(fileOf('pid')), ...pids(cluster)]
    terminal.kill('SIGKILL')
    t.same(await handle.result(), { key: 'k' }, 'what runs is finished')
    if (held !== undefined) process.kill(held, 'SIGCONT')
    await until('all of them to be gone', () => !all.some(isAlive))
    t.notMatch(cluster.log('master'), /handed back|is dead/)
    t.match(fileOf('said'), /ending the cluster/)
    t.notMatch(fileOf('said'), /Assertion/, 'Node has no terminal to set back')
  })
}

/** Before it says where it is. */
function gatewayOf(cluster: Cluster): number | undefined {
  const all = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  const found = all.find((pid) => {
    try {
      const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
      return line.includes('gateway') && line.some((part) => part.includes(cluster.folder))
    } catch {
      return false // Gone meanwhile.
    }
  })
  return found === undefined ? undefined : Number(found)
}
