// Workers that are not dtr's own: whatever speaks the protocol, started by a command of the user's in place of `dtr worker`.
// What it is told, and what it must offer, stands in examples/python-worker/README.md.
import { spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import type { SettingName, Settings } from '../config.js'
import { type Exit, withoutSettings } from '../launch/child.js'
import { argsOf } from '../launch/command-line.js'

/** The flags that it takes, as `dtr worker` does, each where it is not the default. */
const FOREIGN_SETTINGS: readonly SettingName[] = [
  'id',
  'data',
  'workerPorts',
  'slots',
  'bind',
  'plaintext',
  'drain',
  'masterTimeout',
  'killGrace',
]

export interface ForeignOptions {
  /** As a shell reads it, and becomes it. */
  readonly command: string
  readonly settings: Settings
  /** A command that becomes it, such as one that enters a network namespace. */
  readonly via: readonly string[]
  readonly environment: NodeJS.ProcessEnv
  /** Gets what it prints. */
  readonly log: string
}

export interface Foreign {
  readonly foreign: true
  readonly pid: number
  /** It says so to its master alone. */
  readonly ready: Promise<void>
  readonly exited: Promise<Exit>
}

export function startForeign({ command, settings, via, environment, log }: ForeignOptions): Foreign {
  const shell = ['/bin/sh', '-c', `exec ${command} "$@"`, 'sh', ...argsOf(FOREIGN_SETTINGS, settings)]
  const [program = '', ...args] = [...via, ...shell]
  mkdirSync(dirname(log), { recursive: true })
  const output = openSync(log, 'a')
  const child = spawn(program, args, {
    detached: true,
    env: withoutSettings(environment),
    stdio: ['ignore', output, output],
  })
  closeSync(output)
  const exited = new Promise<Exit>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }))
    child.once('error', () => resolve({ code: null, signal: null }))
  })
  return { foreign: true, pid: child.pid ?? 0, ready: Promise.resolve(), exited }
}
