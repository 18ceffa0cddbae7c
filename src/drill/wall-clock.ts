// A wall clock of its own for some processes, which can be stepped while they run: libfaketime stands between them and the
// system. Their monotonic clocks and the uptime stay true, as they do where a person sets the time of a machine.
import { existsSync, readdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type MonoMs, rawMonoMs, type WallMs } from '../clock.js'
import type { Reaper } from './reaper.js'

const LIBRARY = 'faketime/libfaketimeMT.so.1'
const FOLDERS = ['/usr/lib', '/usr/lib64', '/usr/local/lib']

/** Where it is installed: Debian has a folder for each architecture. */
export function faketimeLibrary(): string | undefined {
  const folders = FOLDERS.filter(existsSync).flatMap((folder) => [
    folder,
    ...readdirSync(folder).map((name) => join(folder, name)),
  ])
  return folders.map((folder) => join(folder, LIBRARY)).find(existsSync)
}

export class WallClock {
  /** Starts a command that lives by this clock. */
  readonly via: readonly string[]
  readonly #file: string
  readonly #trueMs = Date.now() - rawMonoMs()
  /** Each from its moment on; the first is true. */
  readonly #offsets: { readonly fromMs: MonoMs; readonly offsetMs: number }[] = [{ fromMs: 0, offsetMs: 0 }]

  constructor(name: string, { folder }: Reaper) {
    this.#file = join(folder, `clock-of-${name}`)
    this.#write(0)
    this.via = [
      'env',
      `LD_PRELOAD=${faketimeLibrary()}`,
      `FAKETIME_TIMESTAMP_FILE=${this.#file}`,
      'FAKETIME_NO_CACHE=1',
      'FAKETIME_DONT_FAKE_MONOTONIC=1',
    ]
  }

  /** Sets it forward, or back. */
  step(byMs: number): void {
    const offsetMs = this.#offsets.at(-1)!.offsetMs + byMs
    this.#offsets.push({ fromMs: rawMonoMs(), offsetMs })
    this.#write(offsetMs)
  }

  /** The first moment from `sinceMs` on at which it shows this time or a later one. */
  reaches(wallMs: WallMs, sinceMs: MonoMs): MonoMs {
    const moments = this.#offsets.map(({ fromMs, offsetMs }, index) => ({
      atMs: Math.max(fromMs, sinceMs, wallMs - this.#trueMs - offsetMs),
      untilMs: this.#offsets[index + 1]?.fromMs ?? Number.POSITIVE_INFINITY,
    }))
    return moments.find(({ atMs, untilMs }) => atMs < untilMs)!.atMs
  }

  /** In one piece: it is read whenever one of its processes asks what time it is. */
  #write(offsetMs: number): void {
    writeFileSync(`${this.#file}.new`, `${offsetMs < 0 ? '-' : '+'}${Math.abs(offsetMs) / 1_000}\n`)
    renameSync(`${this.#file}.new`, this.#file)
  }
}

/** What the library keeps in shared memory for a process that was killed. */
export function forgetFaketime(reaper: Reaper, pids: readonly number[]): void {
  const files = pids.flatMap((pid) => [`faketime_shm_${pid}`, `sem.faketime_sem_${pid}`])
  reaper.undo('rm', '-f', ...files.map((file) => join('/dev/shm', file)))
}
