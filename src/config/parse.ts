// Reads what a person wrote, and says what is wrong with it: every error names the setting, the limit and what to do.
import { DtrError } from '../errors.js'
import { LOG_LEVELS, type LogLevel } from '../log-levels.js'

export interface PortRange {
  readonly first: number
  readonly last: number
}

/** A duration that may be without end. */
export type MsOrNever = number | 'never'
/** A count or a size that may be without limit. */
export type NumberOrNone = number | 'none'

const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/** `30s`, `1.5h`, `500ms`, `1h30m`: a unit is always needed. Returns milliseconds. */
export function readDuration(text: string, name: string): number {
  const trimmed = text.trim()
  const parts = [...trimmed.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)]
  if (parts.length === 0 || parts.map((part) => part[0]).join('') !== trimmed) {
    throw new DtrError('bad_input', `${name}: "${text}" is not a duration`, {
      hint: 'write a number with a unit, such as 500ms, 30s, 5m or 1h30m',
    })
  }
  return Math.round(parts.reduce((sum, part) => sum + Number(part[1]) * UNIT_MS[part[2] as keyof typeof UNIT_MS], 0))
}

/** As `readDuration` reads it, nothing rounded. */
export function exactDuration(ms: number): string {
  return exactly(ms, UNIT_MS)
}

const UNIT_BYTES = {
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
} as const

/** Bytes, or a number with a unit: `1GiB`, `500MB`, `1.5MiB`. */
export function parseSize(min: number, max: number): (text: string, name: string) => number {
  return (text, name) => {
    const match = /^(\d+(?:\.\d+)?) ?([KMGT]i?B|B)?$/.exec(text.trim())
    if (match === null) {
      throw new DtrError('bad_input', `${name}: "${text}" is not a size`, {
        hint: 'write a number with a unit, such as 500MB, 64MiB or 1GiB',
      })
    }
    const bytes = Math.round(Number(match[1]) * UNIT_BYTES[(match[2] ?? 'B') as keyof typeof UNIT_BYTES])
    if (bytes >= min && bytes <= max) return bytes
    throw new DtrError('bad_input', `${name}: ${text} is outside ${exactSize(min)} to ${exactSize(max)}`)
  }
}

/** As `parseSize` reads it, nothing rounded. */
export function exactSize(bytes: number): string {
  return exactly(bytes, UNIT_BYTES)
}

/** Bytes for people: `512 bytes`, `1.5 MiB`. */
export function formatSize(bytes: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB'] as const
  const power = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10))
  return `${Number((bytes / 1_024 ** power).toFixed(1))} ${units[power]}`
}

/** In the largest unit that needs no fraction. */
function exactly(amount: number, units: Readonly<Record<string, number>>): string {
  const fitting = Object.entries(units).filter(([, size]) => size === 1 || (amount > 0 && amount % size === 0))
  const [name, size] = fitting.reduce((largest, unit) => (unit[1] > largest[1] ? unit : largest))
  return `${amount / size}${name}`
}

/** Milliseconds for people: `350ms`, `2.5s`, `1m5s`, `3h`. */
export function formatDuration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)}ms`
  if (ms < 60_000) return `${Number((ms / 1_000).toFixed(1))}s`
  const seconds = Math.round(ms / 1_000)
  const parts: readonly (readonly [number, string])[] = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3_600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'm'],
    [seconds % 60, 's'],
  ]
  return parts.map(([count, unit]) => (count > 0 ? `${count}${unit}` : '')).join('')
}

export function parseDuration(minMs: number, maxMs: number): (text: string, name: string) => number {
  return (text, name) => {
    const ms = readDuration(text, name)
    if (ms >= minMs && ms <= maxMs) return ms
    throw new DtrError('bad_input', `${name}: ${text} is outside ${formatDuration(minMs)} to ${formatDuration(maxMs)}`)
  }
}

export function parseDurationOrNever(minMs: number, maxMs: number): (text: string, name: string) => MsOrNever {
  const parse = parseDuration(minMs, maxMs)
  return (text, name) => (text === 'never' ? 'never' : parse(text, name))
}

export function parseShare(text: string, name: string): number {
  if (/^(0?\.\d+|0|1(\.0+)?|0\.)$/.test(text.trim())) return Number(text)
  throw new DtrError('bad_input', `${name}: "${text}" is not a share from 0 to 1`, { hint: 'write 0.5 for a half' })
}

export function parseCount(min: number, max: number): (text: string, name: string) => number {
  return (text, name) => {
    const count = Number(text)
    if (/^\d+$/.test(text.trim()) && count >= min && count <= max) return count
    throw new DtrError('bad_input', `${name}: "${text}" is not a whole number from ${min} to ${max}`)
  }
}

/** A port, the first free one of some, or none at all. */
export type HttpPort = number | 'auto' | 'off'

export function parseHttpPort(text: string, name: string): HttpPort {
  const word = text.trim()
  if (word === 'auto' || word === 'off') return word
  if (/^\d+$/.test(word) && Number(word) >= 1 && Number(word) <= 65_535) return Number(word)
  throw new DtrError('bad_input', `${name}: "${text}" is neither a port from 1 to 65535 nor auto or off`)
}

/** `auto`: only beyond loopback. */
export type HttpAuth = 'auto' | 'required' | 'none'

export function parseHttpAuth(text: string, name: string): HttpAuth {
  if (text === 'auto' || text === 'required' || text === 'none') return text
  throw new DtrError('bad_input', `${name}: "${text}" is none of auto, required, none`)
}

export function parseOrNone(
  parse: (text: string, name: string) => number,
): (text: string, name: string) => NumberOrNone {
  return (text, name) => (text === 'none' ? 'none' : parse(text, name))
}

/** So many, or as many as it takes. */
export type Replicas = number | 'auto'

export function parseReplicas(max: number): (text: string, name: string) => Replicas {
  return (text, name) => (text.trim() === 'auto' ? 'auto' : parseCount(1, max)(text, name))
}

export function parseText(text: string, name: string): string {
  if (text.trim() !== '' && !text.includes('\0')) return text
  throw new DtrError('bad_input', `${name}: must not be empty`)
}

/** A name that is also the name of files. */
export function parseName(text: string, name: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(text)) return text
  throw new DtrError('bad_input', `${name}: "${text}" is not a name of at most 64 letters, digits, ".", "_" and "-"`)
}

export function parseBoolean(text: string, name: string): boolean {
  if (['1', 'true', 'yes', 'on'].includes(text)) return true
  if (['0', 'false', 'no', 'off', ''].includes(text)) return false
  throw new DtrError('bad_input', `${name}: "${text}" is neither true nor false`)
}

export function parseList(text: string, name: string): readonly string[] {
  const items = text.split(',').map((item) => item.trim())
  if (items.every((item) => item !== '')) return items
  throw new DtrError('bad_input', `${name}: "${text}" has an empty entry`)
}

export function parseLines(text: string, name: string): readonly string[] {
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  if (lines.length > 0) return lines
  throw new DtrError('bad_input', `${name}: must not be empty`)
}

export function parseLogLevel(text: string, name: string): LogLevel {
  const level = LOG_LEVELS.find((candidate) => candidate === text)
  if (level !== undefined) return level
  throw new DtrError('bad_input', `${name}: "${text}" is none of ${LOG_LEVELS.join(', ')}`)
}

export function parsePortRange(text: string, name: string): PortRange {
  const match = /^(\d+)(?:-(\d+))?$/.exec(text.trim())
  const first = Number(match?.[1])
  const last = Number(match?.[2] ?? match?.[1])
  if (match !== null && first >= 1 && last <= 65_535 && first <= last) return { first, last }
  throw new DtrError('bad_input', `${name}: "${text}" is not a range of ports`, { hint: 'write 5000-5100' })
}
