// Measures several systems by turns, run by run, so that what the machine does meanwhile touches all of them alike. Only
// the one that is measured runs.
import { type Figure, percentile } from './figures.js'
import { busyMs } from './machine.js'
import { Missing, type System } from './system.js'

export interface Contest {
  readonly runs: number
  /** Tasks of one run of throughput; of a system that is slow, a quarter. */
  readonly tasks: number
  /** Tasks of one run of latency. */
  readonly single: number
  /** Each is in use so long before it is measured: what runs for a moment is not compiled yet, and queues run for weeks. */
  readonly warmUpMs: { readonly tasks: number; readonly single: number }
  readonly tell: (line: string) => void
}

export interface Standing {
  readonly name: string
  readonly version: string
  readonly settings: string
  readonly expected: number | undefined
  readonly throughput: Figure
  readonly p50: Figure
  readonly p99: Figure
  /** What the machine does for one task, one at a time: of all processes together. */
  readonly processor: Figure
}

export interface Contestants {
  readonly standings: readonly Standing[]
  /** Who was left out, and why. */
  readonly missing: readonly string[]
}

/** What is missing on this machine is told and left out. */
export async function compete(systems: readonly (() => System)[], contest: Contest): Promise<Contestants> {
  const standings = new Map<string, Standing & Values>()
  const missing = new Map<number, string>()
  for (let run = 1; run <= contest.runs; run += 1) {
    for (const [index, make] of systems.entries()) {
      if (missing.has(index)) continue
      const system = make()
      try {
        await withPatience(system.name, measure(system, contest, standings))
        const last = standings.get(system.name)?.rates.at(-1)
        contest.tell(`run ${run} of ${contest.runs}: ${system.name} ${Math.round(last ?? 0)} tasks/s`)
      } catch (error) {
        if (!(error instanceof Missing)) throw error
        missing.set(index, `${system.name}: ${error.message}`)
        contest.tell(`LEFT OUT: ${missing.get(index)}`)
      } finally {
        await system.stop()
      }
    }
  }
  return { standings: [...standings.values()], missing: [...missing.values()] }
}

/** Who does nothing for so long is told and left out, so that the others are measured. */
const PATIENCE_MS = 300_000

async function withPatience(name: string, measuring: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const tooLong = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Missing(`${name} did not end within ${PATIENCE_MS / 1_000} s`)), PATIENCE_MS)
  })
  try {
    await Promise.race([measuring, tooLong])
  } finally {
    clearTimeout(timer)
    measuring.catch(() => {}) // Where it was too long it fails as its system ends.
  }
}

interface Values {
  readonly rates: number[]
  readonly p50s: number[]
  readonly p99s: number[]
  readonly processorUs: number[]
}

async function measure(system: System, contest: Contest, standings: Map<string, Standing & Values>) {
  const { single, warmUpMs } = contest
  const tasks = system.slow ? Math.ceil(contest.tasks / 4) : contest.tasks
  await system.start()
  await warmUp(warmUpMs.tasks, () => system.throughput(tasks))
  const tookMs = await system.throughput(tasks)
  await warmUp(warmUpMs.single, () => system.latency(Math.ceil(single / 50)))
  const busyBefore = busyMs()
  const waits = await system.latency(single)
  const busy = busyMs() - busyBefore
  const standing = standings.get(system.name) ?? (await standingOf(system))
  standings.set(system.name, standing)
  standing.rates.push((tasks / tookMs) * 1_000)
  if (waits.length === 0) return
  standing.p50s.push(percentile(waits, 0.5))
  standing.p99s.push(percentile(waits, 0.99))
  standing.processorUs.push((busy / waits.length) * 1_000)
}

export async function warmUp(forMs: number, use: () => Promise<unknown>): Promise<void> {
  const began = performance.now()
  do await use()
  while (performance.now() - began < forMs)
}

async function standingOf(system: System): Promise<Standing & Values> {
  const [rates, p50s, p99s, processorUs]: [number[], number[], number[], number[]] = [[], [], [], []]
  return {
    ...{ name: system.name, version: await system.version(), settings: system.settings },
    expected: system.expected,
    throughput: { name: system.name, unit: 'tasks/s', values: rates },
    p50: { name: `${system.name}, p50`, unit: 'ms', values: p50s },
    p99: { name: `${system.name}, p99`, unit: 'ms', values: p99s },
    processor: { name: `${system.name}, processor a single task`, unit: 'us', values: processorUs },
    ...{ rates, p50s, p99s, processorUs },
  }
}
