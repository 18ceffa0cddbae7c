// One entry of a log file, as log.ts writes it: for people or as JSON. Pure.
import { LOG_LEVELS, type LogLevel } from '../log.js'

export interface LogLine {
  readonly wallMs: number
  readonly level: LogLevel
  readonly name: string
  /** What follows the name; with more than one line where the entry has more. */
  readonly text: string
}

const READABLE = /^(\d{4}-\d\d-\d\dT[\d:.]+Z) (ERROR|WARN|INFO|DEBUG) +([^\s:]+): (.*)$/s

/** None where the line begins no entry: then it goes on with the one before. */
export function parseEntry(line: string): LogLine | undefined {
  const [, time = '', level = '', name = '', text = ''] = READABLE.exec(line) ?? []
  if (name !== '') return { wallMs: Date.parse(time), level: level.toLowerCase() as LogLevel, name, text }
  return line.startsWith('{') ? parseJson(line) : undefined
}

function parseJson(line: string): LogLine | undefined {
  try {
    const { time, level, name, text, ...fields } = JSON.parse(line) as Record<string, unknown>
    const known = LOG_LEVELS.find((candidate) => candidate === level)
    const wallMs = Date.parse(String(time))
    if (known === undefined || typeof name !== 'string' || Number.isNaN(wallMs)) return undefined
    const rest = Object.entries(fields).map(([key, value]) => `${key}=${String(value)}`)
    return { wallMs, level: known, name, text: `${String(text)}${rest.length === 0 ? '' : `  ${rest.join(' ')}`}` }
  } catch {
    return undefined
  }
}

/** Whether `level` is as grave as `least`. */
export function isAtLeast(level: LogLevel, least: LogLevel): boolean {
  return LOG_LEVELS.indexOf(level) <= LOG_LEVELS.indexOf(least)
}
