// The scripts of dtr completion, driven in the shells themselves where those are here.
import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import t, { type Test } from 'tap'
import { COMMANDS } from '../../src/cli/commands.js'
import { bashScript, fishScript, zshScript } from '../../src/cli/completion-scripts.js'
import { wordsOf } from '../../src/cli/completion-words.js'

const commands = wordsOf(COMMANDS)
const BIN = resolve(import.meta.dirname, '../../../bin/dtr.js')
const STATES = ['pending', 'running', 'completed', 'failed', 'cancelled']

/** A folder with a `dtr`, logs, and files to be offered. */
function place(t: Test): { folder: string; env: NodeJS.ProcessEnv } {
  const folder = t.testdir({ logs: { 'master.log': '', 'worker-1.log': '', 'worker-1.log.1': '' }, 'tasks.ts': '' })
  mkdirSync(join(folder, 'bin'))
  writeFileSync(join(folder, 'bin/dtr'), `#!/bin/sh\nexec '${process.execPath}' '${BIN}' "$@"\n`, { mode: 0o755 })
  return { folder, env: { ...process.env, PATH: `${join(folder, 'bin')}:${process.env.PATH}`, HOME: folder } }
}

type Ask = (line: string) => readonly string[]

/** Runs `script` in the shell. @returns the words it wrote, sorted */
function shell(t: Test, name: string, args: (line: string) => readonly string[]): Ask {
  const { folder, env } = place(t)
  return (line) => {
    const { stdout, stderr } = spawnSync(name, args(line), { cwd: folder, env, encoding: 'utf8' })
    t.equal(stderr, '', `${name}: ${line}`)
    return stdout.split('\n').filter((word) => word !== '')
  }
}

function is(name: string): { skip: string | false } {
  return { skip: spawnSync(name, ['-c', 'true']).status === 0 ? false : `SKIPPED: needs ${name}` }
}

/** What all shells offer alike. */
function offersAll(t: Test, ask: Ask): void {
  const names = commands.map(({ name }) => name)
  t.same([...ask('dtr ')].sort(), [...names].sort(), 'all commands')
  t.same([...ask('dtr sta')].sort(), ['start', 'status'])
  t.same([...ask('dtr start --wo')].sort(), ['--worker-grpc', '--worker-ports', '--workers'])
  t.same([...ask('dtr status --d')].sort(), ['--data', '--debug'])
  t.same([...ask('dtr tasks --state ')].sort(), [...STATES].sort())
  t.same(ask('dtr start --log-level d'), ['debug'])
  t.same([...ask('dtr completion ')].sort(), ['bash', 'fish', 'zsh'])
  t.same(ask('dtr config mas').toSorted(), ['master', 'masterTimeout'])
  t.same(ask('dtr start --tasks ta'), ['tasks.ts'])
  t.same([...ask('dtr logs ')].sort(), ['master', 'worker-1'])
  t.same(ask('dtr start --lau'), [], 'nothing that is not for people')
}

t.test('bash', is('bash'), async (t) => {
  const script = bashScript(commands)
  const drive = (line: string): string[] => [
    '-c',
    `${script}\nCOMP_WORDS=($1); [[ $1 == *' ' ]] && COMP_WORDS+=(''); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _dtr; printf '%s\\n' "\${COMPREPLY[@]}"`,
    'bash',
    line,
  ]
  offersAll(t, shell(t, 'bash', drive))
})

t.test('zsh', is('zsh'), async (t) => {
  // In place of its completion system: what that is asked for, as far as it begins as the word does.
  const stubs = `compdef() { }
offered() { local word; for word in "$@"; do [[ $word == $PREFIX* ]] && print -r -- $word; done; true }
compadd() { shift; offered "$@" }
_files() { offered *(N) }
_describe() { while [[ $1 == -* ]]; do [[ $1 == -t ]] && shift; shift; done; offered \${\${(P)2}%%:*} }`
  const drive = (line: string): string[] => [
    '-fc',
    `${stubs}\n${zshScript(commands)}\nwords=(\${=1}); [[ $1 == *' ' ]] && words+=(''); CURRENT=$#words; PREFIX=$words[-1]; _dtr`,
    'zsh',
    line,
  ]
  offersAll(t, shell(t, 'zsh', drive))
})

t.test('fish', is('fish'), async (t) => {
  const drive = (line: string): string[] => [
    '--no-config',
    '-c',
    `${fishScript(commands)}\ncomplete -C '${line}' | string replace -r '\\t.*' ''`,
  ]
  offersAll(t, shell(t, 'fish', drive))
})

t.test('dtr completion prints them; another shell is refused by name', async (t) => {
  const { folder, env } = place(t)
  const run = (...args: string[]) => spawnSync('dtr', ['completion', ...args], { cwd: folder, env, encoding: 'utf8' })
  t.equal(run('bash').stdout, `${bashScript(commands)}\n`)
  const { status, stderr } = run('tcsh')
  t.equal(status, 2)
  t.match(stderr, /SHELL: "tcsh" is none of bash, zsh, fish/)
})
