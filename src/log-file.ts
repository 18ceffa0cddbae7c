// The file of a log, moved away when it is full: `master.log`, and older ones as `master.log.1` to `master.log.4`, the
// highest the oldest. No name of a process ends so, so that nobody's file is in the way of another's.
//
// What always holds: lines come in their order; whatever the disk does, nobody who writes waits for it or hears of it,
// and so much at most is kept in memory (P28). What a disk did not take is lost, and the next line is tried again.
import { appendFileSync } from 'node:fs'
import { type FileHandle, open, rename } from 'node:fs/promises'
import { Writable } from 'node:stream'

/** The names of such files: whose, and the number of one that was moved away. */
export const LOG_FILE = /^(.+)\.log(?:\.(\d+))?$/

export interface LogFileOptions {
  readonly file: string
  readonly bytesMax: number
  /** Of all its files. */
  readonly filesMax: number
}

const WAITING_BYTES_MAX = 8 * 1024 * 1024

export class LogFile extends Writable {
  readonly #options: LogFileOptions
  #handle: FileHandle | undefined
  #bytes = 0
  #mayMove: boolean

  constructor(options: LogFileOptions) {
    super()
    this.#options = options
    this.#mayMove = options.filesMax > 1
  }

  get path(): string {
    return this.#options.file
  }

  /** Of a process that ends now. */
  last(lines: readonly string[]): void {
    try {
      appendFileSync(this.path, lines.map((line) => `${line}\n`).join(''))
    } catch {
      // P28.
    }
  }

  override write(lines: string): boolean {
    return this.writableLength < WAITING_BYTES_MAX && super.write(lines)
  }

  override _writev(chunks: readonly { readonly chunk: Buffer }[], done: () => void): void {
    void this.#append(Buffer.concat(chunks.map(({ chunk }) => chunk))).then(done)
  }

  override _final(done: () => void): void {
    void this.#close().then(done)
  }

  async #append(lines: Buffer): Promise<void> {
    try {
      if (this.#handle === undefined) await this.#open()
      if (this.#bytes >= this.#options.bytesMax && this.#mayMove) await this.#startAnew()
      await this.#handle?.appendFile(lines)
      this.#bytes += lines.length
    } catch {
      await this.#close()
    }
  }

  async #open(): Promise<void> {
    this.#handle = await open(this.#options.file, 'a')
    this.#bytes = (await this.#handle.stat()).size
  }

  async #startAnew(): Promise<void> {
    const { file, filesMax } = this.#options
    const nth = (number: number): string => (number === 0 ? file : `${file}.${number}`)
    try {
      for (let number = filesMax - 1; number > 0; number -= 1) await moved(nth(number - 1), nth(number))
    } catch {
      this.#mayMove = false // It grows on.
    }
    await this.#close()
    await this.#open()
  }

  async #close(): Promise<void> {
    const handle = this.#handle
    this.#handle = undefined
    await handle?.close().catch(() => {})
  }
}

async function moved(from: string, to: string): Promise<void> {
  try {
    await rename(from, to)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}
