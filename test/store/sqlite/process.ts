// Starts child.ts as a process of its own and reads what it says, line by line.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'

const CHILD = fileURLToPath(new URL('./child.js', import.meta.url))

export interface StoreProcess {
  readonly process: ChildProcess
  /** The next line that it says; undefined when it has ended. */
  line(): Promise<string | undefined>
  kill(): Promise<void>
}

/** @param fileBlocksMax the limit on the size of any file that it writes, in blocks of 512 bytes */
export function startStoreProcess(t: Test, args: readonly string[], fileBlocksMax?: number): StoreProcess {
  const command = [process.execPath, CHILD, ...args]
  const limited = ['/bin/sh', '-c', `ulimit -f ${fileBlocksMax}; exec "$@"`, 'sh', ...command]
  const [file = '', ...rest] = fileBlocksMax === undefined ? command : limited
  const child = spawn(file, rest, { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(child, 'exit')
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL')
    await ended
  }
  t.teardown(kill)
  return { process: child, line: async () => (await lines.next()).value, kill }
}
