// Times as protobuf has them.
import { DtrError } from '../../errors.js'
import type { Duration__Output as Duration } from './generated/google/protobuf/Duration.js'
import type { Timestamp__Output as Timestamp } from './generated/google/protobuf/Timestamp.js'

interface Parts {
  readonly seconds: number
  readonly nanos: number
}

export function partsOf(ms: number): Parts {
  return { seconds: Math.floor(ms / 1_000), nanos: Math.round((((ms % 1_000) + 1_000) % 1_000) * 1_000_000) }
}

export function timeOf(ms: number | undefined): Parts | null {
  return ms === undefined ? null : partsOf(ms)
}

/** @throws DtrError `bad_input` for one below nothing */
export function msOf(duration: Duration | null, field: string): number | undefined {
  if (duration === null) return undefined
  const ms = Number(duration.seconds) * 1_000 + duration.nanos / 1_000_000
  if (ms >= 0) return ms
  throw new DtrError('bad_input', `${field}: is less than nothing`)
}

export function dateOf(time: Timestamp | null): Date | undefined {
  return time === null ? undefined : new Date(Number(time.seconds) * 1_000 + Math.floor(time.nanos / 1_000_000))
}
