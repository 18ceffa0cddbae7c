// One end of a pipe between a worker and its host: JSON lines, bounded, in both directions.
import type { Duplex } from 'node:stream'
import { LineReader } from '../../protocol/lines.js'
import { PIPE_LINE_BYTES_MAX } from './pipe-messages.js'

export interface PipeHandlers<Row> {
  /** Checks one row; throws a DtrError for what cannot be meant. */
  read(row: unknown): Row
  /** All rows of one chunk. */
  rows(rows: readonly Row[]): void
  /** The other end is gone, or says what cannot be read; nothing comes after it. */
  closed(fault?: unknown): void
}

export class Pipe<Row> {
  readonly #stream: Duplex
  readonly #lines = new LineReader()
  /** Lines of this turn. */
  #unwritten = ''

  constructor(stream: Duplex, handlers: PipeHandlers<Row>) {
    this.#stream = stream
    let fault: unknown
    stream.on('data', (chunk: Buffer) => {
      if (fault !== undefined) return
      let rows: readonly Row[] = []
      try {
        rows = this.#rows(chunk).map((row) => handlers.read(row))
      } catch (thrown) {
        fault = thrown
        stream.destroy()
      }
      if (rows.length > 0) handlers.rows(rows)
    })
    // Its reason is the end of the other process, which is told as that.
    stream.on('error', () => {})
    stream.on('close', () => handlers.closed(fault))
  }

  /** What was written and the other end has not read. */
  get unreadBytes(): number {
    return this.#stream.writableLength
  }

  /** What is sent in one turn leaves in one write. */
  send(message: object): void {
    if (this.#unwritten === '') queueMicrotask(() => this.flush())
    this.#unwritten += `${JSON.stringify(message)}\n`
  }

  flush(): void {
    const lines = this.#unwritten
    this.#unwritten = ''
    if (lines !== '' && this.#stream.writable) this.#stream.write(lines)
  }

  /**
   * Writes it, and all that was sent before.
   * @returns undefined where it is in the system's hands already: it arrives even if this process ends now. Else resolves
   * when it is.
   */
  written(message: object): Promise<void> | undefined {
    this.send(message)
    this.flush()
    if (this.#stream.writableLength === 0) return undefined
    return new Promise((resolve) => this.#stream.write('', () => resolve()))
  }

  #rows(chunk: Buffer): unknown[] {
    this.#lines.push(chunk)
    const rows: unknown[] = []
    for (let line = this.#next(); line !== undefined; line = this.#next()) rows.push(JSON.parse(line.toString()))
    return rows
  }

  #next(): Buffer | undefined {
    return this.#lines.next(PIPE_LINE_BYTES_MAX)
  }
}
