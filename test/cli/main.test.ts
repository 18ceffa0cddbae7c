// The command line without a cluster: what is refused, with which words and code.
import { spawn } from 'node:child_process'
import { join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import t from 'tap'
import { COMMANDS } from '../../src/cli/commands.js'

const BIN = resolve(import.meta.dirname, '../../../bin/dtr.js')

interface Said {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

async function dtr(folder: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Said> {
  const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('DTR_')))
  const child = spawn(process.execPath, [BIN, ...args], {
    cwd: folder,
    env: { ...clean, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  const [out, err, code] = await Promise.all([text(child.stdout), text(child.stderr), ended])
  return { code, out, err }
}

t.test('unknown commands and flags: exit 2 and the nearest match', async (t) => {
  const folder = t.testdir()
  const cases: readonly (readonly [string[], RegExp])[] = [
    [['strat'], /did you mean: dtr start/],
    [['start', '--wrokers', '3'], /did you mean: --workers/],
    [['status', '--jsno'], /did you mean: --json/],
    [[], /dtr --help/],
    [['get'], /dtr get --help/],
  ]
  const said = await Promise.all(cases.map(([args]) => dtr(folder, args)))
  for (const [index, [args, words]] of cases.entries()) {
    const { code, out, err } = said[index]!
    t.equal(code, 2, args.join(' '))
    t.equal(out, '')
    t.match(err, words)
    t.ok(err.trim().split('\n').length <= 2, 'two lines at most')
    t.notMatch(err, /\n\s+at /, 'no stack')
  }
})

t.test('values are refused with the name of their flag or variable', async (t) => {
  const folder = t.testdir()
  const cases: readonly (readonly [string[], RegExp, NodeJS.ProcessEnv?])[] = [
    [['start', '--workers', '-1'], /--workers: "-1" is not a whole number/],
    [['start', '--master-timeout', '30'], /--master-timeout: "30" is not a duration/],
    [['worker', '--id', '../x'], /--id: "..\/x"/],
    [['master', '--bind', '0.0.0.0'], /--bind 0.0.0.0 listens beyond this machine/],
    [['status'], /DTR_WROKERS\n.*did you mean: DTR_WORKERS/, { DTR_WROKERS: '3' }],
    [['config', 'wokers'], /did you mean: dtr config workers/],
    [['status', '--config', 'nix.json'], /nix.json: there is no such config file/],
    [['start'], /DTR_WORKERS: "x"/, { DTR_WORKERS: 'x' }],
    [['submit', 'echo', '{bad'], /PAYLOAD is not JSON/],
    [['submit'], /<type> is missing/],
    [['status', '--json=maybe'], /--json: "maybe" is neither true nor false/],
    [['restore', '-'], /FILE: "-" is not taken here/],
    [['submit', 'echo', '1', '2'], /dtr submit takes no argument 2/],
    [['start', '--tasks'], /--tasks: its value is missing/],
    [['submit', 'echo', '1', '--delay', '5'], /--delay: "5" is not a duration/],
  ]
  const said = await Promise.all(cases.map(([args, , env]) => dtr(folder, args, env)))
  for (const [index, [, words]] of cases.entries()) {
    const { code, err } = said[index]!
    t.equal(code, 2, err)
    t.match(err, words)
  }
})

t.test('defaults < config file < variables < flags, and each says where it came from', async (t) => {
  const folder = t.testdir({
    'dtr.config.json': JSON.stringify({ workers: 7, slots: 7, drain: '7s', data: 'state' }),
    below: {},
    broken: { 'dtr.config.json': '{\n  "workers": 5\n  "slots": 1\n}' },
  })
  const ask = async (at: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) => {
    const { out, err } = await dtr(at, ['config', '--json', ...args], env)
    const told = JSON.parse(out || err) as { file: string; settings: { name: string; value: string; from: string }[] }
    return (name: string) => told.settings.find((setting) => setting.name === name)
  }
  const [all, none, broken] = await Promise.all([
    ask(join(folder, 'below'), ['--drain', '9s'], { DTR_SLOTS: '8', DTR_DRAIN: '8s' }),
    ask(folder, ['--config', 'none']),
    dtr(join(folder, 'broken'), ['config']),
  ])
  t.match(all('workers'), { value: '7', from: join(folder, 'dtr.config.json') })
  t.match(all('slots'), { value: '8', from: 'DTR_SLOTS' })
  t.match(all('drain'), { value: '9s', from: '--drain' })
  t.match(all('data'), { value: join(folder, 'state'), from: join(folder, 'dtr.config.json') }, 'relative to its file')
  t.match(all('port'), { value: '4999', from: 'default' })
  t.match(none('slots'), { value: '1', from: 'default' })
  t.equal(broken.code, 2)
  t.match(broken.err, /dtr.config.json:3:3: is not JSON: comma expected/)
})

t.test('without a cluster: exit 3, and how to start one', async (t) => {
  const folder = t.testdir()
  const commands = [
    ['status'],
    ['ps'],
    ['stop'],
    ['get', 'x'],
    ['cancel', 'x'],
    ['tasks'],
    ['failed'],
    ['retry', 'x'],
    ['submit', 'echo'],
    ['map', 'echo'],
    ['backup', 'x.db'],
  ]
  const data = join(folder, '.dtr')
  const said = await Promise.all(commands.map((args) => dtr(folder, [...args, '--data', data])))
  for (const { code, err, out } of said) {
    t.equal(code, 3, err)
    t.match(err, /dtr start/)
    t.equal(out, '')
  }
})

t.test('help and version', async (t) => {
  const folder = t.testdir()
  const help = await dtr(folder, ['--help'])
  t.equal(help.code, 0)
  t.equal((await dtr(folder, ['help'])).out, help.out)
  for (const { name } of COMMANDS) t.match(help.out, new RegExp(`\\n {2}${name} +\\S`))
  const lines = help.out.split('\n')
  t.ok(lines.length <= 38, 'it fits a screen')
  for (const line of lines) t.ok(line.length <= 90, line)
  for (const { code, out } of await Promise.all(COMMANDS.map(({ name }) => dtr(folder, [name, '--help'])))) {
    t.equal(code, 0)
    t.match(out, /Examples:/)
    t.notMatch(out, /--launched|--detached/)
    const titles = [...out.matchAll(/^([A-Z][^\n]*):$/gm)].map(([, title = '']) => title)
    const known = ['Positionals', 'Flags', 'Timings', 'Network', 'The cluster and its files', 'Of every command']
    t.same(
      titles,
      [...known, 'Examples'].filter((title) => titles.includes(title)),
      'in this order, and no other',
    )
  }
  t.match((await dtr(folder, ['--version'])).out, /^\d+\.\d+\.\d+\n$/)
})
