// What process groups have of memory, looked at now and then while any of them runs: a command with all that it has started. A
// page that several of their processes share counts for each.
import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

const LOOK_EVERY_MS = 500
const KIB = 1_024
const PS_BYTES_MAX = 64 * 1024 * KIB

/** Told each time it was looked. */
type Tell = (bytes: number) => void

export class GroupMemory {
  readonly #groups = new Map<number, Tell>()
  #timer: NodeJS.Timeout | undefined

  /** Returns what ends it. */
  watch(group: number, tell: Tell): () => void {
    this.#groups.set(group, tell)
    this.#timer ??= setInterval(() => void this.#look(), LOOK_EVERY_MS)
    return () => {
      if (this.#groups.get(group) === tell) this.#groups.delete(group)
      if (this.#groups.size > 0) return
      clearInterval(this.#timer)
      this.#timer = undefined
    }
  }

  async #look(): Promise<void> {
    const bytes = await memoryOf(new Set(this.#groups.keys()))
    for (const [group, tell] of [...this.#groups]) tell(bytes.get(group) ?? 0)
  }
}

/** By group. */
export async function memoryOf(groups: ReadonlySet<number>): Promise<ReadonlyMap<number, number>> {
  const bytes = new Map<number, number>()
  const rows = process.platform === 'linux' ? rowsOfProc(groups) : await rowsOfPs()
  for (const { group, kib } of rows) {
    if (groups.has(group)) bytes.set(group, (bytes.get(group) ?? 0) + kib * KIB)
  }
  return bytes
}

interface Row {
  readonly group: number
  readonly kib: number
}

function rowsOfProc(groups: ReadonlySet<number>): Row[] {
  return readdirSync('/proc').flatMap((pid) => {
    if (!/^\d+$/.test(pid)) return []
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
      const group = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ', 3)[2])
      if (!groups.has(group)) return []
      const [, kib = '0'] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
      return [{ group, kib: Number(kib) }]
    } catch {
      // It has ended meanwhile.
      return []
    }
  })
}

function rowsOfPs(): Promise<Row[]> {
  return new Promise((resolve) => {
    execFile('ps', ['-A', '-o', 'pgid=,rss='], { maxBuffer: PS_BYTES_MAX }, (_error, stdout) => {
      const rows = stdout.split('\n').map((line) => line.trim().split(/\s+/).map(Number))
      resolve(rows.flatMap(([group, kib]) => (group !== undefined && kib !== undefined ? [{ group, kib }] : [])))
    })
  })
}
