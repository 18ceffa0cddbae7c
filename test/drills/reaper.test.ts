// A drill that is killed leaves no more than one that ends: no process, frozen or not, no network, no folder.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { Reaper } from '../../src/drill/reaper.js'
import { Cluster, type Process, until } from '../processes/cluster.js'

const mayNetwork = process.getuid?.() === 0 && spawnSync('ip', ['netns', 'list']).status === 0

/** Processes with this folder in their environment, which all have that a drill started. */
function processesOf(folder: string): readonly string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/environ`, 'utf8').includes(folder)
    } catch {
      return false
    }
  })
}

/** Whether the drill of this process has one. */
function hasNetwork(pid: number): boolean {
  return existsSync(`/run/netns/dtr${pid}-1`)
}

/** Kills a drill once this has happened. @returns its folder */
async function killedAt(cluster: Cluster, drilled: Process, happened: RegExp, check = (): void => {}): Promise<string> {
  await until(`${happened}`, () => happened.test(drilled.stdout))
  check()
  const name = readdirSync(cluster.folder).find((entry) => entry.startsWith('dtr-drill'))
  const folder = join(cluster.folder, name ?? 'none')
  drilled.kill('SIGKILL')
  await drilled.ended
  return folder
}

t.test('kill -9 of a drill while a worker and its code are frozen', async (t) => {
  const cluster = await Cluster.create(t)
  const drilled = cluster.run(['drill', 'freeze-code', '--quick'], undefined, { TMPDIR: cluster.folder })
  const folder = await killedAt(cluster, drilled, /FAULT {2}kill -STOP/)
  await until('all to be gone', () => !existsSync(folder))
  t.same(processesOf(folder), [])
})

t.test('kill -9 of a drill with a network of its own', { skip: mayNetwork ? false : 'needs root' }, async (t) => {
  const cluster = await Cluster.create(t)
  const drilled = cluster.run(['drill', 'partition', '--quick'], undefined, { TMPDIR: cluster.folder })
  const had = (): void => void t.ok(hasNetwork(drilled.pid), 'it had one')
  const folder = await killedAt(cluster, drilled, /in a network of its own/, had)
  await until('all to be gone', () => !existsSync(folder))
  t.same(processesOf(folder), [])
  t.notOk(hasNetwork(drilled.pid), 'it is gone')
})

t.test('what was done is taken back in reverse, after the death of the last process', async (t) => {
  const reaper = new Reaper()
  t.teardown(() => rmSync(reaper.folder, { recursive: true }))
  const order = join(reaper.folder, 'order')
  for (const name of ['first', 'second']) reaper.undo('sh', '-c', `echo ${name} >> ${order}`)
  const child = spawn('sh', ['-c', `trap '' TERM; kill -STOP $$`], { env: reaper.environment })
  const died = once(child, 'exit')
  await until('it to stand still', () => /^State:\tT/m.test(readFileSync(`/proc/${child.pid}/status`, 'utf8')))
  t.notOk(existsSync(order))
  await reaper.end(true)
  t.equal(readFileSync(order, 'utf8'), 'second\nfirst\n')
  t.same(await died, [null, 'SIGKILL'])
})
