// dtr logs without a cluster: files are enough.
import { spawn } from 'node:child_process'
import { appendFileSync, renameSync, utimesSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import t from 'tap'
import { parseEntry } from '../../src/cli/log-entry.js'

const BIN = resolve(import.meta.dirname, '../../../bin/dtr.js')
const MASTER = `2026-01-01T00:00:01.000Z INFO  master: one
2026-01-01T00:00:03.000Z ERROR master: three  worker=w
    at somewhere
2026-01-01T00:00:05.000Z INFO  master: five
`
const WORKER = `{"time":"2026-01-01T00:00:02.000Z","level":"warn","name":"worker-1","text":"two","task":7}
{"time":"2026-01-01T00:00:04.000Z","level":"debug","name":"worker-1","text":"four"}
`

function run(folder: string, ...args: string[]) {
  const { FORCE_COLOR: _colours, ...env } = process.env
  const child = spawn(process.execPath, [BIN, 'logs', '--logs', folder, ...args], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  return child
}

async function said(folder: string, ...args: string[]): Promise<{ out: string; err: string }> {
  const child = run(folder, ...args)
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)])
  return { out, err }
}

/** What follows the name, line by line. */
function texts(out: string): string[] {
  return out
    .trimEnd()
    .split('\n')
    .map((line) => line.replace(/^\S+ \w+ +\S+: /, ''))
}

t.test('an entry is read as it was written, and anything else goes on with the one before', async (t) => {
  t.match(parseEntry('2026-01-01T00:00:01.000Z INFO  worker-1: a: b'), {
    level: 'info',
    name: 'worker-1',
    text: 'a: b',
  })
  t.match(parseEntry(WORKER.split('\n')[0] ?? ''), { level: 'warn', name: 'worker-1', text: 'two  task=7' })
  for (const line of ['    at x', '{"a":1}', '{', '', '2026-01-01 INFO x']) t.equal(parseEntry(line), undefined, line)
})

t.test('all files by time, of both kinds, with entries of several lines; filters', async (t) => {
  const folder = t.testdir({ 'master.log': MASTER, 'worker-1.log': WORKER, 'other.txt': 'x' })
  const [all, last, grave, one, unknown, bad] = await Promise.all([
    said(folder),
    said(folder, '-n', '2'),
    said(folder, '--level', 'warn'),
    said(folder, 'worker-1', '--json'),
    said(folder, 'worker-2'),
    said(folder, '--level', 'loud'),
  ])
  t.same(texts(all.out), ['one', 'two  task=7', 'three  worker=w', '      at somewhere', 'four', 'five'])
  t.same(texts(last.out), ['four', 'five'])
  t.same(texts(grave.out), ['two  task=7', 'three  worker=w', '      at somewhere'])
  t.match(JSON.parse(one.out.split('\n')[1] ?? ''), { name: 'worker-1', level: 'debug', text: 'four' })
  t.match(unknown.err, /nothing called worker-2[\s\S]*did you mean worker-1\? there are master, worker-1/)
  t.match(bad.err, /--level: "loud"/)
  t.match((await said(t.testdir({}))).err, /there are no logs in/)
})

t.test('files that were moved away when full are read in their order', async (t) => {
  const at = '2026-01-01T00:00:01.000Z'
  const folder = t.testdir({})
  const files = ['worker-1.log.2', 'worker-1.log.1', 'worker-1.log', 'worker-11.log']
  for (const [age, file] of files.entries()) {
    const name = file.slice(0, file.indexOf('.'))
    writeFileSync(join(folder, file), `${at} INFO  ${name}: ${age} first\n${at} INFO  ${name}: ${age} second\n`)
    utimesSync(join(folder, file), age, age)
  }
  const lines = [0, 1, 2].flatMap((age) => [`${age} first`, `${age} second`])
  t.same(texts((await said(folder, 'worker-1')).out), lines)
  t.same(texts((await said(folder, 'worker-1', '-n', '3')).out), lines.slice(-3))
  t.match((await said(folder, 'worker-2')).err, /there are worker-1, worker-11\n/)
})

t.test('-f goes on through a rotation, with new files, and until the reader goes away', async (t) => {
  const folder = t.testdir({ 'master.log': MASTER })
  const child = run(folder, '-f', '-n', '1')
  t.teardown(() => child.kill('SIGKILL'))
  const ended = new Promise((done) => child.once('exit', done))
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const next = async (): Promise<string> => texts(String((await lines.next()).value)).join()
  t.equal(await next(), 'five')
  const master = join(folder, 'master.log')
  appendFileSync(master, '2026-01-01T00:00:06.000Z INFO  master: six\n')
  t.equal(await next(), 'six')
  appendFileSync(master, '2026-01-01T00:00:07.000Z INFO  master: seven\n')
  renameSync(master, join(folder, 'master.log.1'))
  writeFileSync(master, '2026-01-01T00:00:07.000Z INFO  master: eight\n')
  t.equal(await next(), 'seven')
  t.equal(await next(), 'eight')
  writeFileSync(join(folder, 'worker-9.log'), '2026-01-01T00:00:09.000Z INFO  worker-9: ni')
  appendFileSync(join(folder, 'worker-9.log'), 'ne\n')
  t.equal(await next(), 'nine')
  child.stdout.destroy()
  const hurry = setInterval(() => appendFileSync(master, '2026-01-01T00:00:10.000Z INFO  master: more\n'), 100)
  await ended
  clearInterval(hurry)
  t.equal(child.exitCode, 0)
})
