// The log files of a folder, read to their ends again and again. A file is known by its inode, so that one which was
// rotated away is read to its end under its new name, and the new one from its beginning.
import { closeSync, openSync, readdirSync, readSync, type Stats, statSync } from 'node:fs'
import { join } from 'node:path'
import { LOG_FILE } from '../log-file.js'
import { type LogLine, parseEntry } from './log-entry.js'

const CHUNK_BYTES = 256 * 1024
const NEWLINE = 0x0a

interface Place {
  offset: number
  /** Of a line whose end was not there yet. */
  rest: Buffer
}

interface Found {
  readonly path: string
  readonly stats: Stats
}

export class LogFiles {
  readonly #places = new Map<string, Place>()

  constructor(readonly folder: string) {}

  /** Whose files there are; some may be of processes that are long gone. */
  get names(): ReadonlySet<string> {
    return new Set(this.#list().map((file) => LOG_FILE.exec(file)?.[1] ?? file))
  }

  /**
   * Hands every entry that is new since the last call to `take`, file by file, the last written file first.
   * @param next called before each file, with the time when it was written last; of one that was not read yet it says
   * whether that may have something to say
   */
  read(take: (entry: LogLine) => void, next: (lastMs: number) => boolean): void {
    const found = this.#find()
    const known = new Set(found.map(({ stats }) => keyOf(stats)))
    for (const key of this.#places.keys()) if (!known.has(key)) this.#places.delete(key)
    for (const { path, stats } of found) {
      const place = this.#places.get(keyOf(stats)) ?? { offset: 0, rest: Buffer.alloc(0) }
      const wanted = next(stats.mtimeMs)
      if (!this.#places.has(keyOf(stats)) && !wanted) place.offset = stats.size
      this.#places.set(keyOf(stats), place)
      if (stats.size < place.offset) Object.assign(place, { offset: 0, rest: Buffer.alloc(0) })
      if (stats.size > place.offset) readOn(path, place, take)
    }
  }

  /** The last written first. */
  #find(): readonly Found[] {
    const found = this.#list().flatMap((name): Found[] => {
      const path = join(this.folder, name)
      const stats = statSync(path, { throwIfNoEntry: false })
      return stats?.isFile() === true ? [{ path, stats }] : []
    })
    return found.sort((one, other) => other.stats.mtimeMs - one.stats.mtimeMs)
  }

  #list(): readonly string[] {
    try {
      return readdirSync(this.folder).filter((name) => LOG_FILE.test(name))
    } catch {
      return []
    }
  }
}

function keyOf({ dev, ino }: Stats): string {
  return `${dev}:${ino}`
}

function readOn(path: string, place: Place, take: (entry: LogLine) => void): void {
  let last: LogLine | undefined
  for (const line of newLines(path, place)) {
    const entry = parseEntry(line)
    if (entry !== undefined) {
      if (last !== undefined) take(last)
      last = entry
    } else if (last !== undefined) last = { ...last, text: `${last.text}\n${line}` }
  }
  if (last !== undefined) take(last)
}

function* newLines(path: string, place: Place): Generator<string, void, void> {
  let descriptor: number
  try {
    descriptor = openSync(path, 'r')
  } catch {
    return // It was rotated away in this moment; the next look finds it.
  }
  const chunk = Buffer.alloc(CHUNK_BYTES)
  try {
    for (;;) {
      const bytes = readSync(descriptor, chunk, 0, CHUNK_BYTES, place.offset)
      if (bytes === 0) return
      place.offset += bytes
      const text = Buffer.concat([place.rest, chunk.subarray(0, bytes)])
      let start = 0
      for (let end = text.indexOf(NEWLINE); end !== -1; end = text.indexOf(NEWLINE, start)) {
        if (end > start) yield text.toString('utf8', start, end)
        start = end + 1
      }
      place.rest = Buffer.from(text.subarray(start))
    }
  } finally {
    closeSync(descriptor)
  }
}
