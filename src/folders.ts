// Makes folders, or says in words why there can be none.
import { closeSync, fsyncSync, mkdirSync, openSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { DtrError, messageOf } from './errors.js'

const PRIVATE = 0o700
const WHY: Readonly<Record<string, string>> = {
  EACCES: 'you have no right to that',
  EPERM: 'you have no right to that',
  EROFS: 'that file system is read-only',
  ENOSPC: 'no space is left on that disk',
  EDQUOT: 'your quota of that disk is used up',
  ENOTDIR: 'a file stands in its place',
  EEXIST: 'a file stands in its place',
  ENOENT: 'that file system takes nothing new',
}

/**
 * Makes the folder and those above it that are missing; folders that are made are the user's alone where `isPrivate`.
 * @param option the flag that names another
 * @throws DtrError `bad_input`
 */
export function makeFolders(folder: string, option: string, isPrivate = false): void {
  try {
    makeEach(resolve(folder), isPrivate ? { mode: PRIVATE } : {})
  } catch (error) {
    throw cannotWrite(`the folder ${folder} cannot be made`, error, option)
  }
}

/** One after the other: where a system such as /proc takes none, `recursive` of mkdir tries for ever. */
function makeEach(folder: string, options: { mode?: number }): void {
  const stats = statSync(folder, { throwIfNoEntry: false })
  if (stats?.isDirectory() === true) return
  if (dirname(folder) !== folder && stats === undefined) makeEach(dirname(folder), options)
  try {
    mkdirSync(folder, options)
  } catch (error) {
    // Another process was faster.
    if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) throw error
  }
  nameSurely(dirname(folder))
}

/** What is on disk in a new folder is lost with its name (P1). Where we may not read the folder above it is not ours. */
function nameSurely(folder: string): void {
  try {
    syncPath(folder)
  } catch (error) {
    if (!['EACCES', 'EPERM', 'EINVAL', 'ENOTSUP'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
  }
}

/** Brings the names in a folder, or the content of a file, to disk. */
export function syncPath(path: string): void {
  const descriptor = openSync(path, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

/** What the system said, in words; none where it has not said why, or there are no better ones. */
export function whyOf(error: unknown): string | undefined {
  return WHY[(error as NodeJS.ErrnoException).code ?? '']
}

/** With what to do. */
export function cannotWrite(what: string, error: unknown, option: string): DtrError {
  return new DtrError('bad_input', `${what}: ${whyOf(error) ?? messageOf(error)}`, {
    hint: `mend that, or say ${option}`,
    cause: error,
  })
}
