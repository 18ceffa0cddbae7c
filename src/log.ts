// What every process logs: into one file and, if asked, to its standard error. The only place that touches winston.
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import winston from 'winston'
import { makeFolders } from './folders.js'
import { LogFile } from './log-file.js'
import { LOG_LEVELS, type LogLevel } from './log-levels.js'

export { LOG_LEVELS, type LogLevel } from './log-levels.js'

/** Values that a log line may carry besides its text. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>

/** A line that a machine wants written: an effect, not an action. */
export interface LogEntry {
  readonly level: LogLevel
  readonly text: string
  readonly fields?: LogFields
}

export interface Log {
  /** Whether anything at `debug` is written: who has a line for each task leaves it away where not. */
  readonly tellsDebug: boolean
  write(entry: LogEntry): void
  error(text: string, fields?: LogFields): void
  warn(text: string, fields?: LogFields): void
  info(text: string, fields?: LogFields): void
  debug(text: string, fields?: LogFields): void
  /** Begins the file of one that was made with `fileLater`. */
  openFile?(): void
  /** Resolves when everything written so far was handed to the system, or could not be. */
  close(): Promise<void>
}

/** That of a whole process. */
export interface ProcessLog extends Log {
  /** The file; none where it has none, or that is not yet its own. */
  readonly file: string | undefined
  /** The last words of a process that ends now: they are in the file when this returns. */
  last(lines: readonly string[]): void
}

export interface LogOptions {
  /** Name of the process: `master`, `worker-3`. The file is `<folder>/<name>.log`. */
  readonly name: string
  /** Folder of the file; none, no file. */
  readonly folder?: string | undefined
  /** The file is another's until `openFile` says otherwise. */
  readonly fileLater?: boolean
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
/** What a disk that does not answer is waited for at the end. */
const CLOSE_MS_MAX = 500

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

export function createLog(options: LogOptions): ProcessLog {
  const format = winston.format.combine(
    winston.format.timestamp(),
    options.json === true ? json(options.name) : readable(options.name),
  )
  const logger = winston.createLogger({
    level: options.level ?? 'info',
    levels: { error: 0, warn: 1, info: 2, debug: 3 },
    format,
    silent: true,
  })
  // P28: a full disk or a closed standard error must not stop the work.
  logger.on('error', () => {})
  const transports: winston.transport[] = []
  const add = (transport: winston.transport): void => {
    transport.on('error', () => {})
    transports.push(transport)
    logger.add(transport)
    logger.silent = false
  }
  if (options.stderr === true) add(new winston.transports.Console({ stderrLevels: [...LOG_LEVELS] }))
  let file: LogFile | undefined
  const openFile = (): void => {
    if (options.folder === undefined) return
    file = logFileIn(options.folder, options)
    add(new winston.transports.Stream({ stream: file }))
  }
  if (options.fileLater !== true) openFile()

  const rankMax = LOG_LEVELS.indexOf(options.level ?? 'info')
  const write = (entry: LogEntry): void => {
    // winston would write the whole line before it looks at the level: tasks are told of at `debug`, each several times.
    if (LOG_LEVELS.indexOf(entry.level) > rankMax) return
    logger.log({ level: entry.level, message: entry.text, fields: entry.fields })
  }
  return {
    tellsDebug: rankMax >= LOG_LEVELS.indexOf('debug'),
    write,
    openFile,
    get file() {
      return file?.path
    },
    last(lines) {
      file?.last(lines.map((message) => textOf(format.transform({ level: 'error', message }))))
    },
    error: (text, fields) => write({ level: 'error', text, ...(fields && { fields }) }),
    warn: (text, fields) => write({ level: 'warn', text, ...(fields && { fields }) }),
    info: (text, fields) => write({ level: 'info', text, ...(fields && { fields }) }),
    debug: (text, fields) => write({ level: 'debug', text, ...(fields && { fields }) }),
    close: async () => {
      const done = new AbortController()
      const tooLate = delay(CLOSE_MS_MAX, undefined, { signal: done.signal }).catch(() => {})
      const handedOver = Promise.all(transports.map((transport) => once(transport, 'finish').catch(() => {})))
      logger.end()
      await Promise.race([handedOver.then(() => closed(file)), tooLate])
      done.abort()
    },
  }
}

function textOf(entry: boolean | winston.Logform.TransformableInfo): string {
  return typeof entry === 'object' ? String(entry[MESSAGE]) : ''
}

/** Where winston keeps the text of an entry that is ready. */
const MESSAGE = Symbol.for('message')

function closed(file: LogFile | undefined): Promise<void> {
  return new Promise((done) => (file === undefined ? done() : file.end(done)))
}

function logFileIn(folder: string, { name, fileBytesMax, filesMax }: LogOptions): LogFile {
  makeFolders(folder, '--logs FOLDER')
  return new LogFile({
    file: join(folder, `${name}.log`),
    bytesMax: fileBytesMax ?? FILE_BYTES_MAX,
    filesMax: filesMax ?? FILES_MAX,
  })
}
