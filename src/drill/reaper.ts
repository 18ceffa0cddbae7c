// Undoes all that a drill has done to this machine: its processes, its network, its disks, its folder. It is a process of
// its own, bound to the drill by a pipe, so that a drill that is killed leaves no more behind than one that ends.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const PROGRAM = fileURLToPath(new URL('./reaper-process.js', import.meta.url))
/** In the environment of each process of a drill, and of all that those start: the folder of the drill. */
export const MARK = 'DRILL_FOLDER'

/** What it is told, a JSON line each. */
export type ReaperOrder = { readonly undo: readonly string[] } | { readonly keep: true }

export class Reaper {
  readonly folder: string
  readonly #process: ChildProcess
  readonly #exited: Promise<unknown>

  constructor() {
    this.folder = mkdtempSync(join(tmpdir(), 'dtr-drill-'))
    // In a session of its own: neither Ctrl-C nor what kills the group of the drill reaches it.
    this.#process = spawn(process.execPath, [PROGRAM, this.folder], {
      detached: true,
      cwd: '/',
      stdio: ['pipe', 'ignore', 'ignore'],
    })
    this.#process.stdin?.on('error', () => {})
    this.#exited = once(this.#process, 'exit')
    this.#exited.catch(() => {})
  }

  /** What bears this mark does not outlive the drill. */
  get environment(): NodeJS.ProcessEnv {
    return { ...process.env, [MARK]: this.folder }
  }

  /** A command for the end, after all processes have gone; the last first. Said before what it takes back is done. */
  undo(...command: readonly string[]): void {
    this.#tell({ undo: command })
  }

  /** Resolves when nothing is left but the folder, where that is to be kept. */
  async end(keep: boolean): Promise<void> {
    if (keep) this.#tell({ keep: true })
    this.#process.stdin?.end()
    await this.#exited
  }

  #tell(order: ReaperOrder): void {
    this.#process.stdin?.write(`${JSON.stringify(order)}\n`)
  }
}
