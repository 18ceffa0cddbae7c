// A log that keeps what is written.
import type { Log, LogEntry } from '../../src/log.js'

export class KeptLog implements Log {
  readonly tellsDebug = true
  readonly entries: LogEntry[] = []

  write(entry: LogEntry): void {
    this.entries.push(entry)
  }
  error(text: string, fields?: LogEntry['fields']): void {
    this.write({ level: 'error', text, ...(fields && { fields }) })
  }
  warn(text: string, fields?: LogEntry['fields']): void {
    this.write({ level: 'warn', text, ...(fields && { fields }) })
  }
  info(text: string, fields?: LogEntry['fields']): void {
    this.write({ level: 'info', text, ...(fields && { fields }) })
  }
  debug(text: string, fields?: LogEntry['fields']): void {
    this.write({ level: 'debug', text, ...(fields && { fields }) })
  }
  async close(): Promise<void> {}

  /** The texts of one level. */
  texts(level: LogEntry['level']): readonly string[] {
    return this.entries.filter((entry) => entry.level === level).map(({ text }) => text)
  }
}
