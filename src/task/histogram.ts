// How long many things took, as counts by bucket: one addition for each, and no object. Bounds are those of everybody, so that
// counts of several places can be added up.

/** Milliseconds; each bucket holds what took so long or less, and the last, beyond them, the rest. */
export const BOUNDS_MS: readonly number[] = [
  1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000, 300_000, 900_000, 3_600_000,
  21_600_000, 86_400_000,
]

export interface Durations {
  /** By bucket, not added up. */
  readonly counts: readonly number[]
  readonly sumMs: number
}

export class Histogram implements Durations {
  readonly counts: number[] = BOUNDS_MS.map(() => 0).concat(0)
  sumMs = 0

  add(ms: number): void {
    const took = ms > 0 ? ms : 0
    let bucket = 0
    while (bucket < BOUNDS_MS.length && took > BOUNDS_MS[bucket]!) bucket += 1
    this.counts[bucket]! += 1
    this.sumMs += took
  }

  addAll({ counts, sumMs }: Durations): void {
    for (let bucket = 0; bucket < this.counts.length; bucket += 1) this.counts[bucket]! += counts[bucket] ?? 0
    this.sumMs += sumMs
  }

  /** As it is now. */
  copy(): { counts: number[]; sumMs: number } {
    return { counts: [...this.counts], sumMs: Math.round(this.sumMs) }
  }
}
