// How near to perfect more workers are: tasks that rest, one slot a worker, against what so many slots could do at best.
import type { Figure } from '../figures.js'
import { Dtr } from '../systems/dtr.js'

export interface ScaleOptions {
  readonly runs: number
  readonly workers: readonly number[]
  readonly restMs: readonly number[]
  /** How long one measurement lasts about. */
  readonly forMs: number
  readonly tell: (line: string) => void
}

export interface ScaleFigure {
  readonly workers: number
  readonly restMs: number
  readonly figure: Figure
  /** Tasks a second that these slots could do if nothing else took time; none for tasks that take none. */
  readonly perfect: number | undefined
}

export async function scale({ runs, workers, restMs, forMs, tell }: ScaleOptions): Promise<readonly ScaleFigure[]> {
  const figures: ScaleFigure[] = []
  for (const count of workers) {
    const values = new Map<number, number[]>(restMs.map((ms) => [ms, []]))
    for (let run = 0; run < runs; run += 1) {
      const dtr = new Dtr({ workers: count, slots: 1 })
      try {
        await dtr.start()
        await rate(dtr, 0, forMs / 3)
        for (const ms of restMs) values.get(ms)?.push(await rate(dtr, ms, forMs))
      } finally {
        await dtr.stop()
      }
    }
    for (const ms of restMs) {
      const figure: Figure = { name: `${count} workers, ${ms} ms`, unit: 'tasks/s', values: values.get(ms) ?? [] }
      figures.push({ workers: count, restMs: ms, figure, perfect: perfectOf(count, ms) })
      tell(`${figure.name}: ${figure.values.map((value) => Math.round(value)).join(', ')} tasks/s`)
    }
  }
  return figures
}

function perfectOf(workers: number, restMs: number): number | undefined {
  return restMs === 0 ? undefined : (workers / restMs) * 1_000
}

/** Of tasks that are submitted for so long, each when there is room for it. */
async function rate(dtr: Dtr, ms: number, forMs: number): Promise<number> {
  const [type, input] = ms === 0 ? ['noop', null] : ['rest', { ms }]
  const began = performance.now()
  function* inputs(): Generator<unknown, void> {
    while (performance.now() - began < forMs) yield input
  }
  let count = 0
  for await (const { state } of dtr.client.map(type, inputs())) {
    if (state !== 'completed') throw new Error(`a task was ${state}`)
    count += 1
  }
  return (count / (performance.now() - began)) * 1_000
}
