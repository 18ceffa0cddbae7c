// Those who come from another system find that its snippets do what their page says.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { makeClone, quickEnvironment } from './clone.js'
import { read } from './documents.js'
import { walk } from './walk.js'

const clone = makeClone(t)

for (const system of ['bullmq', 'celery', 'gnu-parallel']) {
  t.test(system, async (t) => {
    const folder = join(clone.folder, system)
    mkdirSync(folder)
    await walk(t, read(`docs/from-${system}.md`), folder, await quickEnvironment(clone))
    t.same(clone.alive(), [], 'no process is left')
  })
}
