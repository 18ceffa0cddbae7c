// dtr doctor finds what was broken on purpose, says it, and changes nothing.
import { spawn, spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import t from 'tap'
import { checkLogs, clockFound, type Finding, suspendedFound } from '../../src/cli/doctor-checks.js'
import { Flags } from '../../src/cli/flags.js'
import { whereabouts } from '../../src/cli/whereabouts.js'
import { saidBy } from '../../src/config.js'
import { writeClusterFile } from '../../src/launch/cluster-file.js'
import { makeFolder } from '../../src/launch/folder.js'

const ROOT = resolve(import.meta.dirname, '../../..')

async function diagnose(folder: string, port: number): Promise<{ code: number | null; findings: Finding[] }> {
  const args = ['doctor', '--json', '--data', join(folder, '.dtr'), '--port', String(port), '--worker-ports', `${port}`]
  const child = spawn(process.execPath, [join(ROOT, 'bin/dtr.js'), ...args], { cwd: folder })
  const ended = new Promise<number | null>((done) => child.once('close', done))
  const out = await text(child.stdout)
  return { code: await ended, findings: JSON.parse(out) as Finding[] }
}

t.test('what the clocks say', async (t) => {
  t.equal(clockFound(500, 501)[0], 'ok')
  t.match(clockFound(86_400_500, 500), ['warning', /set 1d forward .* begin by so much earlier/])
  t.match(clockFound(-3_599_500, 500), ['warning', /set 1h back .* later/])
  t.same(suspendedFound(7_200_400, 7_200_000), ['ok', 'not since the machine was booted, 2h ago'])
  t.equal(suspendedFound(60_000, 7_200_000)[0], 'ok', 'the uptime of a container')
  t.match(suspendedFound(7_200_000, 3_600_000), ['warning', /^for 1h of the 2h since/])
})

t.test('logs and ports: as a flag says, as the launcher wrote it down, as the settings say', async (t) => {
  const folder = join(t.testdir({ '.dtr': {} }), '.dtr')
  const config = saidBy({ logs: '/set/logs', port: 7_000 })
  const at = (found: Readonly<Record<string, unknown>> = {}) =>
    whereabouts(new Flags(found, { config: { file: 'x', said: config } }), folder)
  t.match(whereabouts(new Flags({}), folder), { logs: join(folder, '../logs'), port: 4999 })
  t.match(at(), { logs: '/set/logs', port: 7_000, workerPorts: { first: 5000 } })
  const launcher = { startedAt: '', launcher: { pid: 1 }, master: null, workers: [] }
  writeClusterFile({
    ...launcher,
    data: folder,
    logs: '/told',
    port: 8_000,
    workerPorts: { first: 8_001, last: 8_009 },
  })
  t.match(at(), { logs: '/told', port: 8_000, workerPorts: { first: 8_001, last: 8_009 } })
  t.match(at({ logs: '/said', port: '9000' }), { logs: '/said', port: 9_000, workerPorts: { first: 8_001 } })
  writeFileSync(join(folder, 'cluster.json'), '{"logs": ')
  t.match(at(), { logs: '/set/logs', port: 7_000 }, 'one that was not written to its end says nothing')
})

t.test('a stranger on the ports, rights, a newer schema, what was left over', async (t) => {
  const server = createServer()
  const port = await new Promise<number>((done) => {
    server.listen(0, '127.0.0.1', () => done((server.address() as { port: number }).port))
  })
  t.teardown(() => server.close())
  const folder = t.testdir()
  const of = (findings: Finding[], check: string) => findings.find((finding) => finding.check === check)
  const before = await diagnose(folder, port)
  t.match(of(before.findings, 'folder'), { state: 'warning', words: /dtr start makes one/ })
  t.same(readdirSync(folder), [], 'nothing was made')
  if (process.platform === 'linux') {
    t.match(of(before.findings, `port ${port}`), { state: 'ok', words: new RegExp(`pid ${process.pid}`) })
    t.match(of(before.findings, `ports ${port}-${port}`)?.words, new RegExp(`pid ${process.pid}`))
  }

  const data = join(folder, '.dtr')
  makeFolder(data)
  t.match(of((await diagnose(folder, port)).findings, 'fsync'), { words: /ms, at most/ })
  chmodSync(join(data, 'secret'), 0o644)
  const header = Buffer.alloc(4_096)
  header.write('SQLite format 3\0')
  header.writeUInt32BE(99, 60)
  writeFileSync(join(data, 'tasks.db'), header)
  mkdirSync(join(data, 'run'))
  const record = { name: 'worker-7', role: 'worker', pid: 2 ** 22 + 1, startedAt: '' }
  writeFileSync(join(data, 'run/worker-7.json'), JSON.stringify(record))
  const files = readdirSync(data)
  const { code, findings } = await diagnose(folder, port)
  t.equal(code, 1)
  t.match(of(findings, 'secret'), { state: 'problem', words: /chmod 600/ })
  t.match(of(findings, 'tasks'), { state: 'problem', words: /version 99.*newer dtr/ })
  writeFileSync(join(data, 'tasks.db'), 'a letter')
  t.match(of((await diagnose(folder, port)).findings, 'tasks'), {
    state: 'problem',
    words: /not a SQLite.*dtr restore/,
  })
  t.match(of(findings, 'run files'), { state: 'warning', words: /worker-7/ })
  t.same(readdirSync(data), files, 'nothing was changed')
})

t.test('files where folders belong, and a secret that is none', async (t) => {
  const folder = t.testdir({ '.dtr': 'a file', logs: 'another' })
  const of = (findings: Finding[], check: string) => findings.find((finding) => finding.check === check)
  const { code, findings } = await diagnose(folder, 1)
  t.equal(code, 1)
  t.match(of(findings, 'folder'), { state: 'problem', words: /\.dtr is not a folder: .*--data/ })

  rmSync(join(folder, '.dtr'))
  makeFolder(join(folder, '.dtr'))
  writeFileSync(join(folder, '.dtr/secret'), 'short')
  const later = (await diagnose(folder, 1)).findings
  t.match(of(later, 'secret'), { state: 'problem', words: /5 characters, and at least 32/ })
  t.match(of(later, 'logs'), { state: 'problem', words: /logs is not a folder: .*--logs/ })
})

t.test('logs: folders above it may be missing as well', async (t) => {
  const folder = t.testdir()
  t.match(checkLogs(join(folder, 'a/b')), { state: 'ok', words: /will be made/ })
  t.same(readdirSync(folder), [])
})

const analyze = spawnSync('systemd-analyze', ['--version']).status === 0

t.test('the systemd units', { skip: analyze ? false : 'SKIPPED: needs systemd-analyze' }, async (t) => {
  const units = ['dtr-master.service', 'dtr-worker@.service'].map((name) => join(ROOT, 'examples/systemd', name))
  const { status, stderr } = spawnSync('systemd-analyze', ['verify', ...units], { encoding: 'utf8' })
  t.equal(status, 0)
  t.notMatch(stderr, /dtr-(master|worker)/, stderr)
})
