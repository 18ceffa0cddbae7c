// Folders that can be made, and words for those that cannot.
import { chmodSync, existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { makeFolders } from '../src/folders.js'

t.test('what is missing is made, for the user alone where told so', async (t) => {
  const folder = t.testdir({})
  makeFolders(join(folder, 'a/b/c'), '--data FOLDER', true)
  makeFolders(join(folder, 'a/b/c'), '--data FOLDER', true)
  for (const path of ['a', 'a/b', 'a/b/c']) t.equal(statSync(join(folder, path)).mode & 0o777, 0o700)
})

t.test('what cannot be made says why and what to do, at once', async (t) => {
  const folder = t.testdir({ file: '' })
  const refused = (path: string, words: RegExp): void =>
    void t.throws(() => makeFolders(path, '--data FOLDER'), {
      code: 'bad_input',
      message: words,
      hint: /--data FOLDER/,
    })
  refused(join(folder, 'file'), /file cannot be made: a file stands in its place/)
  refused(join(folder, 'file/below/it'), /it cannot be made: a file stands in its place/)
  if (process.platform === 'linux') refused('/proc/dtr/.dtr', /takes nothing new/)
  if (process.getuid?.() === 0) return
  chmodSync(folder, 0o500)
  refused(join(folder, 'x'), /you have no right to that/)
  t.notOk(existsSync(join(folder, 'x')))
})
