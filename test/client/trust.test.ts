// Design 7: what gives code to dtr must be out of the hands of others.
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { checkTrusted } from '../../src/client/trust.js'

/** In the system's own folder for temporary files, which has the sticky bit: a clone may lie where others may write. */
function place(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'dtr-trust-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  return folder
}

function make(folder: string, mode = 0o644): string {
  mkdirSync(folder, { recursive: true })
  const file = join(folder, 'dtr.config.json')
  writeFileSync(file, '{}')
  chmodSync(file, mode)
  return file
}

t.test("the user's own file is fine, also below a sticky folder", async (t) => {
  const file = make(place(t))
  t.doesNotThrow(() => checkTrusted(file, 'do without'))
})

t.test('what others may write, or put in its place, is refused with the way to mend it', async (t) => {
  const top = place(t)
  const writable = make(join(top, 'a'), 0o666)
  t.throws(() => checkTrusted(writable, 'do without'), {
    code: 'bad_input',
    message: /can be written by others/,
    hint: `chmod go-w ${writable}, or do without`,
  })
  const below = make(join(top, 'open/deep'))
  chmodSync(join(top, 'open'), 0o777)
  t.throws(() => checkTrusted(below, 'do without'), { message: /open can be written by others/ })
  chmodSync(join(top, 'open'), 0o1777)
  t.doesNotThrow(() => checkTrusted(below, 'do without'), 'sticky')
})

t.test('a link is followed, and each folder on its way is looked at', async (t) => {
  const top = place(t)
  const real = make(join(top, 'real'))
  symlinkSync('real', join(top, 'link'))
  symlinkSync('../link/dtr.config.json', join(top, 'real/again'))
  t.doesNotThrow(() => checkTrusted(join(top, 'real/again'), ''))
  chmodSync(join(top, 'real'), 0o777)
  t.throws(() => checkTrusted(join(top, 'link/dtr.config.json'), ''), { message: /real can be written/ })
  symlinkSync('round', join(top, 'round'))
  t.throws(() => checkTrusted(join(top, 'round'), ''), { message: /too many links/ })
  t.ok(real)
})

t.test(
  'what belongs to another user is refused',
  { skip: process.getuid?.() === 0 ? false : 'needs root' },
  async (t) => {
    const { chownSync } = await import('node:fs')
    const file = make(place(t))
    chownSync(file, 12_345, 12_345)
    t.throws(() => checkTrusted(file, ''), { message: /belongs to another user/ })
  },
)
