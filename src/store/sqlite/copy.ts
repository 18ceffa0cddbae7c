// A consistent copy of a data file, one file by itself, checked and on disk. The file may be in use: a reader of its log
// blocks no writer, and what is written meanwhile is not in the copy.
import { closeSync, fsyncSync, openSync, rmSync, statSync } from 'node:fs'
import Database from 'better-sqlite3'
import { DtrError, messageOf } from '../../errors.js'
import { whyOf } from '../../folders.js'
import { storeError } from './database.js'
import { MIGRATIONS } from './schema.js'

/** What a data file holds. */
export interface DataSummary {
  readonly bytes: number
  readonly version: number
  /** How many tasks are in each state; none where there are none. */
  readonly tasks: Readonly<Record<string, number>>
}

export interface CopyProgress {
  /** A number from 0 to 1. */
  readonly done: number
}

/** 4 MiB: between two of them the copy can be given up. */
const PAGES_A_STEP = 1_000
/** So often what was copied goes to disk, lest one large fsync at the end delays those of a master. */
const STEPS_A_SYNC = 8
const BUSY_MS = 5_000

/**
 * Writes a copy to `to`, readable by its user alone. Where it fails nothing is left there.
 * @param step called between two steps; what it throws gives the copy up
 * @throws DtrError `data_refused` where `from` is no data file of this dtr or is damaged, `store_failed`
 */
export async function copyData(from: string, to: string, step: (progress: CopyProgress) => void): Promise<DataSummary> {
  const descriptor = createFile(to)
  try {
    await copyPages(from, to, descriptor, step)
    const summary = settleCopy(to, from)
    fsyncSync(descriptor)
    return summary
  } catch (error) {
    for (const file of [to, `${to}-journal`, `${to}-wal`, `${to}-shm`]) rmSync(file, { force: true })
    throw copyError(error, from, to)
  } finally {
    closeSync(descriptor)
  }
}

/**
 * Whether it is a data file that this dtr can use, and what is in it. Changes nothing.
 * @throws DtrError `data_refused` where it is not
 */
export function inspectData(file: string): DataSummary {
  const database = openToRead(file)
  try {
    return summaryOf(database, file)
  } catch (error) {
    throw copyError(error, file)
  } finally {
    database.close()
  }
}

/**
 * The same of a file that nobody uses, and whether every page and index of it is whole.
 * @throws DtrError `data_refused` where it is not
 */
export function checkData(file: string): DataSummary {
  const database = openToRead(file)
  try {
    checkWhole(database, file)
    return summaryOf(database, file)
  } catch (error) {
    throw copyError(error, file)
  } finally {
    database.close()
  }
}

function createFile(file: string): number {
  try {
    rmSync(file, { force: true }) // Of a process with the same pid that was killed.
    return openSync(file, 'wx', 0o600)
  } catch (error) {
    throw new DtrError('bad_input', `${file} cannot be written: ${whyOf(error) ?? messageOf(error)}`, {
      hint: 'choose another place for it',
      cause: error,
    })
  }
}

/** One read transaction holds the state of its beginning while page after page is copied. */
async function copyPages(
  from: string,
  to: string,
  descriptor: number,
  step: (progress: CopyProgress) => void,
): Promise<void> {
  const source = openToRead(from)
  try {
    source.exec('BEGIN')
    checkVersion(source, from) // Also the read that takes the snapshot.
    let steps = 0
    await source.backup(to, {
      progress({ totalPages, remainingPages }) {
        step({ done: totalPages === 0 ? 0 : 1 - remainingPages / totalPages })
        steps += 1
        if (steps % STEPS_A_SYNC === 0) fsyncSync(descriptor)
        return PAGES_A_STEP
      },
    })
  } finally {
    source.close()
  }
}

/** Without a log of its own the copy is one file. */
function settleCopy(copy: string, from: string): DataSummary {
  const database = new Database(copy)
  try {
    database.pragma('journal_mode = DELETE')
    checkWhole(database, from)
    return summaryOf(database, copy)
  } finally {
    database.close()
  }
}

function checkWhole(database: Database.Database, file: string): void {
  const problem = database.pragma('integrity_check(1)', { simple: true })
  if (problem !== 'ok') throw damaged(file, String(problem))
}

function openToRead(file: string): Database.Database {
  const stats = statSync(file, { throwIfNoEntry: false })
  if (stats?.isFile() !== true) {
    throw new DtrError('bad_input', `${file}: ${stats === undefined ? 'there is no such file' : 'is no file'}`, {
      hint: 'name a file that dtr backup has written',
    })
  }
  try {
    return new Database(file, { readonly: true, fileMustExist: true, timeout: BUSY_MS })
  } catch (error) {
    throw new DtrError('bad_input', `${file} cannot be read: ${messageOf(error)}`, { cause: error })
  }
}

function summaryOf(database: Database.Database, file: string): DataSummary {
  const version = checkVersion(database, file)
  const rows = database.prepare('SELECT state, count(*) FROM tasks GROUP BY state ORDER BY state').raw().all()
  const tasks = Object.fromEntries(rows as [string, number][])
  const counted = database.prepare('SELECT total(count) FROM counts').pluck().get()
  const found = Object.values(tasks).reduce((sum, count) => sum + count, 0)
  if (counted !== found) throw damaged(file, `it counts ${String(counted)} tasks and has ${found}`)
  return { bytes: statSync(file).size, version, tasks }
}

function checkVersion(database: Database.Database, file: string): number {
  const version = versionOf(database, file)
  if (version === 0) {
    throw new DtrError('data_refused', `${file} is not a data file of dtr`, {
      hint: 'dtr backup FILE makes one from a cluster',
    })
  }
  if (version <= MIGRATIONS.length) return version
  throw new DtrError(
    'data_refused',
    `${file} has schema version ${version}, this dtr knows up to ${MIGRATIONS.length}`,
    {
      hint: 'use the dtr that wrote it or a newer one',
    },
  )
}

function versionOf(database: Database.Database, file: string): number {
  try {
    return Number(database.pragma('user_version', { simple: true }))
  } catch (error) {
    if (!(error instanceof Database.SqliteError)) throw error
    if (error.code === 'SQLITE_NOTADB') return 0
    throw damaged(file, error.message)
  }
}

/** What SQLite could not do names the file, and what to do about it. */
function copyError(error: unknown, from: string, to?: string): unknown {
  if (!(error instanceof Database.SqliteError)) return error
  if (error.code.startsWith('SQLITE_CORRUPT')) return damaged(from, error.message)
  if (error.code !== 'SQLITE_FULL') return storeError(error)
  return new DtrError('store_failed', `${to ?? from} cannot be written: no space is left on that disk`, {
    hint: 'make room, or choose another place',
    cause: error,
  })
}

function damaged(file: string, what: string): DtrError {
  return new DtrError('data_refused', `${file} is damaged: ${what}`, { hint: 'take an older backup' })
}
