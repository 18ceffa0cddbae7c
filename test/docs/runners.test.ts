// What docs/runners.md shows does what it says.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { makeClone, quickEnvironment } from './clone.js'
import { read } from './documents.js'
import { walk } from './walk.js'

t.test("a runner of one's own", async (t) => {
  const clone = makeClone(t)
  const folder = join(clone.folder, 'runners')
  mkdirSync(folder)
  await walk(t, read('docs/runners.md'), folder, await quickEnvironment(clone))
  t.same(clone.alive(), [], 'no process is left')
})
