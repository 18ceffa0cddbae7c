// Makes the folder of a cluster: readable by its user alone, never in git, with a secret of its own (design: section 4).
import { accessSync, constants, existsSync, linkSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { findFolder, pathsOf, readSecretFile } from '../client/folder.js'
import { cannotWrite, makeFolders, syncPath } from '../folders.js'
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

/**
 * Of several that start at the same time one writes; all read what it wrote. The name stands for the whole text or is not
 * there, also after a loss of power: a secret that is cut would keep the cluster from ever starting again.
 */
function writeIfMissing(file: string, text: string): void {
  if (existsSync(file)) return
  const written = `${file}.${process.pid}`
  try {
    writeFileSync(written, text, { mode: 0o600 })
    syncPath(written)
    linkSync(written, file)
    syncPath(dirname(file))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
      throw cannotWrite(`${file} cannot be written`, error, '--data FOLDER')
    }
  } finally {
    rmSync(written, { force: true })
  }
}
