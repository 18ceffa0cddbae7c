// Files that change under a clock of the test's own.
import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { watchModules } from '../../src/worker/watch.js'
import { ManualClock } from '../net/manual-clock.js'

t.test('changes of a module and of what it imports are told once they are over', async (t) => {
  const folder = t.testdir({
    'tsconfig.json': '{ "compilerOptions": { "paths": { "@lib/*": ["./lib/*"] } } }',
    lib: { 'words.ts': 'export const c = 1' },
    'tasks.ts': 'import "./helper.js"; import "@lib/words"; export default {}',
    'helper.ts': 'export const a = 1',
    'other.ts': 'export const b = 1',
  })
  const path = (name: string): string => join(folder, name)
  const clock = new ManualClock()
  let told = 0
  const stop = watchModules({
    modules: [path('tasks.ts')],
    clock,
    changed() {
      told += 1
    },
  })
  const tells = (times: number, what: string): void => {
    told = 0
    clock.advance(2_000)
    t.equal(told, times, what)
  }
  tells(0, 'nothing changed')
  writeFileSync(path('helper.ts'), 'export const a = 22')
  clock.advance(500)
  t.equal(told, 0, 'it may not be over')
  tells(1, 'an import')
  writeFileSync(path('lib/words.ts'), 'export const c = 22')
  tells(1, 'an import by a path of tsconfig.json')
  writeFileSync(path('other.ts'), 'export const b = 22')
  tells(0, 'a file that is not imported')
  writeFileSync(path('new'), 'import "./helper.js"; import "./other.js"; export default {}')
  renameSync(path('new'), path('tasks.ts'))
  tells(1, 'a save by renaming')
  writeFileSync(path('other.ts'), 'export const b = 333')
  tells(1, 'a file that is imported since')
  rmSync(path('helper.ts'))
  clock.advance(500)
  writeFileSync(path('helper.ts'), 'export const a = 22')
  tells(1, 'gone for a moment')
  rmSync(path('helper.ts'))
  tells(1, 'gone')
  writeFileSync(path('helper.ts'), 'export const a = 4444')
  tells(1, 'back again')
  stop()
  t.equal(clock.pending, 0)
})
