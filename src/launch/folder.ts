// Makes the folder of a cluster: readable by its user alone, never in git, with a secret of its own (design: section 4).
import { accessSync, constants, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { findFolder, pathsOf, readSecretFile } from '../client/folder.js'
import { cannotWrite, makeFolders } from '../folders.js'
import { makeSecret } from '../protocol/key.js'

/**
 * Makes what is missing of the folder.
 * @throws DtrError `bad_input` where it cannot be made, or its secret can be read by others
 */
export function makeFolder(folder: string): void {
  makeFolders(folder, '--data FOLDER', true)
  writeIfMissing(join(folder, '.gitignore'), '*\n')
  writeIfMissing(pathsOf(folder).secret, `${makeSecret()}\n`)
  readSecretFile(pathsOf(folder).secret)
}

/**
 * Nobody would learn later that nothing is logged (P28).
 * @throws DtrError `bad_input` where the folder of the logs cannot be made, or not be written
 */
export function checkLogs(folder: string): void {
  makeFolders(folder, '--logs FOLDER')
  try {
    accessSync(folder, constants.W_OK)
  } catch (error) {
    throw cannotWrite(`${folder} cannot be written`, error, '--logs FOLDER')
  }
}

/** A `.dtr` above `folder`: whoever starts a new cluster below it should know that there is another. */
export function folderAbove(folder: string): string | undefined {
  const parent = dirname(dirname(resolve(folder)))
  return parent === dirname(resolve(folder)) ? undefined : findFolder(parent)
}

/** Of several that start at the same time one writes; all read what it wrote. */
function writeIfMissing(file: string, text: string): void {
  try {
    writeFileSync(file, text, { flag: 'wx', mode: 0o600 })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
      throw cannotWrite(`${file} cannot be written`, error, '--data FOLDER')
    }
  }
}
