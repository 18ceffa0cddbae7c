// Opens a store. The only file that knows which implementations there are; everybody else knows the seam, store.ts.
import { openMemoryStore } from './memory.js'
import type { LockOptions } from './sqlite/lock.js'
import { openSqliteStore } from './sqlite/sqlite-store.js'
import type { Store, StoreLimits } from './store.js'

export { type BackupOptions, backUp } from './sqlite/backup.js'
export { checkData, type DataSummary, inspectData } from './sqlite/copy.js'
export { PUT_A_BACKUP_THERE } from './sqlite/database.js'
export { type DataHeader, readHeader } from './sqlite/header.js'
export type { DataHolder } from './sqlite/lock.js'
export { type RestoreOptions, type RestoreReport, restore } from './sqlite/restore.js'
export { isDiskShort } from './sqlite/room.js'
export { DATA_FILE } from './sqlite/sqlite-store.js'

export type StoreOptions =
  | { readonly kind: 'memory'; readonly limits: StoreLimits }
  /** In `<folder>/tasks.db`; the folder is made where it is missing. */
  | ({ readonly kind: 'sqlite'; readonly limits: StoreLimits } & LockOptions)

/**
 * @throws DtrError `data_in_use` where another master holds the folder, `data_refused` where the file is not ours or of a
 * newer dtr, `store_failed` where the disk does not do what it must
 */
export async function openStore(options: StoreOptions): Promise<Store> {
  return options.kind === 'memory' ? openMemoryStore(options.limits) : openSqliteStore(options)
}
