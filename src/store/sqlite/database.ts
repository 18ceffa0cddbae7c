// Opens the data file, or refuses it. What always holds once it is open: it is of the version this code knows, commits
// reach the disk before they return (asserted, P1), and what an earlier process left in the log is on disk as well.
import { closeSync, fsyncSync, openSync, rmSync } from 'node:fs'
import Database from 'better-sqlite3'
import { DtrError, messageOf } from '../../errors.js'
import { MIGRATIONS, TABLES } from './schema.js'
import { makeShrinkable } from './space.js'

/** SQLite's word for synchronous=FULL. */
const FULL = 2
/** Another program that reads or writes the file gets so much patience. */
const BUSY_MS = 5_000
/** Pages in the write-ahead log before they are copied into the file: fewer copies under load, 16 MiB of log. */
const CHECKPOINT_PAGES = 4_000
const LOG_BYTES_KEPT = 64 * 1024 * 1024
/** Pages held in memory. A commit walks over all of them, so many cost more than they save: the system holds the file, too. */
const CACHE_KIB = 4_000

export function openDatabase(file: string, migrations = MIGRATIONS): Database.Database {
  const database = connect(file, BUSY_MS)
  try {
    const version = checkVersion(database, file, migrations.length)
    if (version === 0) makeShrinkable(database)
    makeDurable(database)
    migrate(database, file, version, migrations)
    makeShrinkable(database)
    set(database, 'cache_size', String(-CACHE_KIB), -CACHE_KIB) // Behind the migrations, which sort in it.
    settleLog(database, file)
    return database
  } catch (error) {
    database.close()
    throw damageOf(error, file) ?? error
  }
}

/** @param busyMs how long a statement waits for another process that holds the file */
export function connect(file: string, busyMs: number): Database.Database {
  try {
    // Payloads are nobody else's business; what SQLite makes beside it takes the mode of this.
    closeSync(openSync(file, 'a', 0o600))
    return new Database(file, { timeout: busyMs })
  } catch (error) {
    throw new DtrError('store_failed', `${file} cannot be opened: ${messageOf(error)}`, { cause: error })
  }
}

/** Refuses what this code does not know, before a byte of it is changed. */
function checkVersion(database: Database.Database, file: string, known: number): number {
  const version = Number(database.pragma('user_version', { simple: true }))
  if (version > known) {
    throw new DtrError('data_refused', `${file} has schema version ${version}, this dtr knows up to ${known}`, {
      hint: 'use the dtr that wrote it or a newer one, or another folder (--data)',
    })
  }
  const tables = database.prepare(`SELECT name FROM sqlite_schema WHERE type = 'table'`).pluck().all()
  const missing = TABLES.filter((name) => !tables.includes(name))
  if (version > 0 && missing.length > 0) {
    throw new DtrError('data_refused', `${file} has schema version ${version}, but no table ${missing.join(', ')}`, {
      hint: PUT_A_BACKUP_THERE,
    })
  }
  if (version === 0 && tables.length > 0) {
    throw new DtrError('data_refused', `${file} is a SQLite file, but not one of dtr`, {
      hint: 'choose another folder (--data)',
    })
  }
  return version
}

/** What to do about a file that SQLite cannot read. */
export const PUT_A_BACKUP_THERE = 'move tasks.db* away, then: dtr restore BACKUP'

/** Where SQLite says that the file is not its own, or is not whole. */
function damageOf(error: unknown, file: string): DtrError | undefined {
  if (!(error instanceof Database.SqliteError)) return undefined
  const cause = { hint: PUT_A_BACKUP_THERE, cause: error }
  if (error.code === 'SQLITE_NOTADB') return new DtrError('data_refused', `${file} is not a SQLite file`, cause)
  if (!error.code.startsWith('SQLITE_CORRUPT')) return undefined
  return new DtrError('data_refused', `${file} is damaged: ${messageOf(error)}`, cause)
}

/** better-sqlite3 opens an existing WAL file with synchronous=NORMAL, under which power loss takes acknowledged rows. */
function makeDurable(database: Database.Database): void {
  set(database, 'journal_mode', 'wal', 'wal')
  set(database, 'synchronous', 'FULL', FULL)
  if (process.platform === 'darwin') {
    set(database, 'fullfsync', '1', 1)
    set(database, 'checkpoint_fullfsync', '1', 1)
  }
  set(database, 'wal_autocheckpoint', String(CHECKPOINT_PAGES), CHECKPOINT_PAGES)
  set(database, 'journal_size_limit', String(LOG_BYTES_KEPT), LOG_BYTES_KEPT)
}

function set(database: Database.Database, name: string, value: string, expected: string | number): void {
  database.pragma(`${name} = ${value}`)
  const actual = database.pragma(name, { simple: true })
  if (actual !== expected) {
    throw new DtrError('store_failed', `the data file does not take ${name}=${value}; it says ${String(actual)}`)
  }
}

/** An older version is copied beside the file first, then brought up in one transaction. */
function migrate(database: Database.Database, file: string, version: number, migrations: readonly string[]): void {
  if (version === migrations.length) return
  if (version > 0) backUp(database, `${file}.v${version}`)
  const bringUp = database.transaction(() => {
    for (const migration of migrations.slice(version)) database.exec(migration)
    database.pragma(`user_version = ${migrations.length}`)
  })
  bringUp.exclusive()
}

function backUp(database: Database.Database, copy: string): void {
  rmSync(copy, { force: true }) // Of a try that did not come to its end: the file itself is still of the old version.
  database.prepare('VACUUM INTO ?').run(copy)
  const descriptor = openSync(copy, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

/**
 * Brings into the file, and with it on disk, what the log holds. A process that was killed, or whose fsync failed, may
 * have left a whole commit there that no fsync covered; it is visible from now on, and so might be acknowledged (P4).
 */
function settleLog(database: Database.Database, file: string): void {
  const [result] = database.pragma('wal_checkpoint(FULL)') as { busy: number }[]
  if (result?.busy !== 0) {
    throw new DtrError(
      'store_failed',
      `another program reads an old state of ${file} and keeps it from being settled`,
      {
        hint: 'end that program (sqlite3?)',
      },
    )
  }
}

/** What SQLite could not do, as an error of the world. A broken constraint is none: no input may lead to it. */
export function storeError(error: unknown): unknown {
  if (!(error instanceof Database.SqliteError) || error.code.startsWith('SQLITE_CONSTRAINT')) return error
  return new DtrError('store_failed', `the data file failed (${error.code}): ${messageOf(error)}`, { cause: error })
}
