// One master a data folder (P22). The lock is a transaction that never ends on a tiny database of its own: the kernel
// frees it when its process dies, however that came, and keeps it while the process is frozen. `lock.json` beside it only
// says who holds it. Nobody else opens `master.lock`: POSIX drops a process's locks with the first descriptor it closes.
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { type Clock, systemClock, type WallMs } from '../../clock.js'
import { DtrError, messageOf } from '../../errors.js'
import { connect, storeError } from './database.js'

const LOCK_FILE = 'master.lock'
const HOLDER_FILE = 'lock.json'
/** How often a standby looks whether the lock is free. */
const POLL_MS = 250

/** Who holds a data folder. */
export interface DataHolder {
  readonly pid: number
  readonly since: WallMs
}

export interface LockOptions {
  readonly folder: string
  /** Wait until the folder is free instead of refusing. */
  readonly standby?: boolean
  /** Called when the wait begins, and again when somebody else was faster. */
  readonly onWaiting?: (holder: DataHolder | undefined) => void
  /** Ends the wait of a standby with `stopping`. */
  readonly signal?: AbortSignal
  readonly clock?: Clock
}

export interface MasterLock {
  release(): void
}

/** @throws DtrError `data_in_use` that names the holder, unless a standby waits */
export async function lockFolder(options: LockOptions): Promise<MasterLock> {
  const { folder, standby, onWaiting, signal, clock = systemClock } = options
  let seen: number | undefined
  for (let first = true; ; first = false) {
    const lock = tryLock(folder, clock.now().wallMs)
    if (lock !== undefined) return lock
    const holder = readHolder(folder)
    if (standby !== true) throw inUse(folder, holder)
    if (first || holder?.pid !== seen) onWaiting?.(holder)
    seen = holder?.pid
    await pause(clock, signal)
    if (signal?.aborted === true) throw new DtrError('stopping', `stopped waiting for ${folder}`)
  }
}

function tryLock(folder: string, now: WallMs): MasterLock | undefined {
  const database = openLock(join(folder, LOCK_FILE))
  if (database === undefined) return undefined
  const file = join(folder, HOLDER_FILE)
  try {
    writeFileSync(`${file}.new`, JSON.stringify({ pid: process.pid, since: now } satisfies DataHolder))
    renameSync(`${file}.new`, file)
  } catch (error) {
    database.close()
    throw new DtrError('store_failed', `${file} cannot be written: ${messageOf(error)}`, { cause: error })
  }
  return {
    release: () => {
      rmSync(file, { force: true })
      database.close()
    },
  }
}

function openLock(file: string): Database.Database | undefined {
  const database = connect(file, 0)
  try {
    database.exec('BEGIN EXCLUSIVE')
    return database
  } catch (error) {
    database.close()
    if (error instanceof Database.SqliteError && error.code === 'SQLITE_BUSY') return undefined
    throw storeError(error)
  }
}

/** Undefined in the moment between the lock and its file. */
export function readHolder(folder: string): DataHolder | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, HOLDER_FILE), 'utf8')) as DataHolder
  } catch {
    return undefined
  }
}

function inUse(folder: string, holder: DataHolder | undefined): DtrError {
  const who =
    holder === undefined ? 'another process' : `process ${holder.pid}, since ${new Date(holder.since).toISOString()}`
  return new DtrError('data_in_use', `the data folder ${folder} is in use by ${who}`, {
    hint: 'end that master, choose another folder (--data), or wait for it (--standby)',
  })
}

function pause(clock: Clock, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const cancel = clock.wakeAt(clock.now().monoMs + POLL_MS, done)
    signal?.addEventListener('abort', done)
    function done(): void {
      cancel()
      signal?.removeEventListener('abort', done)
      resolve()
    }
  })
}
