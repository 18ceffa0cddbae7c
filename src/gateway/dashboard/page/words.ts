// Numbers and times as people read them. Pure.

export function spanOf(ms: number): string {
  if (ms < 1) return '0 ms'
  if (ms < 1_000) return `${Math.round(ms)} ms`
  if (ms < 60_000) return `${(ms / 1_000).toFixed(ms < 10_000 ? 1 : 0)} s`
  if (ms < 3_600_000) return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1_000)} s`
  if (ms < 172_800_000) return `${Math.floor(ms / 3_600_000)} h ${Math.round((ms % 3_600_000) / 60_000)} min`
  return `${Math.floor(ms / 86_400_000)} days`
}

export function countOf(count: number): string {
  return Math.round(count).toLocaleString('en')
}

export function bytesOf(bytes: number): string {
  const mib = bytes / 1_024 ** 2
  return mib < 999.5 ? `${Math.round(mib)} MiB` : `${(mib / 1_024).toFixed(1)} GiB`
}

export function rateOf(rate: number): string {
  if (rate === 0) return '0'
  return rate < 10 ? rate.toFixed(1) : countOf(rate)
}

export function clockOf(at: number | string): string {
  return new Date(at).toLocaleTimeString('en-GB')
}

/** The end of an id: its beginning is a time, and the same for many. */
export function shortId(id: string): string {
  return id.length > 12 ? `…${id.slice(-8)}` : id
}

export function many(count: number, one: string, more = `${one}s`): string {
  return `${countOf(count)} ${count === 1 ? one : more}`
}
