// One process of a cluster as its launcher sees it: started, ready, gone. It has a process group of its own, so that
// Ctrl-C in a terminal reaches the launcher alone, which then ends the cluster in order.
import { spawn } from 'node:child_process'
import type { Duplex } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { DtrError } from '../errors.js'
import { NO_CONFIG } from './config-file.js'
import { holdPipe, LAUNCHED_FLAG } from './pipe.js'

export type ChildRole = 'master' | 'worker' | 'gateway'

export interface ChildOptions {
  readonly name: string
  readonly role: ChildRole
  /** After `dtr <role>`. */
  readonly args: readonly string[]
  /** The file that it logs to. */
  readonly log: string
  readonly secret: string
  readonly environment: NodeJS.ProcessEnv
  /** A command that becomes it, such as one that enters a network namespace. */
  readonly via?: readonly string[]
  /** A line that it wrote to its standard error, such as the trace of a crash. */
  readonly wrote: (line: string) => void
}

export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export interface Child {
  readonly name: string
  readonly role: ChildRole
  readonly pid: number
  /** The port it listens on. @throws DtrError what kept it from starting */
  readonly ready: Promise<number>
  readonly exited: Promise<Exit>
  kill(signal: NodeJS.Signals): void
}

const PROGRAM = fileURLToPath(new URL('../../../bin/dtr.js', import.meta.url))
const LINE_CHARS_MAX = 2_000

export function startChild(options: ChildOptions): Child {
  const { name, role, args, log, secret, environment, via = [], wrote } = options
  const own = [process.execPath, PROGRAM, role, ...args, `--config=${NO_CONFIG}`, `--${LAUNCHED_FLAG}`]
  const [command = process.execPath, ...rest] = [...via, ...own]
  const child = spawn(command, rest, {
    detached: true,
    env: withoutSettings(environment),
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
  })
  const exited = new Promise<Exit>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }))
    // It could not even be started.
    child.once('error', () => resolve({ code: null, signal: null }))
  })
  const ready = new Promise<number>((resolve, reject) => {
    holdPipe(child.stdio[3] as Duplex, secret, (report) =>
      report.kind === 'ready' ? resolve(report.port) : reject(report.error),
    )
    // What it told before it left comes first.
    child.once('close', (code, signal) => reject(leftEarly(name, { code, signal }, log)))
    child.once('error', (error) => reject(new DtrError('internal', `${name} cannot be started: ${error.message}`)))
  })
  ready.catch(() => {})
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    for (const line of text.split('\n')) if (line !== '') wrote(line.slice(0, LINE_CHARS_MAX))
  })
  return { name, role, pid: child.pid ?? 0, ready, exited, kill: (signal) => void child.kill(signal) }
}

/** `exit code 0`, `signal SIGKILL`. */
export function describeExit({ code, signal }: Exit): string {
  return signal === null ? `exit code ${code ?? 'unknown'}` : `signal ${signal}`
}

function leftEarly(name: string, exit: Exit, log: string): DtrError {
  return new DtrError('internal', `${name} ended before it was ready: ${describeExit(exit)}`, {
    hint: `its log may say why: ${log}`,
  })
}

/** A child's settings are the flags that it is given, no file or variable, and its secret comes by the pipe (P29). */
export function withoutSettings(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith('DTR_')))
}
