// Keys of a cluster: given out, and taken back. They are few, so all of them are looked at where one comes.
import type { WallMs } from '../clock.js'
import { defined } from './rows.js'
import {
  type CreateKeyOperation,
  KEYS_MAX,
  type KeyRecord,
  type NewKey,
  type OperationOutcome,
  type RevokeKeyOperation,
} from './store.js'
import type { Work } from './work.js'

export function createKey({ rows, now }: Work, { key }: CreateKeyOperation): OperationOutcome {
  const known = rows.keys.get(key.id)
  if (known !== undefined) {
    return sameKey(known, key)
      ? { kind: 'create-key', status: 'existing', key: known }
      : { kind: 'create-key', status: 'conflict' }
  }
  const keys = rows.keys.all()
  const forgotten = keys.length < KEYS_MAX ? undefined : endedFirst(keys, now)
  if (keys.length >= KEYS_MAX && forgotten === undefined) return { kind: 'create-key', status: 'full' }
  if (forgotten !== undefined) rows.keys.remove(forgotten.id)
  const { expiresMs, ...rest } = key
  const record: KeyRecord = defined({
    ...rest,
    createdAt: now,
    expiresAt: expiresMs === undefined ? undefined : now + expiresMs,
  }) as KeyRecord
  rows.keys.insert(record)
  return { kind: 'create-key', status: 'created', key: record, ...(forgotten && { forgotten: forgotten.id }) }
}

/** Once more it changes nothing: when it was revoked stays what it was. */
export function revokeKey({ rows, now }: Work, { id }: RevokeKeyOperation): OperationOutcome {
  const known = rows.keys.get(id)
  if (known === undefined) return { kind: 'revoke-key', status: 'unknown' }
  if (known.revokedAt !== undefined) return { kind: 'revoke-key', status: 'revoked', key: known }
  rows.keys.revoke(id, now)
  return { kind: 'revoke-key', status: 'revoked', key: { ...known, revokedAt: now } }
}

function sameKey(known: KeyRecord, key: NewKey): boolean {
  return (
    known.role === key.role &&
    known.name === key.name &&
    known.storedKey === key.storedKey &&
    known.serverKey === key.serverKey &&
    JSON.stringify(known.types) === JSON.stringify(key.types)
  )
}

/** What ended in this very batch stays: applied again, the batch must find it. */
function endedFirst(keys: readonly KeyRecord[], now: WallMs): KeyRecord | undefined {
  const ended = keys.filter((key) => endOf(key) < now)
  return ended.sort((one, other) => endOf(one) - endOf(other) || (one.id < other.id ? -1 : 1))[0]
}

function endOf({ expiresAt, revokedAt }: KeyRecord): WallMs {
  return Math.min(expiresAt ?? Number.POSITIVE_INFINITY, revokedAt ?? Number.POSITIVE_INFINITY)
}
