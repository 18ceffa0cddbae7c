// What the system does for a process that runs, changed by strace while it is attached: disks that are slow or fail.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { DtrError } from '../errors.js'

export interface Injection {
  /** Calls that were changed so far. */
  readonly count: () => number
  /** The process goes on as if nothing had been. */
  readonly end: () => Promise<void>
}

export const SYNCS = 'fdatasync,fsync'

/**
 * Changes system calls of the process, of all its threads.
 * @param calls as strace names them, with commas
 * @param what as strace writes it: `error=EIO`, `delay_enter=1000000` (microseconds), `signal=SIGKILL:when=3`
 * @param file gets a line for each call
 */
export async function injectInto(pid: number, calls: string, what: string, file: string): Promise<Injection> {
  const args = ['-f', '-p', `${pid}`, '-o', file, '-e', `trace=${calls}`, '-e', `inject=${calls}:${what}`]
  const child = spawn('strace', args, { stdio: ['ignore', 'ignore', 'pipe'] })
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
