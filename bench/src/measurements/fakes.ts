// What the master alone costs, by its own processor time: workers that are only their half of the protocol, few and many,
// each with the slots of a real one; all together beat as often, so that what differs is their number.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { readKey } from '../../../dist/src/protocol/key.js'
import { warmUp } from '../contest.js'
import type { Figure } from '../figures.js'
import { processorMs } from '../machine.js'
import { CONCURRENCY } from '../system.js'
import { Dtr } from '../systems/dtr.js'
import { FakeWorker, type FakeWorkerOptions } from './fake-worker.js'

export interface FakeOptions {
  readonly runs: number
  readonly workers: readonly number[]
  readonly tasks: number
  readonly idleMs: number
  /** A master that is young costs twice as much: what runs for a moment is not compiled yet. */
  readonly warmUpMs: number
  readonly tell: (line: string) => void
}

export interface FakeFigures {
  readonly workers: number
  /** Processor time of the master, beyond what it takes without any worker. */
  readonly beat: Figure
  readonly task: Figure
}

/** Of all workers together: that of a thousand workers that beat each 2 s. */
const BEATS_A_SECOND = 500
const JOINING = 50

export async function fakes(options: FakeOptions): Promise<readonly FakeFigures[]> {
  const measured = options.workers.map((workers) => ({ workers, beats: [] as number[], tasks: [] as number[] }))
  for (let run = 1; run <= options.runs; run += 1) {
    for (const { workers, beats, tasks } of measured) {
      const { beat, task } = await once(workers, options)
      beats.push(beat)
      tasks.push(task)
      options.tell(
        `run ${run} of ${options.runs}: ${workers} fake workers: ${Math.round(beat)} us a heartbeat, ${Math.round(task)} us a task`,
      )
    }
  }
  return measured.map(({ workers, beats, tasks }) => ({
    workers,
    beat: { name: `${workers} workers, a heartbeat`, unit: 'us', values: beats },
    task: { name: `${workers} workers, a task`, unit: 'us', values: tasks },
  }))
}

async function once(count: number, { tasks, idleMs, warmUpMs }: FakeOptions): Promise<{ beat: number; task: number }> {
  const dtr = new Dtr({ workers: 0 })
  let workers: readonly FakeWorker[] = []
  try {
    await dtr.start()
    const idle = await busyMs(dtr, () => pause(idleMs))
    const heartbeatMs = (count / BEATS_A_SECOND) * 1_000
    workers = await joinFakes(dtr, count, { heartbeatMs, slots: CONCURRENCY })
    await warmUp(warmUpMs, () => dtr.throughput(tasks))
    const beating = await busyMs(dtr, () => pause(idleMs))
    const working = await busyMs(dtr, () => dtr.throughput(tasks))
    const beat = ((beating.ofProcessor - idle.ofProcessor) * 1_000) / ((beating.ofTime / 1_000) * BEATS_A_SECOND)
    // It beats and looks for workers meanwhile as well.
    const other = (beating.ofProcessor / beating.ofTime) * working.ofTime
    return { beat, task: ((working.ofProcessor - other) * 1_000) / tasks }
  } finally {
    for (const worker of workers) worker.end()
    await dtr.stop()
  }
}

/** So many, some at a time. */
export async function joinFakes(
  dtr: Dtr,
  count: number,
  how: Pick<FakeWorkerOptions, 'heartbeatMs' | 'slots'>,
): Promise<readonly FakeWorker[]> {
  const workers: FakeWorker[] = []
  while (workers.length < count) {
    const some = Array.from({ length: Math.min(JOINING, count - workers.length) }, (_, n) => workers.length + n)
    const joined = some.map((n) => FakeWorker.join(`fake-${n}`, { ...masterOf(dtr), ...how }))
    workers.push(...(await Promise.all(joined)))
  }
  return workers
}

function masterOf({ cluster }: Dtr): { key: ReturnType<typeof readKey>; port: number } {
  const key = readKey(readFileSync(join(cluster.settings.data, 'secret'), 'utf8').trim())
  return { key, port: cluster.master?.port ?? 0 }
}

/** Milliseconds of the master's processor, and of the clock. */
async function busyMs(dtr: Dtr, during: () => Promise<unknown>): Promise<{ ofProcessor: number; ofTime: number }> {
  const [from, began] = [processorMs(dtr.masterPid), performance.now()]
  await during()
  return { ofProcessor: processorMs(dtr.masterPid) - from, ofTime: performance.now() - began }
}
