// What was measured: values of several runs, of which the median is told, with the spread.

export type Unit = 'tasks/s' | 'ms' | 'us' | 'bytes' | 'MiB' | 'x' | '%'

export interface Figure {
  readonly name: string
  readonly unit: Unit
  /** One a run, in the order of the runs. */
  readonly values: readonly number[]
  /** How it came about, where the name does not say it. */
  readonly note?: string
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other)
  const middle = Math.floor(sorted.length / 2)
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2
}

/**
 * Of what was measured by turns, a run of one and then a run of the other: the median of the ratios of those neighbours. What the
 * machine does meanwhile, which in an hour makes a difference of a half, touches both alike.
 */
export function ratioByTurns(one: Figure, other: Figure): number {
  const turns = Math.min(one.values.length, other.values.length)
  return median(Array.from({ length: turns }, (_, turn) => one.values[turn]! / other.values[turn]!))
}

/** @param share 0.99 is the 99th percentile */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((one, other) => one - other)
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN
}

/** Three digits that count, and no more. */
export function rounded(value: number): string {
  if (!Number.isFinite(value)) return '-'
  const size = Math.abs(value)
  if (size >= 100) return Math.round(value).toLocaleString('en')
  return size >= 10 ? value.toFixed(1) : value.toFixed(2)
}

export function spread(values: readonly number[]): string {
  return `${rounded(Math.min(...values))} to ${rounded(Math.max(...values))}`
}
