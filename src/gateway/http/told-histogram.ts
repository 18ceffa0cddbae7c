// A histogram that somebody else has counted, as prom-client writes those that it counts itself.
import type { Metric } from 'prom-client'
import type { Durations } from '../../task/histogram.js'

interface Value {
  readonly metricName: string
  readonly labels: Readonly<Record<string, string | number>>
  readonly value: number
}

export class ToldHistogram {
  #values: readonly Value[] = []

  constructor(
    private readonly name: string,
    private readonly help: string,
  ) {}

  tell(boundsMs: readonly number[], { counts, sumMs }: Durations): void {
    const { name } = this
    let sum = 0
    const buckets = counts.map((count, index): Value => {
      sum += count
      const bound = boundsMs[index]
      return { metricName: `${name}_bucket`, labels: { le: bound === undefined ? '+Inf' : bound / 1_000 }, value: sum }
    })
    this.#values = [
      ...buckets,
      { metricName: `${name}_sum`, labels: {}, value: sumMs / 1_000 },
      { metricName: `${name}_count`, labels: {}, value: sum },
    ]
  }

  /** What a registry needs of it. */
  get metric(): Metric {
    const { name, help } = this
    const get = async () => ({ name, help, type: 'histogram', values: this.#values, aggregator: 'sum' })
    return { name, get, reset: () => this.#forget() } as unknown as Metric
  }

  #forget(): void {
    this.#values = []
  }
}
