// Keys in SQLite: one prepared statement for each step.
import type Database from 'better-sqlite3'
import type { WallMs } from '../../clock.js'
import type { KeyRole } from '../../task/roles.js'
import { defined, type KeyRows } from '../rows.js'
import type { KeyRecord } from '../store.js'

interface StoredKey {
  readonly id: string
  readonly role: KeyRole
  /** A JSON list. */
  readonly types: string | null
  readonly name: string | null
  readonly createdAt: WallMs
  readonly expiresAt: WallMs | null
  readonly revokedAt: WallMs | null
  readonly storedKey: string
  readonly serverKey: string
}

const KEY = `
  id, role, types, name, created_at AS createdAt, expires_at AS expiresAt, revoked_at AS revokedAt,
  stored_key AS storedKey, server_key AS serverKey`

export class SqliteKeys implements KeyRows {
  readonly #statements: ReturnType<typeof prepare>

  constructor(database: Database.Database) {
    this.#statements = prepare(database)
  }

  get(id: string): KeyRecord | undefined {
    const stored = this.#statements.get.get(id)
    return stored === undefined ? undefined : recordOf(stored)
  }

  all(): readonly KeyRecord[] {
    return this.#statements.all.all().map(recordOf)
  }

  insert({ id, role, types, name, createdAt, expiresAt, storedKey, serverKey }: KeyRecord): void {
    const listed = types === undefined ? null : JSON.stringify(types)
    this.#statements.insert.run(id, role, listed, name ?? null, createdAt, expiresAt ?? null, storedKey, serverKey)
  }

  revoke(id: string, now: WallMs): void {
    this.#statements.revoke.run(now, id)
  }

  remove(id: string): void {
    this.#statements.remove.run(id)
  }
}

function prepare(database: Database.Database) {
  return {
    get: database.prepare<[string], StoredKey>(`SELECT ${KEY} FROM access_keys WHERE id = ?`),
    all: database.prepare<[], StoredKey>(`SELECT ${KEY} FROM access_keys ORDER BY id`),
    insert: database.prepare(`
      INSERT INTO access_keys (id, role, types, name, created_at, expires_at, stored_key, server_key)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?)`),
    revoke: database.prepare<[WallMs, string]>('UPDATE access_keys SET revoked_at = ? WHERE id = ?'),
    remove: database.prepare<[string]>('DELETE FROM access_keys WHERE id = ?'),
  }
}

function recordOf({ types, name, expiresAt, revokedAt, ...stored }: StoredKey): KeyRecord {
  return defined({
    ...stored,
    types: types === null ? undefined : (JSON.parse(types) as readonly string[]),
    name: name ?? undefined,
    expiresAt: expiresAt ?? undefined,
    revokedAt: revokedAt ?? undefined,
  }) as KeyRecord
}
