// Long tasks among short ones: whether work that is held ready at a worker waits behind what that worker runs.
import type { Figure } from '../figures.js'
import { Dtr } from '../systems/dtr.js'

export interface PrefetchOptions {
  readonly runs: number
  readonly workers: number
  readonly long: { readonly count: number; readonly ms: number }
  readonly short: { readonly count: number; readonly ms: number }
  readonly tell: (line: string) => void
}

export interface PrefetchFigures {
  /** Total time against that of slots which take the next task, in the order of the submits, the moment they are free. */
  readonly total: Figure
  /** The longest that a short task began after all that were submitted before it had begun. */
  readonly wait: Figure
}

/** Tasks a worker, before what is measured. */
const WARM_UP = 50

export async function prefetch(options: PrefetchOptions): Promise<PrefetchFigures> {
  const { runs, workers, long, short, tell } = options
  const every = Math.ceil((long.count + short.count) / long.count)
  const tasks = Array.from({ length: long.count + short.count }, (_, n) => (n % every === 0 ? long.ms : short.ms))
  const ideal = idealOf(tasks, workers)
  const [totals, waits]: [number[], number[]] = [[], []]
  for (let run = 0; run < runs; run += 1) {
    const { tookMs, began } = await once(options, tasks)
    totals.push(tookMs / ideal.tookMs)
    waits.push(longestWait(tasks, began, short.ms))
    tell(`${totals.at(-1)?.toFixed(2)} of the ideal, a short one waited ${Math.round(waits.at(-1) ?? 0)} ms`)
  }
  const mix = `${long.count} of ${long.ms} ms among ${short.count} of ${short.ms} ms`
  const idealWait = Math.round(longestWait(tasks, ideal.began, short.ms))
  return {
    total: { name: `${workers} workers, ${mix}: total against the ideal`, unit: 'x', values: totals },
    wait: { name: `longest wait of a short task behind a long one, ideal ${idealWait}`, unit: 'ms', values: waits },
  }
}

/** When each began, and all had ended. */
interface Schedule {
  readonly began: readonly number[]
  readonly tookMs: number
}

/** Slots that take the next task the moment they are free. */
function idealOf(tasks: readonly number[], slots: number): Schedule {
  const freeAt = new Array<number>(slots).fill(0)
  const began = tasks.map((ms) => {
    const atMs = Math.min(...freeAt)
    freeAt[freeAt.indexOf(atMs)] = atMs + ms
    return atMs
  })
  return { began, tookMs: Math.max(...freeAt) }
}

/** How long after all that were submitted before it had begun; while long ones hold every slot, it has to. */
function longestWait(tasks: readonly number[], began: readonly number[], shortMs: number): number {
  let [before, longest] = [began[0] ?? Number.NaN, 0]
  for (const [index, atMs] of began.entries()) {
    if (tasks[index] === shortMs) longest = Math.max(longest, atMs - before)
    before = Math.max(before, atMs)
  }
  return longest
}

async function once({ workers, short }: PrefetchOptions, tasks: readonly number[]): Promise<Schedule> {
  const dtr = new Dtr({ workers, slots: 1 })
  try {
    await dtr.start()
    // All know what the short ones take.
    const warm = Array.from({ length: workers * WARM_UP }, () => ({ ms: short.ms }))
    for await (const { state } of dtr.client.map('rest', warm)) if (state !== 'completed') throw new Error(state)
    const inputs = tasks.map((ms) => ({ ms }))
    const began: number[] = []
    const startMs = performance.now()
    for await (const { index, result } of dtr.client.map<{ atMs: number }>('rest', inputs, { window: inputs.length })) {
      began[index] = result?.atMs ?? Number.NaN
    }
    return { began, tookMs: performance.now() - startMs }
  } finally {
    await dtr.stop()
  }
}
