// What keeps a command from doing its work, as a person meets it: the cause, the next step, no trace, an exit code.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { makeFolder } from '../../src/launch/folder.js'
import { Cluster, freePorts } from '../processes/cluster.js'

const INTACT = 'INFO  master: what the other one wrote\n'

/** Takes connections and says nothing that a master would. */
async function stranger(t: Test): Promise<{ readonly port: number; readonly met: () => number }> {
  let met = 0
  const server = createServer((socket) => {
    met += 1
    socket.on('error', () => {}).end('220 hello\n')
  })
  t.teardown(() => server.close())
  const port = await new Promise<number>((done) => {
    server.listen(0, '127.0.0.1', () => done((server.address() as { port: number }).port))
  })
  return { port, met: () => met }
}

t.test('a folder that cannot be: exit 2 at once, and no process is left', async (t) => {
  const { master, first, last } = await freePorts()
  const cluster = await Cluster.create(t)
  const ports = ['--port', `${master}`, '--worker-ports', `${first}-${last}`]
  writeFileSync(join(cluster.folder, 'file'), '')
  const cases: readonly (readonly [string[], RegExp])[] = [
    [['start', '--data', 'file'], /file cannot be made: a file stands in its place\n.*--data FOLDER/],
    [['start', '--logs', 'file'], /file cannot be made: a file stands in its place\n.*--logs FOLDER/],
    [['start', '--watch'], /^dtr: watch: there are no task modules to watch\n/],
    ...(process.platform === 'linux'
      ? ([
          [['start', '--data', '/proc/x'], /\/proc\/x cannot be made: that file system takes nothing new/],
          [['start', '--logs', '/proc/x/y'], /cannot be made: that file system takes nothing new/],
          [['master', '--data', '/proc'], /\/proc\/.gitignore cannot be written/],
        ] as [string[], RegExp][])
      : []),
  ]
  for (const [args, words] of cases) {
    const ended = cluster.run([...args, ...ports])
    const { code } = await ended.ended
    t.equal(code, 2, args.join(' '))
    t.match(ended.stderr, words)
    t.notMatch(ended.stderr, /\n\s+at /)
  }
})

const mayMount = process.platform === 'linux' && process.getuid?.() === 0

t.test('a disk that is full or read-only', { skip: mayMount ? false : 'SKIPPED: needs root to mount' }, async (t) => {
  const cluster = await Cluster.create(t)
  const disk = join(cluster.folder, 'disk')
  mkdirSync(disk)
  const mount = (...args: string[]): number | null => spawnSync('mount', ['-t', 'tmpfs', ...args, 'none', disk]).status
  const unmount = (): void => void spawnSync('umount', [disk])
  if (mount('-o', 'size=64k') !== 0) return t.comment('SKIPPED: mount is not allowed here')
  t.teardown(unmount)
  t.throws(() => writeFileSync(join(disk, 'full'), Buffer.alloc(100_000)))
  const full = cluster.run(['start', '--data', join(disk, 'x')])
  t.equal((await full.ended).code, 2)
  t.match(full.stderr, /no space is left on that disk\n.*--data FOLDER/)
  unmount()
  mount('-o', 'ro,size=64k')
  for (const option of ['--data', '--logs']) {
    const refused = cluster.run(['start', option, disk])
    t.equal((await refused.ended).code, 2)
    t.match(refused.stderr, new RegExp(`that file system is read-only\\n.*${option} FOLDER`))
  }
})

t.test('a second master is refused on its standard error, and leaves the log of the first alone', async (t) => {
  const cluster = await Cluster.create(t)
  const first = await cluster.master()
  await cluster.untilLog('master', /master listens/)
  const before = cluster.log('master')
  const second = cluster.run(['master', '--data', cluster.data, '--logs', cluster.logs])
  t.equal((await second.ended).code, 5)
  t.match(second.stderr, new RegExp(`dtr: the data folder .* is in use by process ${first.pid}`))
  t.notMatch(cluster.log('master').slice(before.length), /in use/)
})

t.test('a master that is frozen, and one that is gone: what lives, what to do, and the log', async (t) => {
  const cluster = await Cluster.create(t)
  const master = await cluster.master()
  await cluster.worker('w1', ['--master-timeout', 'never'])
  const ask = async (): Promise<string> => {
    const ended = cluster.run(['status', '--data', cluster.data, '--config', 'none'])
    t.equal((await ended.ended).code, 3)
    return ended.stderr
  }
  master.kill('SIGSTOP')
  t.match(await ask(), new RegExp(`lives, pid ${master.pid}, and says nothing.*; its log: ${cluster.logs}/master.log`))
  master.kill('SIGKILL')
  await master.ended
  t.match(await ask(), /the master is gone: dtr master takes over its 1 worker,.*; its log: \S+master.log/)
})

t.test('a damaged data file: what it is, and that a backup helps', async (t) => {
  const cluster = await Cluster.create(t)
  makeFolder(cluster.data)
  writeFileSync(join(cluster.data, 'tasks.db'), 'a letter, not a database'.repeat(100))
  mkdirSync(cluster.logs)
  writeFileSync(join(cluster.logs, 'master.log'), INTACT)
  const started = cluster.run(['start', '--data', cluster.data, '--logs', cluster.logs])
  t.equal((await started.ended).code, 5)
  t.match(started.stderr, /tasks.db is not a SQLite file\n.*dtr restore BACKUP/)
  t.equal(readFileSync(join(cluster.logs, 'master.log'), 'utf8'), INTACT)
})

t.test('--master: who is not there is not waited for', async (t) => {
  const cluster = await Cluster.create(t)
  makeFolder(cluster.data)
  await cluster.worker('w1', ['--master-timeout', 'never'])
  const worker = cluster.records().find(({ name }) => name === 'w1')?.port
  const { port, met } = await stranger(t)
  const free = cluster.ports.master
  const cases: readonly (readonly [string[], RegExp])[] = [
    [['status', '--master', `127.0.0.1:${free}`], new RegExp(`no master answers at 127.0.0.1:${free}\n.*dtr start`)],
    [['tasks', '--master', `127.0.0.1:${port}`], /what listens at .* is no master/],
    [['failed', '--master', `127.0.0.1:${worker}`], /a worker listens at .*, no master\n.*dtr ps/],
  ]
  for (const [args, words] of cases) {
    const ended = cluster.run([...args, '--data', cluster.data])
    t.equal((await ended.ended).code, 3, args.join(' '))
    t.match(ended.stderr, words)
  }
  t.equal(met(), 1, 'tried once')
})
