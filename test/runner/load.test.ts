// Modules as people write them: TypeScript as it is, and what is wrong with a module by file and line. Each in a process of
// its own: how modules are loaded is the process's.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import type { AttemptOutcome } from '../../src/runner/runner.js'

const OPEN = fileURLToPath(new URL('../../src/runner/open.js', import.meta.url))

interface Loaded {
  readonly message?: string
  readonly hint?: string
  readonly outcomes?: Readonly<Record<string, AttemptOutcome>>
}

/** Loads one module after the other, from their folder, and runs all their types. */
function load(folder: string, files: readonly string[]): readonly Loaded[] {
  const script = `
    import { openRunner } from ${JSON.stringify(OPEN)}
    import { resolve } from 'node:path'
    const answers = []
    for (const file of ${JSON.stringify(files)}) {
      try {
        const runner = await openRunner({ modules: [resolve(file)], builtins: false, log() {} })
        const outcomes = {}
        for (const { type } of runner.types) {
          const attempt = { taskId: 't', leaseId: 'l', type, queue: 'default', payload: '1', encoding: 'json', attempt: 1, maxAttempts: 1 }
          outcomes[type] = await runner.run(attempt, new AbortController())
        }
        answers.push({ outcomes })
      } catch (error) {
        answers.push({ message: error.message, hint: error.hint, code: error.code })
      }
    }
    console.log(JSON.stringify(answers))
    process.exit()`
  const options = { cwd: folder, encoding: 'utf8' } as const
  const ran = spawnSync(process.execPath, ['--input-type=module', '-e', script], options)
  if (ran.stdout === '') throw new Error(ran.stderr)
  return JSON.parse(ran.stdout) as Loaded[]
}

t.test('TypeScript as it is', async (t) => {
  const folder = t.testdir({
    'tsconfig.json': '{ "compilerOptions": { "paths": { "@lib/*": ["./lib/*"] } } }',
    lib: { 'seven.ts': 'export const seven: number = 7' },
    'data.json': '{ "answer": 42 }',
    'types.ts': 'export interface Shape { readonly sides: number }',
    'helper.ts': 'export function help(): string { return "helped" }',
    'tasks.ts': `
import { defineTasks } from 'dtr'
import { seven } from '@lib/seven'
import data from './data.json'
import { help } from './helper'
import { help as byJsName } from './helper.js'
import type { Shape } from './types'
enum Color { Red, Green }
class Box { constructor(private readonly size: number) {} get(): number { return this.size } }
const shape: Shape = { sides: 3 }
export default defineTasks({
  all: () => [Color.Green, new Box(5).get(), help(), byJsName(), data.answer, seven, shape.sides],
  fails() {
    const what: string = 'boom'
    throw new Error(what)
  },
})`,
    'tasks.mts': 'import { help } from "./helper.js"; export default { esm: (): string => help() }',
    'tasks.cts': `const { defineTasks } = require('dtr'); const one: number = 1
module.exports = defineTasks({ common: (): number => one })`,
    'from-js.mjs': 'import { help } from "./helper.ts"; export default { viaJs: () => help() }',
  })
  const [all, esm, common, viaJs] = load(folder, ['tasks.ts', 'tasks.mts', 'tasks.cts', 'from-js.mjs'])
  t.match(all?.outcomes?.all, { kind: 'completed', result: '[1,5,"helped","helped",42,7,3]' })
  const failed = all?.outcomes?.fails
  t.match(failed, { kind: 'failed', error: { message: 'boom', stack: /tasks\.ts:15:11/ } }, 'its line in the .ts')
  t.match(esm?.outcomes?.esm, { result: '"helped"' })
  t.match(common?.outcomes?.common, { result: '1' })
  t.match(viaJs?.outcomes?.viaJs, { result: '"helped"' }, 'from JavaScript')
})

const NEXT = '\n'
const WRONG: Readonly<Record<string, readonly [text: string, message: RegExp]>> = {
  'syntax.ts': [
    `const a: number = 1${NEXT}export default {${NEXT}  b: 1${NEXT}  c: 2 }`,
    /^\.\/syntax\.ts:4:3: Expected "}" but found "c"$/,
  ],
  'syntax.mjs': [`export default {${NEXT}  b: 1${NEXT}  c: 2 }`, /^\.\/syntax\.mjs:3:3: Unexpected identifier/],
  'end.mjs': [`export default {${NEXT}  b: 1`, /^\.\/end\.mjs:2: Unexpected end of input$/],
  'syntax.cjs': [`const a = 1${NEXT}module.exports = { a b }`, /^\.\/syntax\.cjs:2:22: Unexpected identifier/],
  'imports-wrong.mjs': [`import './syntax.mjs'${NEXT}export default {}`, /^\.\/syntax\.mjs:3:3: Unexpected identifier/],
  'throws.ts': [`type A = 1${NEXT}${NEXT}throw new TypeError('at load')`, /^\.\/throws\.ts:3:7: TypeError: at load$/],
  'throws.mjs': [`${NEXT}throw new Error('at load')`, /^\.\/throws\.mjs:2:7: at load$/],
  'rejects.ts': [
    `type A = 1${NEXT}Promise.reject(new Error('late'))${NEXT}export default { a: () => 1 }`,
    /^\.\/rejects\.ts:2:16: late$/,
  ],
  'await.cts': [
    `export default { a: await 1 }`,
    /^\.\/await\.cts:1:21: await at the top level needs .* name the file \.mts/,
  ],
  'remote.mjs': [`import 'http://localhost/a.js'`, /^\.\/.*'http:'/],
  'missing.ts': [`${NEXT}import { a } from './nope.js'${NEXT}export default { a }`, /^\.\/missing\.ts:2: .*nope\.js/],
  'missing.mjs': [`${NEXT}import { a } from './nope.js'${NEXT}export default { a }`, /^\.\/missing\.mjs:2: .*nope\.js/],
  'missing.cjs': [`${NEXT}module.exports = require('./nope')`, /^\.\/missing\.cjs:2: .*nope/],
  'package.mjs': [`${NEXT}import 'no-such-package'`, /^\.\/package\.mjs:2: .*no-such-package/],
  'name.mjs': [`${NEXT}import { nothing } from './plain.mjs'`, /^\.\/name\.mjs:2:10: .*'nothing'/],
  'definition.ts': [
    `import { defineTasks } from 'dtr'${NEXT}export default defineTasks({ "a b": () => 1 })`,
    /^\.\/definition\.ts:2:30: defineTasks: task type "a b" is not a name/,
  ],
  'plain.mjs': ['export default { "a b": () => 1 }', /^\.\/plain\.mjs:1:18: task type "a b" is not a name/],
  'field.mjs': [
    `const run = () => 1${NEXT}export default {${NEXT}  a: { retries: 3, run },${NEXT}  b: {${NEXT}    retires: 3, run } }`,
    /^\.\/field\.mjs:5:5: task type "b" has an unknown field "retires"; did you mean retries\?$/,
  ],
  'keyword.ts': [
    `import { defineTasks } from 'dtr'${NEXT}const schema = {${NEXT}  propeties: {} }${NEXT}export default defineTasks({ a: { schema, run: () => 1 } })`,
    /^\.\/keyword\.ts:3:3: defineTasks: task type "a" has the unknown keyword "propeties" \(did you mean properties\?\)/,
  ],
  'pattern.mjs': [
    `export default {${NEXT}  a: { schema: { pattern: '(' }, run: () => 1 } }`,
    /^\.\/pattern\.mjs:2:8: the schema of task type "a" cannot be used: Invalid regular expression/,
  ],
  'no-default.mjs': ['export const a = 1', /^\.\/no-default\.mjs: has no default export$/],
  'empty.mjs': ['export default {}', /^\.\/empty\.mjs: defines no tasks$/],
}

t.test('what is wrong is told with file and line', async (t) => {
  const folder = t.testdir(Object.fromEntries(Object.entries(WRONG).map(([file, [text]]) => [file, text])))
  const files = Object.keys(WRONG)
  const answers = load(folder, [...files, 'absent.ts'])
  files.forEach((file, index) => {
    t.match(answers[index], { message: WRONG[file]?.[1], code: 'bad_input' }, file)
  })
  t.match(answers.at(-1), { message: './absent.ts: there is no such file', hint: /^seen from / })
})
