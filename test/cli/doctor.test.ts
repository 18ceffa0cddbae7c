// dtr doctor finds what was broken on purpose, says it, and changes nothing.
import { spawn, spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import t from 'tap'
import type { Finding } from '../../src/cli/doctor-checks.js'
import { makeFolder } from '../../src/launch/folder.js'

const ROOT = resolve(import.meta.dirname, '../../..')

async function diagnose(folder: string, port: number): Promise<{ code: number | null; findings: Finding[] }> {
  const args = ['doctor', '--json', '--data', join(folder, '.dtr'), '--port', String(port), '--worker-ports', `${port}`]
  const child = spawn(process.execPath, [join(ROOT, 'bin/dtr.js'), ...args], { cwd: folder })
  const ended = new Promise<number | null>((done) => child.once('close', done))
  const out = await text(child.stdout)
  return { code: await ended, findings: JSON.parse(out) as Finding[] }
}

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

const analyze = spawnSync('systemd-analyze', ['--version']).status === 0

t.test('the systemd units', { skip: analyze ? false : 'SKIPPED: needs systemd-analyze' }, async (t) => {
  const units = ['dtr-master.service', 'dtr-worker@.service'].map((name) => join(ROOT, 'examples/systemd', name))
  const { status, stderr } = spawnSync('systemd-analyze', ['verify', ...units], { encoding: 'utf8' })
  t.equal(status, 0)
  t.notMatch(stderr, /dtr-(master|worker)/, stderr)
})
