// The files that the demonstration reads: real ones below a folder, in an order that is the same every time.
import { accessSync, constants, type Dirent, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { FOLDER_NAME } from '../client/folder.js'

const SKIPPED = ['.git', FOLDER_NAME]

/** Up to `most` readable files, folder by folder by name; `skip` are paths of folders that change while it runs. */
export function filesBelow(folder: string, most: number, skip: readonly string[]): readonly string[] {
  const files: string[] = []
  const visit = (at: string): void => {
    for (const entry of entriesOf(at)) {
      if (files.length === most) return
      const path = join(at, entry.name)
      if (entry.isFile() && isReadable(path)) files.push(path)
      else if (entry.isDirectory() && !SKIPPED.includes(entry.name) && !skip.includes(path)) visit(path)
    }
  }
  visit(folder)
  return files
}

function entriesOf(folder: string): readonly Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).sort((one, other) => (one.name < other.name ? -1 : 1))
  } catch {
    return []
  }
}

function isReadable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK)
    return true
  } catch {
    return false
  }
}
