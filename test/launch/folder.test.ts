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
