// The config file: where it is looked for, what it may say, and where in it a mistake is.
import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { configAbove, findConfig, saidByFile } from '../../src/launch/config-file.js'
import { BIN } from '../processes/cluster.js'

const here = { named: undefined, walksUp: false }
const up = { named: undefined, walksUp: true }

function configCommand(folder: string) {
  return spawnSync(process.execPath, [BIN, 'config', 'workers', '--json'], { cwd: folder, encoding: 'utf8' })
}

t.test('the nearest folder with a config file or a .dtr is the one', async (t) => {
  const top = t.testdir({ 'dtr.config.json': '{"workers": 3}', a: { b: {} }, own: { '.dtr': {}, c: {} } })
  const found = await findConfig(join(top, 'a/b'), up)
  t.equal(found?.file, join(top, 'dtr.config.json'))
  t.same(found?.said.get('data'), { value: join(top, '.dtr'), from: 'default' }, 'its cluster lies beside it')
  t.equal(await findConfig(join(top, 'own/c'), up), undefined, 'another cluster is nearer')
  t.equal(await findConfig(join(top, 'a'), here), undefined, 'start looks here only')
  t.equal(configAbove(join(top, 'a')), join(top, 'dtr.config.json'))
  t.equal((await findConfig(join(top, 'own'), { named: '../dtr.config.json', walksUp: true }))?.said.has('data'), false)
  t.equal(await findConfig(top, { named: 'none', walksUp: true }), undefined)
  await t.rejects(findConfig(top, { named: 'nix.ts', walksUp: true }), { code: 'bad_input', message: /no such/ })
  writeFileSync(join(top, 'dtr.config.ts'), '')
  await t.rejects(findConfig(top, here), { message: /dtr.config.json and dtr.config.ts/, hint: /keep one/ })
})

t.test('what it says is checked by name; paths are seen from its folder', async (t) => {
  const said = saidByFile({ workers: 5, masterTimeout: '1m', tasks: ['./t.ts', '/abs.js'], data: 'd' }, 'f.json', '/at')
  t.same(said.get('workers'), { value: 5, from: 'f.json' })
  t.equal(said.get('masterTimeout')?.value, 60_000)
  t.same(said.get('tasks')?.value, ['/at/t.ts', '/abs.js'])
  t.equal(said.get('data')?.value, '/at/d')
  const wrong: readonly (readonly [object, RegExp, RegExp?])[] = [
    [{ wrokers: 5 }, /unknown setting f.json: wrokers/, /did you mean: workers/],
    [{ workers: 5_000 }, /f.json: workers: "5000" is not a whole number from 0 to 1000/],
    [{ lease: 15 }, /f.json: lease: 15 has no unit/, /"15s"/],
    [{ secret: 'x' }, /f.json: secret: a secret does not belong/, /DTR_SECRET/],
    [JSON.parse('{"__proto__": {"workers": 1}}'), /unknown setting/],
  ]
  for (const [value, message, hint] of wrong) {
    t.throws(() => saidByFile(value, 'f.json', '/at'), { code: 'bad_input', message, ...(hint && { hint }) })
  }
})

t.test('TypeScript and JavaScript, with what they import', async (t) => {
  const top = t.testdir({ ts: {}, mjs: {}, js: {} })
  const write = (name: string, text: string): void => writeFileSync(join(top, name), text)
  write('ts/helper.ts', 'export enum Size { small = 2 }')
  write(
    'ts/dtr.config.ts',
    `import type { Configuration } from 'dtr'
     import { Size } from './helper'
     export default { workers: Size.small } satisfies Configuration`,
  )
  write('mjs/dtr.config.mjs', 'export default { workers: 3 }')
  write('js/dtr.config.js', 'export default { workers: 4 }')
  const workers = async (folder: string) => (await findConfig(join(top, folder), here))?.said.get('workers')?.value
  const { stdout, stderr } = configCommand(join(top, 'ts'))
  t.match(stdout, /"value":"2"/, stderr)
  t.equal(await workers('mjs'), 3)
  t.equal(await workers('js'), 4)
})

t.test('a mistake is told with its file and line', async (t) => {
  const cases: readonly (readonly [string, string, RegExp])[] = [
    ['dtr.config.json', '{\n  "workers": x\n}', /dtr.config.json:2:14: is not JSON/],
    ['dtr.config.json', '[]', /says no settings/],
    [
      'dtr.config.ts',
      'export default {\n  workers: 5\n  slots: 3\n}',
      /dtr.config.ts:3:3: Expected "}" but found "slots"/,
    ],
    [
      'dtr.config.ts',
      'const x: number = 1\n\nthrow new Error("boom")\nexport default { x }',
      /dtr.config.ts:3:7: boom/,
    ],
    ['dtr.config.mjs', 'export default {\n  workers: nix }', /dtr.config.mjs:2:\d+: .*nix is not defined/],
    ['dtr.config.js', 'export const workers = 3', /says no settings/],
  ]
  const top = t.testdir({})
  for (const [index, [name, text, message]] of cases.entries()) {
    const folder = join(top, String(index))
    mkdirSync(folder)
    writeFileSync(join(folder, name), text)
    if (name.endsWith('.ts')) t.match(configCommand(folder), { status: 2, stderr: message }, name)
    else await t.rejects(findConfig(folder, here), { code: 'bad_input', message }, name)
  }
})

t.test('what is no file of these kinds is not read', async (t) => {
  const folder = t.testdir({ 'c.yaml': 'workers: 3', 'd.json': {} })
  for (const named of ['c.yaml', 'd.json', '']) {
    const message = /is not a file that ends in .json, .ts/
    await t.rejects(
      findConfig(folder, { ...here, named }),
      { code: 'bad_input', message, hint: /--config none/ },
      named,
    )
  }
})

t.test('a mark of the encoding before JSON is none of its text', async (t) => {
  const top = t.testdir({ 'dtr.config.json': '\uFEFF{"workers": 3}' })
  t.equal((await findConfig(top, here))?.said.get('workers')?.value, 3)
})

t.test('a module that never finishes loading is told, and not waited for', async (t) => {
  const top = t.testdir({ 'dtr.config.mjs': 'await new Promise(() => {})\nexport default {}' })
  t.match(configCommand(top), { status: 2, stderr: /dtr.config.mjs: did not finish loading within 10 s/ })
})
