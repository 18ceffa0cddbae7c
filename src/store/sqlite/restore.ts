// Puts a backup into a data folder that no master holds.
//
// What always holds, also when it is killed at any point: the data file is the old one or the new one, whole; and no log
// of the old one is beside the new one, since SQLite would read it as the new one's.
import { existsSync, linkSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { systemClock, type WallMs } from '../../clock.js'
import { DtrError, messageOf } from '../../errors.js'
import { syncPath } from '../../folders.js'
import { copyData, type DataSummary, inspectData } from './copy.js'
import { storeError } from './database.js'
import { lockFolder } from './lock.js'
import { DATA_FILE } from './sqlite-store.js'

export interface RestoreOptions {
  /** The backup. */
  readonly file: string
  /** The data folder; it must be there. */
  readonly folder: string
  /** Replace the tasks that are there. */
  readonly replace: boolean
}

export interface RestoreReport extends DataSummary {
  /** Where the tasks that were replaced are now. */
  readonly kept: string | undefined
}

/** Files that belong to a data file and mean nothing without it. */
const LOGS = ['-wal', '-shm', '-journal'] as const

/**
 * @throws DtrError `data_in_use` where a master holds the folder, `conflict` where tasks are there that are not to be
 * replaced, `data_refused` where the backup, or what is to be replaced, cannot be read
 */
export async function restore({ file, folder, replace }: RestoreOptions): Promise<RestoreReport> {
  const lock = await lockFolder({ folder }).catch((error: unknown) => {
    throw endItFirst(error)
  })
  const target = join(folder, DATA_FILE)
  const partial = `${target}.restoring`
  try {
    if (!replace) refuseTasks(target)
    const summary = await copyData(file, partial, () => {})
    const kept = putInPlace(partial, target)
    syncPath(folder)
    return { ...summary, kept }
  } finally {
    rmSync(partial, { force: true })
    lock.release()
  }
}

/** @returns where the old file is now */
function putInPlace(partial: string, target: string): string | undefined {
  if (!existsSync(target)) {
    for (const log of LOGS) rmSync(`${target}${log}`, { force: true })
    renameSync(partial, target)
    return undefined
  }
  settleOld(target)
  const kept = freeName(target, systemClock.now().wallMs)
  // A second name for the old file first: so there is no moment without a data file.
  linkSync(target, kept)
  renameSync(partial, target)
  return kept
}

/** The old file takes in its log, and the log is gone. */
function settleOld(target: string): void {
  try {
    const old = new Database(target, { fileMustExist: true })
    try {
      old.pragma('wal_checkpoint(TRUNCATE)')
    } finally {
      old.close() // The last one to leave removes the log.
    }
  } catch (error) {
    throw new DtrError('data_refused', `the old ${target} cannot be read: ${messageOf(error)}`, {
      hint: `move it away with its log first: mkdir old && mv ${target}* old/`,
      cause: storeError(error),
    })
  }
  const left = LOGS.find((log) => existsSync(`${target}${log}`))
  if (left === undefined) return
  throw new DtrError('data_in_use', `another program has ${target} open: ${target}${left} is there`, {
    hint: 'end that program (sqlite3?)',
  })
}

function refuseTasks(target: string): void {
  if (!existsSync(target) || !hasTasks(target)) return
  throw new DtrError('conflict', `there are tasks in ${target}`, {
    hint: 'choose another folder (--data), or say --replace; they are kept beside it then',
  })
}

function hasTasks(target: string): boolean {
  try {
    return Object.keys(inspectData(target).tasks).length > 0
  } catch {
    return true // Whatever it is, it is not for us to say that it is nothing.
  }
}

/** `tasks.db.replaced-20260131T120000Z` */
function freeName(target: string, now: WallMs): string {
  const time = new Date(now).toISOString().replace(/[-:]|\.\d+/g, '')
  for (let count = 1; ; count += 1) {
    const name = `${target}.replaced-${time}${count === 1 ? '' : `-${count}`}`
    if (!existsSync(name)) return name
  }
}

function endItFirst(error: unknown): unknown {
  if (!(error instanceof DtrError) || error.code !== 'data_in_use') return error
  return new DtrError(error.code, error.message, { hint: 'end that cluster first: dtr stop', cause: error })
}
