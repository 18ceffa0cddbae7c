// What `paths` and `baseUrl` of a tsconfig.json mean, before anything is loaded.
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { aliasesFor } from '../../src/runner/tsconfig-paths.js'

/** What a specifier means in src/tasks.ts of a folder, seen from that folder. */
function meaning(t: Test, files: Readonly<Record<string, string>>, specifier: string): readonly string[] {
  const folder = t.testdir({ ...files, src: {} })
  const aliases = aliasesFor(join(folder, 'src/tasks.ts'))
  return aliases(specifier).map((path) => path.slice(folder.length + 1))
}

t.test('paths, the one that says most first, seen from their file', async (t) => {
  const tsconfig = `{ // as people write it
    "compilerOptions": { "paths": {
      "*": ["any/*"], "@lib/*": ["./lib/*", "./old/*"], "@lib/deep/*.js": ["./deep/*"], "@one": ["./one.ts"], } } }`
  const files = { 'tsconfig.json': tsconfig }
  t.same(meaning(t, files, '@lib/words'), ['lib/words', 'old/words', 'any/@lib/words'])
  t.same(meaning(t, files, '@lib/deep/a.js')[0], 'deep/a')
  t.same(meaning(t, files, '@one'), ['one.ts', 'any/@one'])
  t.same(meaning(t, files, '@one/more'), ['any/@one/more'])
  t.same(meaning(t, files, '@lib/$&'), ['lib/$&', 'old/$&', 'any/@lib/$&'], 'as it is written')
})

t.test('baseUrl, and what is inherited', async (t) => {
  const base = { 'tsconfig.json': '{ "compilerOptions": { "baseUrl": "./src", "paths": { "@a": ["a"] } } }' }
  t.same(meaning(t, base, '@a'), ['src/a', 'src/@a'])
  t.same(meaning(t, base, 'b/c'), ['src/b/c'])
  const child = {
    'tsconfig.json': '{ "extends": ["./first", "some-package/tsconfig.json", "./second.json"] }',
    'first.json': '{ "compilerOptions": { "paths": { "@a": ["first"] } } }',
    'second.json': '{ "extends": "./tsconfig.json", "compilerOptions": { "paths": { "@a": ["second"] } } }',
  }
  t.same(meaning(t, child, '@a'), ['second'], 'the later one counts, and a circle ends')
})

t.test('what is no tsconfig.json has no paths', async (t) => {
  for (const text of ['', '[]', 'null', '{', '{ "extends": 7, "compilerOptions": { "paths": 5, "baseUrl": {} } }']) {
    t.same(meaning(t, { 'tsconfig.json': text }, '@a'), [], text)
  }
  t.same(meaning(t, { 'tsconfig.json': '{ "compilerOptions": { "paths": { "@a": "a", "@b": [7] } } }' }, '@b'), [])
})
