// A backup of a data folder, taken by a process of its own while a master works, or while none does.
//
// What always holds: at the name that was given there is nothing, what was there before, or a whole and checked backup;
// no master waits for us. One that starts meanwhile has to settle its log, which an old reader would keep it from: so we
// let go of our state as soon as another master holds the folder, and begin again.
import { existsSync, realpathSync, renameSync, rmSync } from 'node:fs'
import { dirname, join, resolve, sep } from 'node:path'
import { DtrError, messageOf } from '../../errors.js'
import { syncPath, whyOf } from '../../folders.js'
import { type CopyProgress, copyData, type DataSummary } from './copy.js'
import { readHolder } from './lock.js'
import { DATA_FILE } from './sqlite-store.js'

export interface BackupOptions {
  /** The data folder. */
  readonly folder: string
  readonly file: string
  /** Replace a file that is there. */
  readonly force: boolean
  readonly progress?: (progress: CopyProgress) => void
  /** Gives it up, with `stopping`. */
  readonly signal?: AbortSignal
}

/** Masters that come and go more often while one backup is made are ill. */
const TRIES_MAX = 20

/**
 * @throws DtrError `no_cluster` where the folder holds no tasks, `conflict` where the file exists, `bad_input`,
 * `data_refused` where the data is damaged
 */
export async function backUp(options: BackupOptions): Promise<DataSummary> {
  const source = join(options.folder, DATA_FILE)
  const file = checkTarget(options, source)
  const partial = `${file}.partial-${process.pid}`
  const summary = await copyWhileMastersCome(options, source, partial)
  try {
    // Somebody else may have written it meanwhile.
    if (!options.force) refuseExisting(file)
    renameSync(partial, file)
    syncPath(dirname(file))
  } catch (error) {
    rmSync(partial, { force: true })
    throw error instanceof DtrError ? error : unwritable(file, error)
  }
  return summary
}

async function copyWhileMastersCome(options: BackupOptions, source: string, partial: string): Promise<DataSummary> {
  for (let tries = 1; ; tries += 1) {
    const holder = readHolder(options.folder)?.pid
    let another = false
    try {
      return await copyData(source, partial, (progress) => {
        if (options.signal?.aborted === true) throw new DtrError('stopping', 'the backup was given up')
        const now = readHolder(options.folder)?.pid
        another = now !== undefined && now !== holder
        if (another) throw new DtrError('data_in_use', 'masters come and go; there is no time for a backup')
        options.progress?.(progress)
      })
    } catch (error) {
      if (!another || tries === TRIES_MAX) throw error
    }
  }
}

/** @returns the absolute name of the file that is to be written */
function checkTarget({ folder, file, force }: BackupOptions, source: string): string {
  if (!existsSync(source)) {
    throw new DtrError('no_cluster', `there are no tasks in ${folder}`, {
      hint: 'say --data FOLDER for another cluster, or begin one with: dtr start',
    })
  }
  const target = resolve(file)
  const parent = folderOf(target)
  const inside = parent === realpathSync(folder) || parent.startsWith(`${realpathSync(folder)}${sep}`)
  if (inside) {
    throw new DtrError('bad_input', `FILE: ${file} lies in the data folder itself`, {
      hint: 'a backup belongs elsewhere, best on another disk',
    })
  }
  if (!force) refuseExisting(target)
  return target
}

function folderOf(file: string): string {
  try {
    return realpathSync(dirname(file))
  } catch (error) {
    throw unwritable(file, error)
  }
}

function refuseExisting(file: string): void {
  if (!existsSync(file)) return
  throw new DtrError('conflict', `${file} exists`, { hint: 'choose another name, or say --force to replace it' })
}

function unwritable(file: string, error: unknown): DtrError {
  const missing = (error as NodeJS.ErrnoException).code === 'ENOENT'
  return new DtrError(
    'bad_input',
    `${file} cannot be written: ${missing ? 'there is no such folder' : (whyOf(error) ?? messageOf(error))}`,
    { hint: 'choose another place for it', cause: error },
  )
}
