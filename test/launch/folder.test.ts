import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { checkBind } from '../../src/launch/bind.js'
import { folderAbove, makeFolder } from '../../src/launch/folder.js'
import { secretFor } from '../../src/launch/secret.js'

t.test('a folder is made for its user alone, never in git, with a secret that stays', async (t) => {
  const data = join(t.testdir(), '.dtr')
  makeFolder(data)
  t.equal(statSync(data).mode & 0o777, 0o700)
  t.equal(readFileSync(join(data, '.gitignore'), 'utf8'), '*\n')
  t.equal(statSync(join(data, 'secret')).mode & 0o777, 0o600)
  const secret = readFileSync(join(data, 'secret'), 'utf8')
  t.match(secret, /^[0-9a-f]{64}\n$/)
  makeFolder(data)
  t.equal(readFileSync(join(data, 'secret'), 'utf8'), secret)
})

const skip = spawnSync('strace', ['-V']).status === 0 ? false : 'strace is missing'

t.test('P1: neither its name nor its secret is lost with power', { skip }, async (t) => {
  const top = t.testdir()
  const data = join(top, 'a/.dtr')
  const calls = join(top, 'calls')
  const module = new URL('../../src/launch/folder.js', import.meta.url).href
  const code = `(await import(${JSON.stringify(module)})).makeFolder(${JSON.stringify(data)})`
  const traced = ['-f', '-y', '-o', calls, '-e', 'trace=mkdir,write,link,fsync', process.execPath]
  t.equal(
    spawnSync('strace', [...traced, '--input-type=module', '-e', code], { env: { PATH: process.env.PATH } }).status,
    0,
  )
  const inOrder = readFileSync(calls, 'utf8')
    .split('\n')
    .flatMap((line) => /(mkdir|link|fsync)\(.*?[<"]([^>"]*)/.exec(line)?.slice(1, 3).join(' ') ?? [])
    .map((call) => call.replace(/\.\d+$/, ''))
    .filter((call) => call.includes(top))
  t.same(inOrder, [
    ...[`mkdir ${top}/a`, `fsync ${top}`, `mkdir ${data}`, `fsync ${top}/a`],
    ...['.gitignore', 'secret'].flatMap((file) => [`fsync ${data}/${file}`, `link ${data}/${file}`, `fsync ${data}`]),
  ])
})

t.test('a start says when a folder lies above, and none but that', async (t) => {
  const top = t.testdir({ below: {} })
  mkdirSync(join(top, '.dtr'), { mode: 0o700 })
  t.equal(folderAbove(join(top, 'below/.dtr')), join(top, '.dtr'))
  t.not(folderAbove(join(top, '.dtr')), join(top, '.dtr'))
})

t.test('the secret: a file that was named, the variable, the folder; made only where that was asked for', async (t) => {
  const top = t.testdir()
  const data = join(top, '.dtr')
  const none = { secretFile: undefined }
  t.throws(() => secretFor(data, none, {}, { make: false }), { code: 'no_cluster' })
  const made = secretFor(data, none, {}, { make: true })
  t.equal(secretFor(data, none, {}, { make: false }), made)
  t.equal(secretFor(data, none, { DTR_SECRET: 'other' }, { make: false }), 'other')
  t.equal(secretFor(data, { secretFile: join(data, 'secret') }, { DTR_SECRET: 'other' }, { make: false }), made)
})

t.test('a bind beyond this machine must be meant', async (t) => {
  for (const bind of ['127.0.0.1', '127.3.2.1', 'localhost', '::1']) checkBind(bind, false)
  for (const bind of ['0.0.0.0', '10.0.0.1', '::', 'some.host']) {
    t.throws(() => checkBind(bind, false), { code: 'bad_input', hint: /--plaintext/ })
    checkBind(bind, true)
  }
})
