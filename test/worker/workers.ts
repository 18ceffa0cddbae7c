// Workers for tests, in this process or in one of their own; all of them are ended with the test.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { startWorker, type WorkerHandle, type WorkerOptions } from '../../src/worker/node.js'
import { KeptLog } from '../net/kept-log.js'
import { KEY, SECRET, until } from './fake-master.js'

export const UNRULY = fileURLToPath(new URL('../../../test/fixtures/tasks/unruly.mjs', import.meta.url))
const WORKER_PROCESS = fileURLToPath(new URL('./worker-process.js', import.meta.url))

/** Somewhere below the range from which the system gives out ports; what is taken there is skipped. */
export function somePort(): number {
  return 10_000 + Math.floor(Math.random() * 20_000)
}

export async function workerHere(t: Test, given: Partial<WorkerOptions> = {}) {
  const log = new KeptLog()
  const first = somePort()
  const worker: WorkerHandle = await startWorker({
    ...{ name: 'w1', slots: 2, bind: '127.0.0.1', tasks: [UNRULY], builtins: false, version: '0' },
    workerPorts: { first, last: first + 50 },
    ...{ masterTimeoutMs: 60_000, drainMs: 5_000, killGraceMs: 300, defaultTimeoutMs: undefined },
    key: KEY,
    log,
    ...given,
  })
  t.teardown(async () => {
    worker.kill()
    await worker.ended
  })
  return { worker, log }
}

export interface ProcessOfWorker {
  readonly child: ChildProcess
  readonly pid: number
  readonly port: number
  readonly ended: Promise<{ code: number | null; signal: string | null }>
}

/** What a worker runs, as it can be told to another process. */
export type Served = Pick<WorkerOptions, 'tasks' | 'commands' | 'runners' | 'isolate'>

export async function workerProcess(t: Test, served: Served = { tasks: [UNRULY] }): Promise<ProcessOfWorker> {
  const child = spawn(process.execPath, [WORKER_PROCESS, String(somePort()), JSON.stringify(served)], {
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  const ended = once(child, 'exit').then(([code, signal]) => ({
    code: code as number | null,
    signal: signal as string | null,
  }))
  t.teardown(async () => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGCONT')
      child.kill('SIGKILL')
    }
    await ended
  })
  child.stdin?.end(SECRET)
  if (child.stdout === null) throw new Error('no standard output')
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string]
  const { port } = JSON.parse(line) as { port: number }
  return { child, pid: child.pid!, port, ended }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2)[0] !== 'Z'
  } catch (error) {
    // Where there is no /proc, kill(0) has said it.
    return (error as NodeJS.ErrnoException).code === 'ENOENT' && process.platform !== 'linux'
  }
}

/** The payload of `wait` and `spin` by which they tell that their code has begun: `started` is told before that. */
export function sign(t: Test) {
  const file = join(t.testdir({}), 'begun')
  return { payload: { file }, begun: () => until('its code to begin', () => existsSync(file)) }
}
