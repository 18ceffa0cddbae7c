// Whether a backlog costs anything: the same throughput while ever more tasks wait, what each of them takes of the master's
// memory, and of the disk.
import { statSync } from 'node:fs'
import { join } from 'node:path'
import type { Figure } from '../figures.js'
import { residentBytes } from '../machine.js'
import { PAYLOAD } from '../system.js'
import { Dtr } from '../systems/dtr.js'

export interface BacklogOptions {
  readonly runs: number
  /** Tasks of one run of throughput. */
  readonly tasks: number
  /** How many tasks wait, from few to many. */
  readonly backlogs: readonly number[]
  /** How many of a type that nobody serves. */
  readonly unserved: number
  readonly tell: (line: string) => void
}

export interface BacklogFigures {
  /** By the number of tasks that wait, behind the measured ones. */
  readonly pending: readonly { readonly backlog: number; readonly figure: Figure }[]
  readonly delayed: Figure
  readonly unserved: Figure
  /** Of the master, a pending task. */
  readonly memory: Figure
  readonly disk: Figure
}

/** They wait behind the measured ones, which a claim must find before them. */
const BEHIND = { priority: -1 }
const A_DAY = { delay: '1d' }
const WINDOW = 20_000
const STEPS = 40
const FIFTH = STEPS / 5

export async function backlog(options: BacklogOptions): Promise<BacklogFigures> {
  const { backlogs, unserved, runs, tell } = options
  const largest = backlogs.at(-1) ?? 0
  const pending = backlogs.map((count) => situation(`${shown(count)} pending`, count, 'noop', BEHIND))
  const delayed = situation(`${shown(largest)} delayed`, largest, 'noop', A_DAY)
  const nobody = situation(`${shown(unserved)} of a type that nobody serves`, unserved, 'nobody', {})
  for (let run = 1; run <= runs; run += 1) {
    for (const one of [...pending, delayed, nobody]) {
      const measured = await measure(options.tasks, one)
      one.measured.push(measured)
      tell(`run ${run} of ${runs}: ${one.name}: ${Math.round(measured.rate)} tasks/s`)
    }
  }
  const most = pending.at(-1)?.measured ?? []
  return {
    pending: pending.map((one) => ({ backlog: one.count, figure: rateOf(one) })),
    delayed: rateOf(delayed),
    unserved: rateOf(nobody),
    memory: { name: 'memory of the master a pending task', unit: 'bytes', values: most.map(({ memory }) => memory) },
    disk: { name: 'on disk a pending task', unit: 'bytes', values: most.map(({ disk }) => disk) },
  }
}

/** What waits while others are measured, and what came of it, a run each. */
interface Situation {
  readonly name: string
  readonly count: number
  readonly type: string
  readonly how: object
  readonly measured: Measured[]
}

function situation(name: string, count: number, type: string, how: object): Situation {
  return { name, count, type, how, measured: [] }
}

interface Measured {
  readonly rate: number
  /** Bytes a task that waits. */
  readonly memory: number
  readonly disk: number
}

function rateOf({ name, measured }: Situation): Figure {
  return { name, unit: 'tasks/s', values: measured.map(({ rate }) => rate) }
}

/**
 * The workers come when all of them wait; what they do of those meanwhile counts as well. What one takes: while the first
 * fifth comes, the master's heap grows to what the traffic needs, however many wait; the next two fifths are compared with
 * the last two, memory by its lowest, which is that after a collection.
 */
async function measure(tasks: number, { count, type, how }: Situation): Promise<Measured> {
  const dtr = new Dtr({ workers: 0 })
  try {
    await dtr.start()
    const looks: { memory: number; disk: number }[] = []
    for (let step = 1; step <= STEPS; step += 1) {
      await fill(dtr, count / STEPS, type, how)
      looks.push({ memory: residentBytes(dtr.masterPid), disk: diskOf(dtr) })
    }
    const parts = [looks.slice(-4 * FIFTH, -2 * FIFTH), looks.slice(-2 * FIFTH)]
    const between = (count * 2) / 5
    const [lower = 0, upper = 0] = parts.map((part) => Math.min(...part.map(({ memory }) => memory)))
    const memory = (upper - lower) / between
    const [first = 0, last = 0] = parts.map((part) => part.at(-1)?.disk)
    const disk = (last - first) / between
    await dtr.startWorkers(2)
    await dtr.throughput(Math.ceil(tasks / 10))
    const before = await dtr.completed()
    const tookMs = await dtr.throughput(tasks)
    const rate = (((await dtr.completed()) - before) / tookMs) * 1_000
    return { rate, memory, disk }
  } finally {
    await dtr.stop()
  }
}

export async function fill(dtr: Dtr, count: number, type: string, how: object): Promise<void> {
  const under = new Set<Promise<unknown>>()
  for (let n = 0; n < count; n += 1) {
    const accepted = dtr.client.submit(type, PAYLOAD, how).finally(() => under.delete(accepted))
    under.add(accepted)
    if (under.size >= WINDOW) await under.values().next().value
  }
  await Promise.all(under)
}

/** The file, and what has not been moved into it yet. */
function diskOf(dtr: Dtr): number {
  const { data } = dtr.cluster.settings
  return ['tasks.db', 'tasks.db-wal'].reduce((sum, name) => sum + statSync(join(data, name)).size, 0)
}

function shown(count: number): string {
  return count.toLocaleString('en')
}
