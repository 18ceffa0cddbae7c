// The task of all drills. It leaves its own witness: a line in a file when its code begins, every few milliseconds while
// it goes on, and at its end, before its result leaves.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { rawMonoMs } from '../clock.js'
import type { TaskContext } from '../task/context.js'
import type { Sign, Testimony } from './history.js'

export interface DrillPayload {
  /** The file of the witness. */
  readonly witness: string
  readonly ms: number
  /** How long the first attempt takes, where that is another. */
  readonly firstMs?: number
  /** The first attempt never lets go of the processor meanwhile. */
  readonly spins?: boolean
  /** Takes its process down. */
  readonly exits?: boolean
  /** Writes so much to standard output. */
  readonly prints?: number
  /** So many processes of its own do the same at the same time. */
  readonly printers?: number
  /** Of a command (witness-command.ts), in its first attempt: it hears no SIGTERM, and has started so many that do not either. */
  readonly deafChildren?: number
  /** Of a command: the process that runs it gets this signal from it. */
  readonly killsHost?: NodeJS.Signals
}

const SIGN_EVERY_MS = 50
const AHEAD_MS = monotonicAheadMs()
const CHUNK = Buffer.alloc(65_536, `${'x'.repeat(127)}\n`)

/** What of its attempt the witness tells. */
export interface Witnessed extends Pick<TaskContext, 'taskId' | 'attempt' | 'leaseId'> {
  /** Where it is none of the host itself. */
  readonly command?: number
}

function work(payload: DrillPayload, ctx: TaskContext): Promise<Testimony> {
  return witness(payload, ctx, process.pid)
}

/** @param host the process that runs it */
export async function witness(payload: DrillPayload, ctx: Witnessed, host: number): Promise<Testimony> {
  const leave = (what: Sign['what']): void => {
    const { taskId: task, attempt, leaseId: lease, command } = ctx
    const by = command === undefined ? {} : { command }
    const sign: Sign = { what, task, attempt, lease, pid: host, ...by, atMs: rawMonoMs() - AHEAD_MS }
    appendFileSync(payload.witness, `${JSON.stringify(sign)}\n`)
  }
  leave('start')
  if (payload.exits === true) process.exit(1)
  await printAll(payload)
  const first = ctx.attempt === 1
  const endMs = rawMonoMs() + ((first ? payload.firstMs : undefined) ?? payload.ms)
  for (let toldMs = rawMonoMs(); rawMonoMs() < endMs; ) {
    if (!first || payload.spins !== true) await pause(Math.min(SIGN_EVERY_MS, endMs - rawMonoMs()))
    if (rawMonoMs() - toldMs < SIGN_EVERY_MS) continue
    toldMs = rawMonoMs()
    leave('alive')
  }
  leave('end')
  return { lease: ctx.leaseId, attempt: ctx.attempt }
}

/** How far the monotonic clock of this process is ahead of that of the machine, on which all signs are. */
function monotonicAheadMs(): number {
  try {
    const [, seconds, nanoseconds] =
      /^monotonic\s+(-?\d+)\s+(\d+)/.exec(readFileSync('/proc/self/timens_offsets', 'utf8')) ?? []
    return Number(seconds ?? 0) * 1_000 + Number(nanoseconds ?? 0) / 1e6
  } catch {
    return 0
  }
}

async function printAll({ prints = 0, printers = 0 }: DrillPayload): Promise<void> {
  const others = Array.from({ length: printers }, () => {
    const command = `yes ${'y'.repeat(127)} | head -c ${prints}`
    return once(spawn('sh', ['-c', command], { stdio: ['ignore', 'inherit', 'inherit'] }), 'exit')
  })
  for (let left = prints; left > 0; left -= CHUNK.length) await print(left)
  await Promise.all(others)
}

function print(bytes: number): Promise<void> {
  return new Promise((resolve) => process.stdout.write(CHUNK.subarray(0, bytes), () => resolve()))
}

export default { drill: work }
