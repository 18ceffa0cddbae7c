// The command line without a cluster: what is refused, with which words and code.
import { spawn } from 'node:child_process'
import { join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import t from 'tap'

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
    [['status'], /DTR_WROKERS/, { DTR_WROKERS: '3' }],
    [['start'], /DTR_WORKERS: "x"/, { DTR_WORKERS: 'x' }],
    [['submit', 'echo', '{bad'], /PAYLOAD is not JSON/],
    [['submit'], /<type> is missing/],
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

t.test('without a cluster: exit 3, and how to start one', async (t) => {
  const folder = t.testdir()
  const commands = [['status'], ['ps'], ['stop'], ['get', 'x'], ['submit', 'echo'], ['map', 'echo']]
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
  const names = ['start', 'submit', 'map', 'status', 'ps', 'get', 'stop', 'master', 'worker']
  const help = await dtr(folder, ['--help'])
  t.equal(help.code, 0)
  for (const name of names) t.match(help.out, new RegExp(`dtr ${name} `))
  for (const { code, out } of await Promise.all(names.map((name) => dtr(folder, [name, '--help'])))) {
    t.equal(code, 0)
    t.match(out, /Examples:/)
    t.notMatch(out, /--launched/)
  }
  t.match((await dtr(folder, ['--version'])).out, /^\d+\.\d+\.\d+\n$/)
})
