// How much ends a second, from the counters of the workers as they were told one after the other. Pure: each sample gives
// new rates. A counter that went down belongs to a master that was started anew, and counts from nothing.
export interface Sample {
  readonly atMs: number
  /** Attempts that ended there, by worker. */
  readonly ended: ReadonlyMap<string, number>
}

interface Point extends Sample {
  /** All that was seen to end up to here. */
  readonly total: number
}

/** A rate is the mean of so long: of a second alone it would jump. */
const WINDOW_MS = 10_000
const KEPT_MS = 60_000

export class Rates {
  constructor(private readonly points: readonly Point[] = []) {}

  with(sample: Sample): Rates {
    const before = this.points.at(-1)
    const total = before === undefined ? 0 : before.total + endedBetween(before, sample)
    const kept = this.points.filter(({ atMs }) => atMs > sample.atMs - KEPT_MS - WINDOW_MS)
    return new Rates([...kept, { ...sample, total }])
  }

  /** None, as long as there is nothing to compare with. */
  get all(): number | undefined {
    const [from, to] = this.#window()
    return from === undefined || to === undefined ? undefined : perSecond(to.total - from.total, from, to)
  }

  of(worker: string): number | undefined {
    const [from, to] = this.#window()
    if (from === undefined || to === undefined) return undefined
    return perSecond(increase(from.ended.get(worker) ?? to.ended.get(worker), to.ended.get(worker)), from, to)
  }

  /** Between each two samples, the newest last. */
  recent(most: number): readonly number[] {
    const points = this.points.slice(-most - 1)
    return points.slice(1).map((to, index) => perSecond(to.total - points[index]!.total, points[index]!, to))
  }

  #window(): readonly [Point | undefined, Point | undefined] {
    const to = this.points.at(-1)
    const from = to && this.points.find(({ atMs }) => atMs >= to.atMs - WINDOW_MS)
    return from === to ? [undefined, undefined] : [from, to]
  }
}

function endedBetween(from: Sample, to: Sample): number {
  let sum = 0
  for (const [worker, count] of to.ended) sum += increase(from.ended.get(worker) ?? 0, count)
  return sum
}

function increase(from = 0, to = 0): number {
  return to >= from ? to - from : to
}

function perSecond(count: number, from: Sample, to: Sample): number {
  return (count * 1_000) / Math.max(1, to.atMs - from.atMs)
}
