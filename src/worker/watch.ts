// Sees when the files of task modules change: what they import by a relative path as well, and what that imports. It looks
// by itself, twice a second, rather than wait to be told: editors that save by renaming, files that are gone for a moment,
// folders that are replaced and network disks all look alike then.
import { statSync } from 'node:fs'
import type { Clock } from '../clock.js'
import { DtrError } from '../errors.js'
import { localFiles } from '../runner/local-imports.js'

const LOOK_MS = 500

export interface WatchOptions {
  /** Absolute paths of task modules. */
  readonly modules: readonly string[]
  readonly clock: Clock
  /** They are others than at the last call, and have been so for two looks: whoever saves has saved. */
  changed(): void
}

/** @throws DtrError `bad_input` where there is nothing to watch */
export function checkWatch(modules: readonly string[]): void {
  if (modules.length > 0) return
  throw new DtrError('bad_input', 'watch: there are no task modules to watch', { hint: 'name them with --tasks' })
}

/** @returns what ends it */
export function watchModules({ modules, clock, changed }: WatchOptions): () => void {
  let told = stateOf(modules)
  let before = told
  let cancel = (): void => {}
  const look = (): void => {
    const now = stateOf(modules)
    if (now !== told && now === before) {
      told = now
      changed()
    }
    before = now
    cancel = clock.wakeAt(clock.now().monoMs + LOOK_MS, look)
  }
  look()
  return () => cancel()
}

function stateOf(modules: readonly string[]): string {
  return modules.flatMap(localFiles).map(fileState).join('\n')
}

function fileState(path: string): string {
  const found = statSync(path, { throwIfNoEntry: false })
  return `${path} ${found?.ino} ${found?.mtimeMs} ${found?.size}`
}
