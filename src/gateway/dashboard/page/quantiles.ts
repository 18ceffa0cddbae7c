// How long things took lately, from the histograms of /metrics: what came since the look before. Pure.

export interface Histogram {
  /** Seconds, and how many took at most that long since the master started. */
  readonly buckets: readonly (readonly [number, number])[]
}

export function histogramOf(text: string, name: string): Histogram {
  const buckets: [number, number][] = []
  for (const line of text.split('\n')) {
    if (!line.startsWith(`${name}_bucket{`)) continue
    const [, bound = '', count = ''] = /le="([^"]+)"[^}]*} (\S+)/.exec(line) ?? []
    buckets.push([bound === '+Inf' ? Number.POSITIVE_INFINITY : Number(bound), Number(count)])
  }
  return { buckets }
}

/** In seconds: between two looks, the value below which the part `q` lies; nothing where nothing came. */
export function quantile(before: Histogram | undefined, now: Histogram, q: number): number | undefined {
  const came = now.buckets.map(([bound, count], index) => [bound, count - (before?.buckets[index]?.[1] ?? 0)] as const)
  const total = came.at(-1)?.[1] ?? 0
  if (total <= 0) return undefined
  let lower = 0
  let below = 0
  for (const [bound, count] of came) {
    if (count >= q * total) {
      if (bound === Number.POSITIVE_INFINITY || count === below) return lower
      return lower + (bound - lower) * ((q * total - below) / (count - below))
    }
    lower = bound
    below = count
  }
  return lower
}
