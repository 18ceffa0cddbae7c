// Where a retry waits how long, pure: 1 s x 2^n with full jitter, at most 5 min (design: section 5, P16).

const BACKOFF_BASE_MS = 1_000
const BACKOFF_CAP_MS = 300_000

/**
 * The wait after the nth charged attempt (from 1) failed, in milliseconds.
 * @param jitter in [0, 1): where in the window the retry falls
 */
export function backoffMs(charged: number, jitter: number): number {
  const windowMs = Math.min(BACKOFF_CAP_MS, BACKOFF_BASE_MS * 2 ** Math.min(charged - 1, 30))
  return Math.floor(windowMs * jitter)
}

/** A number in [0, 1) drawn from a random id (FNV-1a): the same lease always gives the same jitter, in any store. */
export function jitterOf(id: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < id.length; index += 1) {
    hash = Math.imul(hash ^ id.charCodeAt(index), 0x01000193)
  }
  // FNV's last step mixes the high bits badly for ids that differ only at their end.
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d)
  hash = Math.imul(hash ^ (hash >>> 12), 0x297a2d39)
  return ((hash ^ (hash >>> 15)) >>> 0) / 2 ** 32
}
