// What a master would find in a folder after power was lost: opened by the store's own opener, and looked through.
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { checkData, DATA_FILE, openStore } from '../../store/open.js'
import { PAGE_MAX, PENDING_MAX, type TaskWithStory } from '../../store/store.js'
import type { Files } from './disk.js'

/** In place of what the master had there. */
export function replaceFiles(folder: string, files: Files): void {
  for (const name of readdirSync(folder)) {
    if (/^(tasks\.db|master\.lock|lock\.json)/.test(name)) rmSync(join(folder, name))
  }
  for (const [name, bytes] of files) writeFileSync(join(folder, name), bytes, { mode: 0o600 })
}

/** @throws DtrError where the folder cannot be opened, or what is in it is not whole */
export async function recover(
  folder: string,
  files: Files,
  ids: readonly string[],
): Promise<ReadonlyMap<string, TaskWithStory>> {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { mode: 0o700 })
  replaceFiles(folder, files)
  const store = await openStore({ kind: 'sqlite', folder, limits: { pendingMax: PENDING_MAX } })
  const found = new Map<string, TaskWithStory>()
  try {
    for (let from = 0; from < ids.length; from += PAGE_MAX) {
      for (const task of await store.get(ids.slice(from, from + PAGE_MAX))) found.set(task.task.id, task)
    }
  } finally {
    await store.close()
  }
  checkData(join(folder, DATA_FILE))
  return found
}
