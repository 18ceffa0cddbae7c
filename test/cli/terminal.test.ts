// Colours and bars: where, and who decides.
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import t from 'tap'
import { hasColours, isScreen } from '../../src/cli/terminal.js'

const ROOT = resolve(import.meta.dirname, '../../..')
const TERMINAL = { isTTY: true }
const PIPE = {}
const ESCAPE = '\u001b['

t.test('colours: FORCE_COLOR, then NO_COLOR, then a terminal that can', async (t) => {
  const cases: readonly (readonly [boolean, { isTTY?: boolean }, NodeJS.ProcessEnv])[] = [
    [true, TERMINAL, {}],
    [false, PIPE, {}],
    [false, TERMINAL, { NO_COLOR: '1' }],
    [true, TERMINAL, { NO_COLOR: '' }],
    [false, TERMINAL, { TERM: 'dumb' }],
    [true, PIPE, { FORCE_COLOR: '1' }],
    [true, PIPE, { FORCE_COLOR: '1', NO_COLOR: '1' }],
    [false, TERMINAL, { FORCE_COLOR: '0' }],
  ]
  for (const [expected, stream, environment] of cases) {
    t.equal(hasColours(stream, environment), expected, JSON.stringify([stream, environment]))
  }
})

t.test('bars: on a terminal only, whatever is said of colours', async (t) => {
  t.equal(isScreen(TERMINAL, { NO_COLOR: '1' }), true)
  t.equal(isScreen(TERMINAL, { TERM: 'dumb' }), false)
  t.equal(isScreen(PIPE, { FORCE_COLOR: '1' }), false)
})

t.test('nobody else decides', async (t) => {
  const folder = join(ROOT, 'src')
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))
  const deciding = files.filter((file) =>
    /isTTY|NO_COLOR|FORCE_COLOR|styleText/.test(readFileSync(join(folder, file), 'utf8')),
  )
  t.same(deciding, ['cli/terminal.ts'])
})

t.test('as a command shows it', async (t) => {
  const folder = t.testdir({ 'master.log': '2026-01-01T00:00:01.000Z ERROR master: one\n' })
  const bare = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !['NO_COLOR', 'FORCE_COLOR'].includes(name)),
  )
  const out = (environment: NodeJS.ProcessEnv): string =>
    spawnSync(process.execPath, [join(ROOT, 'bin/dtr.js'), 'logs', '--logs', folder], {
      env: { ...bare, ...environment },
      encoding: 'utf8',
    }).stdout
  t.notOk(out({}).includes(ESCAPE))
  const forced = out({ FORCE_COLOR: '1' })
  t.ok(forced.includes(`${ESCAPE}31mERROR`), forced)
})
