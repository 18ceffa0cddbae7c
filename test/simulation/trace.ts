// What happened, as lines: their hash always, so that two runs of a seed can be compared, and the lines where one wants to
// read them.
import { createHash } from 'node:crypto'
import { type Happening, lineOf } from './happenings.js'

export class Trace {
  readonly #hash = createHash('sha1')
  readonly lines: string[] = []

  constructor(private readonly keep: boolean) {}

  add(at: number, happening: Happening): void {
    const line = lineOf(happening)
    if (line !== '') this.note(at, line)
  }

  log(at: number, name: string, level: string, text: string): void {
    // Debug lines cost more than all others and say nothing that the others do not.
    if (level === 'debug' && !this.keep) return
    this.note(at, `${name.padEnd(10)} ${level === 'warn' || level === 'error' ? '! ' : '  '}${text}`, level !== 'debug')
  }

  note(at: number, text: string, counts = true): void {
    const line = `${(at / 1_000).toFixed(4).padStart(10)} ${text}`
    if (counts) this.#hash.update(line)
    if (this.keep) this.lines.push(line)
  }

  digest(): string {
    return this.#hash.digest('hex').slice(0, 16)
  }
}
