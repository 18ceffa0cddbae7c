// What the system does for a process, changed by strace: disks that are slow or fail, and death in the middle of a call.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { DtrError } from '../errors.js'

export interface Change {
  /** System calls as strace names them, with commas. */
  readonly calls: string
  /** As strace writes it: `error=EIO`, `delay_enter=1000000` (microseconds), `signal=SIGKILL:when=3`. */
  readonly what: string
  /** Only of these files, or sockets as /proc names them; of all where unset. */
  readonly of?: readonly string[]
}

export interface Injection {
  /** Calls that were changed so far. */
  readonly count: () => number
  /** The process goes on as if nothing had been. */
  readonly end: () => Promise<void>
}

export const SYNCS = 'fdatasync,fsync'

/**
 * Changes system calls of a process that runs, of all its threads.
 * @param file gets a line for each call
 */
export async function injectInto(pid: number, change: Change, file: string): Promise<Injection> {
  const child = spawn('strace', [...argsOf(change, file), '-p', `${pid}`], { stdio: ['ignore', 'ignore', 'pipe'] })
  await untilAttached(child)
  const exited = once(child, 'exit')
  return {
    count: () => readFileSync(file, 'utf8').match(/INJECTED|DELAYED/g)?.length ?? 0,
    end: async () => {
      child.kill('SIGTERM')
      await exited
    },
  }
}

/** Starts a command whose system calls are changed from its beginning; it keeps the pid. */
export function injectedFromStart(change: Change, file: string): readonly string[] {
  return ['strace', '-D', '-q', ...argsOf(change, file)]
}

function argsOf({ calls, what, of = [] }: Change, file: string): string[] {
  const only = of.flatMap((path) => ['-P', path])
  return ['-f', '-o', file, ...only, '-e', `trace=${calls}`, '-e', `inject=${calls}:${what}`]
}

/** It says so on its standard error, which must stay open: it says the same of each thread that comes later. */
function untilAttached(child: ChildProcess): Promise<void> {
  let said = ''
  return new Promise((resolve, reject) => {
    child.stderr?.on('data', (chunk: Buffer) => {
      said += chunk.toString()
      if (/attached/.test(said)) resolve()
    })
    child.once('error', reject)
    child.once('exit', () => reject(new DtrError('unsupported', `strace cannot attach: ${said.trim()}`)))
  })
}
