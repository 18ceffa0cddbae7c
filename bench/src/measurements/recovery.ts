// kill -9 of the worker that runs a task: how long until its code runs elsewhere, by what the task itself writes down.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Figure } from '../figures.js'
import { now } from '../machine.js'
import { Dtr } from '../systems/dtr.js'

const POLL_MS = 1
const PATIENCE_MS = 30_000

export async function recovery(runs: number, tell: (line: string) => void): Promise<Figure> {
  const values: number[] = []
  for (let run = 0; run < runs; run += 1) values.push(await once())
  tell(`${values.map(Math.round).join(', ')} ms`)
  return { name: 'kill -9 of a busy worker until its task runs elsewhere', unit: 'ms', values }
}

async function once(): Promise<number> {
  const dtr = new Dtr({ slots: 1 })
  try {
    await dtr.start()
    const witness = join(dtr.folder, 'witness')
    const handle = await dtr.client.submit('witness', { witness, ms: PATIENCE_MS })
    const [first] = await signs(witness, 1)
    const killedMs = now()
    process.kill(first.worker, 'SIGKILL')
    const [, second] = await signs(witness, 2)
    await handle.cancel()
    return second!.atMs - killedMs
  } finally {
    await dtr.stop()
  }
}

/** What the task writes when its code begins. */
export interface Sign {
  /** The pid of the worker that runs it. */
  readonly worker: number
  readonly atMs: number
}

async function signs(file: string, count: number): Promise<[Sign, ...Sign[]]> {
  for (const until = now() + PATIENCE_MS; now() < until; await pause(POLL_MS)) {
    let text = ''
    try {
      text = readFileSync(file, 'utf8')
    } catch {
      continue
    }
    const lines = text.split('\n').slice(0, -1)
    if (lines.length >= count) return lines.map((line) => JSON.parse(line) as Sign) as [Sign, ...Sign[]]
  }
  throw new Error(`the task was not started ${count} times within ${PATIENCE_MS} ms`)
}
