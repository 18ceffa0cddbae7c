import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { filesBelow } from '../../src/cli/demonstration-files.js'

t.test('regular files, by name, without what changes while it runs, and not more than asked for', async (t) => {
  const folder = t.testdir({
    b: { '2': '', '1': '' },
    a: '',
    c: '',
    '.git': { x: '' },
    '.dtr': { x: '' },
    logs: { x: '' },
  })
  symlinkSync(join(folder, 'a'), join(folder, 'link'))
  const names = (most: number): string[] =>
    filesBelow(folder, most, [join(folder, 'logs')]).map((file) => file.slice(folder.length + 1))
  t.same(names(500), ['a', 'b/1', 'b/2', 'c'])
  t.same(names(2), ['a', 'b/1'])
  t.same(filesBelow(join(folder, 'none'), 5, []), [])
})
