// Gives back to the disk what was pruned: a file in which much is free becomes shorter, a small step at a time, so that
// nobody who commits waits long. What is free and stays is used again by new tasks, which is cheaper than to shrink and grow.
//
// Who reads the file meanwhile, a backup for instance, is not disturbed: it sees the state of its beginning, and as long
// as it does the log keeps what is newer.
import Database from 'better-sqlite3'

/** SQLite's word for auto_vacuum=INCREMENTAL. */
const INCREMENTAL = 2
/** Free pages below which nothing is given back: 4 MiB. */
const FREE_PAGES_KEPT = 1_024
/** And a tenth of the file. */
const FREE_SHARE_KEPT = 0.1
/** Pages that one step gives back: a few milliseconds. */
const PAGES_A_STEP = 128
/** Between two steps work goes first, also where there is always some. */
const STEP_MS = 20
/** Where somebody reads an old state, or writes. */
const DISTURBED_MS = 1_000

/** Makes a file, new or old, one that can become shorter. An old one is written anew once. */
export function makeShrinkable(database: Database.Database): void {
  if (numberOf(database, 'auto_vacuum') === INCREMENTAL) return
  database.pragma(`auto_vacuum = ${INCREMENTAL}`)
  if (numberOf(database, 'page_count') > 0) database.exec('VACUUM')
}

export class Space {
  /** Pages were given back, but the file is as long as before until the log is brought into it. */
  #unsettled = false

  constructor(private readonly database: Database.Database) {}

  /**
   * One step, outside of any transaction.
   * @returns how long to wait before the next one, in milliseconds; undefined where all is done
   */
  giveBack(): number | undefined {
    const busyMs = numberOf(this.database, 'busy_timeout')
    try {
      // Where another program writes there is nothing to wait for here.
      this.database.pragma('busy_timeout = 0')
      return this.#step()
    } catch (error) {
      if (error instanceof Database.SqliteError && error.code.startsWith('SQLITE_BUSY')) return DISTURBED_MS
      throw error
    } finally {
      this.database.pragma(`busy_timeout = ${busyMs}`)
    }
  }

  #step(): number | undefined {
    if (muchIsFree(this.database)) {
      this.database.pragma(`incremental_vacuum(${PAGES_A_STEP})`)
      this.#unsettled = true
      return STEP_MS
    }
    if (!this.#unsettled) return undefined
    const [log] = this.database.pragma('wal_checkpoint(PASSIVE)') as {
      busy: number
      log: number
      checkpointed: number
    }[]
    this.#unsettled = log?.busy !== 0 || log.checkpointed < log.log
    return this.#unsettled ? DISTURBED_MS : undefined
  }
}

function muchIsFree(database: Database.Database): boolean {
  const free = numberOf(database, 'freelist_count')
  return free > FREE_PAGES_KEPT && free > numberOf(database, 'page_count') * FREE_SHARE_KEPT
}

function numberOf(database: Database.Database, name: string): number {
  return Number(database.pragma(name, { simple: true }))
}
