// The only place that touches winston. Every process writes one file and, if asked, its standard error.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import winston from 'winston'

export const LOG_LEVELS = ['error', 'warn', 'info', 'debug'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

/** Values that a log line may carry besides its text. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>

/** A line that a machine wants written: an effect, not an action. */
export interface LogEntry {
  readonly level: LogLevel
  readonly text: string
  readonly fields?: LogFields
}

export interface Log {
  write(entry: LogEntry): void
  error(text: string, fields?: LogFields): void
  warn(text: string, fields?: LogFields): void
  info(text: string, fields?: LogFields): void
  debug(text: string, fields?: LogFields): void
  /** Resolves when everything written so far was handed to the system, or could not be. */
  close(): Promise<void>
}

export interface LogOptions {
  /** Name of the process: `master`, `worker-3`. The file is `<folder>/<name>.log`. */
  readonly name: string
  /** Folder of the file; none, no file. */
  readonly folder?: string | undefined
  readonly level?: LogLevel
  readonly json?: boolean
  /** Also write to standard error, for a process that a person started by itself. */
  readonly stderr?: boolean
  readonly fileBytesMax?: number
  readonly filesMax?: number
}

const FILE_BYTES_MAX = 10 * 1024 * 1024
const FILES_MAX = 5
const TEXT_CHARS_MAX = 8_192

/** Makes control characters of foreign text visible, so that it can neither forge lines nor steer a terminal. */
export function escapeControls(text: string): string {
  const cut = text.length > TEXT_CHARS_MAX ? `${text.slice(0, TEXT_CHARS_MAX)}... (${text.length} characters)` : text
  // biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is what this is for
  return cut.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, (char) =>
    char === '\t' ? ' ' : `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`,
  )
}

function readable(name: string): winston.Logform.Format {
  return winston.format.printf(({ level, message, timestamp, fields }) => {
    const rest = Object.entries((fields ?? {}) as LogFields)
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => `${key}=${escapeControls(String(value))}`)
    const tail = rest.length > 0 ? `  ${rest.join(' ')}` : ''
    return `${String(timestamp)} ${level.toUpperCase().padEnd(5)} ${name}: ${escapeControls(String(message))}${tail}`
  })
}

function json(name: string): winston.Logform.Format {
  return winston.format.printf(({ level, message, timestamp, fields }) =>
    JSON.stringify({ time: timestamp, level, name, text: message, ...((fields ?? {}) as LogFields) }),
  )
}

export function createLog(options: LogOptions): Log {
  const format = winston.format.combine(
    winston.format.timestamp(),
    options.json === true ? json(options.name) : readable(options.name),
  )
  const transports: winston.transport[] = []
  if (options.folder !== undefined) {
    mkdirSync(options.folder, { recursive: true })
    transports.push(
      new winston.transports.File({
        filename: join(options.folder, `${options.name}.log`),
        maxsize: options.fileBytesMax ?? FILE_BYTES_MAX,
        maxFiles: options.filesMax ?? FILES_MAX,
        tailable: true,
      }),
    )
  }
  if (options.stderr === true) {
    transports.push(new winston.transports.Console({ stderrLevels: [...LOG_LEVELS] }))
  }
  const logger = winston.createLogger({
    level: options.level ?? 'info',
    levels: { error: 0, warn: 1, info: 2, debug: 3 },
    format,
    transports,
    silent: transports.length === 0,
  })
  // P28: a full disk or a closed standard error must not stop the work.
  logger.on('error', () => {})
  for (const transport of transports) transport.on('error', () => {})

  const write = (entry: LogEntry): void => {
    logger.log({ level: entry.level, message: entry.text, fields: entry.fields })
  }
  return {
    write,
    error: (text, fields) => write({ level: 'error', text, ...(fields && { fields }) }),
    warn: (text, fields) => write({ level: 'warn', text, ...(fields && { fields }) }),
    info: (text, fields) => write({ level: 'info', text, ...(fields && { fields }) }),
    debug: (text, fields) => write({ level: 'debug', text, ...(fields && { fields }) }),
    close: () =>
      new Promise((resolve) => {
        let open = transports.length
        if (open === 0) return resolve()
        const done = (): void => {
          open -= 1
          if (open === 0) resolve()
        }
        for (const transport of transports) {
          transport.once('finish', done)
          transport.once('error', done)
        }
        setTimeout(resolve, 500).unref()
        logger.end()
      }),
  }
}
