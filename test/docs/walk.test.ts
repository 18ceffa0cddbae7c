// Whoever has only the README gets there: its walk, block by block, in a fresh copy of what is in the repository.
import t from 'tap'
import { environment, makeClone } from './clone.js'
import { read } from './documents.js'
import { walk } from './walk.js'

t.test('the README', async (t) => {
  const [, steps = ''] = /^## From a clone to your own tasks\n([\s\S]*?)^## /m.exec(read('README.md')) ?? []
  t.match(steps, /npx dtr restore/)
  const clone = makeClone(t)
  await walk(t, steps, clone.folder, await environment())
  t.same(clone.alive(), [], 'no process is left')
})
