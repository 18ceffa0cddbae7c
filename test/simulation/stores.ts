// What the disk keeps tasks in: the store in memory, or the rows of the SQLite store in a database that is in memory itself,
// so that its statements go through the same histories. What its thread and its file do the tests of the store hold.
import Database from 'better-sqlite3'
import { applyBatch, readLogs, readReputations, readTasks } from '../../src/store/apply.js'
import { listFailures, listTasks } from '../../src/store/listing.js'
import { openStore } from '../../src/store/open.js'
import { SqliteRows } from '../../src/store/sqlite/rows.js'
import { MIGRATIONS } from '../../src/store/sqlite/schema.js'
import type { Batch, Store, StoreLimits } from '../../src/store/store.js'

export type StoreKind = 'memory' | 'sqlite'

export async function openDisk(kind: StoreKind, limits: StoreLimits): Promise<Store> {
  return kind === 'memory' ? openStore({ kind, limits }) : openSqlite(limits)
}

function openSqlite(limits: StoreLimits): Store {
  const database = new Database(':memory:')
  for (const migration of MIGRATIONS) database.exec(migration)
  const rows = new SqliteRows(database)
  const apply = database.transaction((batch: Batch) => applyBatch(rows, batch, limits)).immediate
  return {
    apply: async (batch) => apply(batch),
    get: async (ids) => readTasks(rows, ids),
    list: async (filter, page) => listTasks(rows, filter, page),
    failures: async (filter, cursor) => listFailures(rows, filter, cursor),
    logs: async (id, after) => readLogs(rows, id, after),
    counts: async () => rows.counts(),
    holders: async () => rows.holders(),
    keys: async () => rows.keys.all(),
    reputations: async () => readReputations(rows),
    close: async () => void database.close(),
  }
}
