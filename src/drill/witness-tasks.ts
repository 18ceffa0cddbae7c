// The task of all drills. It leaves its own witness: a line in a file when its code begins, every few milliseconds while
// it goes on, and at its end, before its result leaves.
import { appendFileSync } from 'node:fs'
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
}

const SIGN_EVERY_MS = 50
const CHUNK = Buffer.alloc(65_536, `${'x'.repeat(127)}\n`)

async function work(payload: DrillPayload, ctx: TaskContext): Promise<Testimony> {
  const leave = (what: Sign['what']): void => {
    const { taskId: task, attempt, leaseId: lease } = ctx
    const sign: Sign = { what, task, attempt, lease, pid: process.pid, atMs: rawMonoMs() }
    appendFileSync(payload.witness, `${JSON.stringify(sign)}\n`)
  }
  leave('start')
  if (payload.exits === true) process.exit(1)
  for (let left = payload.prints ?? 0; left > 0; left -= CHUNK.length) await print(left)
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

function print(bytes: number): Promise<void> {
  return new Promise((resolve) => process.stdout.write(CHUNK.subarray(0, bytes), () => resolve()))
}

export default { drill: work }
