// Every setting: its name, unit, default, variable and what it is for. Flags are derived from the names; the CLI, the
// library and the environment read the same table, and an unknown setting is an error.
import { availableParallelism } from 'node:os'
import { DtrError } from './errors.js'
import { LOG_LEVELS, type LogLevel } from './log.js'

export interface PortRange {
  readonly first: number
  readonly last: number
}

interface Setting<Value> {
  readonly default: Value
  /** Shown in --help: what it is, with its unit. */
  readonly about: string
  /** Reads what a person wrote. Throws `bad_input` that names the setting, the limit and what to do. */
  readonly parse: (text: string, name: string) => Value
}

const setting = <Value>(
  fallback: Value,
  parse: (text: string, name: string) => Value,
  about: string,
): Setting<Value> => ({ default: fallback, parse, about })

const NO_TEXTS: readonly string[] = []

export const SETTINGS = {
  data: setting('.dtr', parseText, 'folder of the cluster: its secret, its tasks, its processes'),
  logs: setting('logs', parseText, 'folder of the log files'),
  logLevel: setting<LogLevel>('info', parseLogLevel, `how much is logged: ${LOG_LEVELS.join(', ')}`),
  logJson: setting(false, parseBoolean, 'log lines as JSON'),
  workers: setting(Math.max(2, availableParallelism()), parseCount(0, 1_000), 'workers to start'),
  slots: setting(1, parseCount(1, 10_000), 'tasks that one worker runs at the same time'),
  bind: setting('127.0.0.1', parseText, 'address to listen on'),
  advertise: setting<string | undefined>(undefined, parseText, 'address by which others reach this process'),
  port: setting(4999, parseCount(1, 65_535), 'first port that the master tries'),
  workerPorts: setting<PortRange>({ first: 5000, last: 5100 }, parsePortRange, 'ports of the workers'),
  hosts: setting<readonly string[]>(['127.0.0.1'], parseList, 'hosts to scan for workers, with commas'),
  plaintext: setting(false, parseBoolean, 'listen beyond loopback without TLS, knowing that others can read along'),
  heartbeat: setting(2_000, parseDuration(50, 3_600_000), 'time between heartbeats'),
  suspect: setting(5_000, parseDuration(100, 86_400_000), 'silence after which a worker gets no new work'),
  lease: setting(15_000, parseDuration(500, 86_400_000), 'silence after which the tasks of a worker run elsewhere'),
  codeDead: setting(
    12_000,
    parseDuration(300, 86_400_000),
    'a worker ends its code so long after its last confirmed heartbeat',
  ),
  masterTimeout: setting<number | undefined>(
    30_000,
    parseDurationOrNever,
    'a worker exits so long after losing the master; `never` stays',
  ),
  scan: setting(1_000, parseDuration(50, 3_600_000), 'time between two rounds of looking for workers'),
  drain: setting(30_000, parseDuration(0, 86_400_000), 'time that running tasks get when a process is asked to stop'),
  killGrace: setting(
    5_000,
    parseDuration(0, 3_600_000),
    'time between the abort signal of a task and the end of its host',
  ),
  defaultTimeout: setting<number | undefined>(
    undefined,
    parseDurationOrNever,
    'limit of a run where neither task nor type has one',
  ),
  pendingMax: setting(
    10_000_000,
    parseCount(1, 1_000_000_000),
    'pending tasks beyond which submits are refused as busy',
  ),
  id: setting<string | undefined>(undefined, parseName, 'name of the worker'),
  tasks: setting(NO_TEXTS, parseList, 'modules with the tasks that workers run'),
  queues: setting<readonly string[]>(['default'], parseList, 'queues that the worker takes tasks from, with commas'),
  builtins: setting(false, parseBoolean, 'serve the built-in tasks beside those of --tasks'),
  join: setting<string | undefined>(undefined, parseText, 'host:port of a master that the worker dials itself'),
  standby: setting(false, parseBoolean, 'wait while another master holds the data folder, then take over'),
  keepWorkers: setting(
    false,
    parseBoolean,
    'a master that is asked to stop leaves its workers waiting for the next one',
  ),
  respawn: setting(false, parseBoolean, 'start again what ended without being asked to'),
  exit: setting(false, parseBoolean, 'end the cluster after the demonstration'),
  master: setting<string | undefined>(undefined, parseText, 'host:port of the master to talk to'),
  secretFile: setting<string | undefined>(undefined, parseText, 'file with the secret of the cluster'),
} as const

export type SettingName = keyof typeof SETTINGS
export type Settings = { -readonly [Name in SettingName]: ReturnType<(typeof SETTINGS)[Name]['parse']> }

/** `masterTimeout` -> `DTR_MASTER_TIMEOUT`. */
export function variableOf(name: SettingName): string {
  return `DTR_${name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`
}

/** `masterTimeout` -> `master-timeout`. */
export function flagOf(name: SettingName): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}

/** The value as a flag or variable says it, so that the other side reads the very same. */
export function formatSetting(name: SettingName, value: Settings[SettingName]): string {
  if (value === undefined) return 'never'
  if (typeof value === 'number') return DURATIONS.includes(name) ? exactDuration(value) : String(value)
  if (typeof value !== 'object') return String(value)
  return 'first' in value ? `${value.first}-${value.last}` : value.join(',')
}

const DURATIONS: readonly SettingName[] = [
  'heartbeat',
  'suspect',
  'lease',
  'codeDead',
  'masterTimeout',
  'scan',
  'drain',
  'killGrace',
  'defaultTimeout',
]

/** Variables that are no settings: they carry secrets or steer tests, and are read where they are used. */
export const OTHER_VARIABLES = ['DTR_SECRET', 'DTR_REQUIRE_SERVICES', 'DTR_REQUIRE_FAULTS'] as const

/** What flags or a library's user said: a value, or text as a person writes it (`30s`, `never`, `5000-5100`). */
export type GivenSettings = { readonly [Name in SettingName]?: Settings[Name] | string | undefined }

/**
 * The settings in force: defaults, then DTR_* variables, then `given` (flags or options of the library).
 * @param spell how errors name what was given: as flags or as options
 * @throws DtrError `bad_input` for an unknown name, or a value that cannot be read
 */
export function resolveSettings(
  given: GivenSettings,
  environment: NodeJS.ProcessEnv,
  spell: (name: SettingName) => string = (name) => name,
): Settings {
  const defaults = Object.fromEntries(Object.entries(SETTINGS).map(([name, entry]) => [name, entry.default]))
  const chosen = { ...readVariables(environment), ...readGiven(given, spell) }
  return checkTimings(growTimings({ ...defaults, ...chosen } as Settings, chosen))
}

function readVariables(environment: NodeJS.ProcessEnv): Record<string, unknown> {
  const known = new Map(Object.keys(SETTINGS).map((name) => [variableOf(name as SettingName), name as SettingName]))
  const read: Record<string, unknown> = {}
  for (const [variable, text] of Object.entries(environment)) {
    if (!variable.startsWith('DTR_') || text === undefined) continue
    const name = known.get(variable)
    if (name !== undefined) read[name] = SETTINGS[name].parse(text, variable)
    else if (!(OTHER_VARIABLES as readonly string[]).includes(variable))
      throw unknownVariable(variable, [...known.keys()])
  }
  return read
}

function readGiven(given: GivenSettings, spell: (name: SettingName) => string): Record<string, unknown> {
  const read: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(given)) {
    if (!Object.hasOwn(SETTINGS, key)) throw new DtrError('bad_input', `unknown setting ${key}`)
    const name = key as SettingName
    if (typeof value === 'string') read[name] = SETTINGS[name].parse(value, spell(name))
    else if (typeof value === 'number') read[name] = SETTINGS[name].parse(formatSetting(name, value), spell(name))
    else if (value !== undefined) read[name] = value
  }
  return read
}

/** Where only the heartbeat was changed the three that hang on it grow (or shrink) with it (design: section 5). */
function growTimings(settings: Settings, chosen: Record<string, unknown>): Settings {
  const factor = settings.heartbeat / SETTINGS.heartbeat.default
  const grown = (name: 'suspect' | 'lease' | 'codeDead'): number =>
    chosen[name] === undefined ? Math.round(SETTINGS[name].default * factor) : settings[name]
  return { ...settings, suspect: grown('suspect'), lease: grown('lease'), codeDead: grown('codeDead') }
}

/** The order of the four is what keeps two workers from running one task (P7). */
function checkTimings(settings: Settings): Settings {
  const order: readonly (readonly [SettingName, number])[] = [
    ['heartbeat', settings.heartbeat],
    ['suspect', settings.suspect],
    ['codeDead', settings.codeDead],
    ['lease', settings.lease],
  ]
  for (let index = 1; index < order.length; index += 1) {
    const [shorter, shortMs] = order[index - 1]!
    const [longer, longMs] = order[index]!
    if (shortMs >= longMs) {
      throw new DtrError(
        'bad_input',
        `--${flagOf(longer)} (${formatDuration(longMs)}) must be longer than --${flagOf(shorter)} (${formatDuration(shortMs)})`,
      )
    }
  }
  return settings
}

function unknownVariable(variable: string, known: readonly string[]): DtrError {
  return new DtrError('bad_input', `unknown variable ${variable}`, { hint: `known are ${known.join(', ')}` })
}

// --- Reading what a person wrote ---------------------------------------------------------------------------------------

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
function exactDuration(ms: number): string {
  return ms % 1_000 === 0 ? `${ms / 1_000}s` : `${ms}ms`
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

function parseDuration(minMs: number, maxMs: number): (text: string, name: string) => number {
  return (text, name) => {
    const ms = readDuration(text, name)
    if (ms >= minMs && ms <= maxMs) return ms
    throw new DtrError('bad_input', `${name}: ${text} is outside ${formatDuration(minMs)} to ${formatDuration(maxMs)}`)
  }
}

function parseDurationOrNever(text: string, name: string): number | undefined {
  return text === 'never' ? undefined : parseDuration(1, 366 * 86_400_000)(text, name)
}

function parseCount(min: number, max: number): (text: string, name: string) => number {
  return (text, name) => {
    const count = Number(text)
    if (/^\d+$/.test(text.trim()) && count >= min && count <= max) return count
    throw new DtrError('bad_input', `${name}: "${text}" is not a whole number from ${min} to ${max}`)
  }
}

function parseText(text: string, name: string): string {
  if (text.trim() !== '' && !text.includes('\0')) return text
  throw new DtrError('bad_input', `${name}: must not be empty`)
}

/** A name that is also the name of files. */
function parseName(text: string, name: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(text)) return text
  throw new DtrError('bad_input', `${name}: "${text}" is not a name of at most 64 letters, digits, ".", "_" and "-"`)
}

function parseBoolean(text: string, name: string): boolean {
  if (['1', 'true', 'yes', 'on'].includes(text)) return true
  if (['0', 'false', 'no', 'off', ''].includes(text)) return false
  throw new DtrError('bad_input', `${name}: "${text}" is neither true nor false`)
}

function parseList(text: string, name: string): readonly string[] {
  const items = text.split(',').map((item) => item.trim())
  if (items.every((item) => item !== '')) return items
  throw new DtrError('bad_input', `${name}: "${text}" has an empty entry`)
}

function parseLogLevel(text: string, name: string): LogLevel {
  const level = LOG_LEVELS.find((candidate) => candidate === text)
  if (level !== undefined) return level
  throw new DtrError('bad_input', `${name}: "${text}" is none of ${LOG_LEVELS.join(', ')}`)
}

function parsePortRange(text: string, name: string): PortRange {
  const match = /^(\d+)(?:-(\d+))?$/.exec(text.trim())
  const first = Number(match?.[1])
  const last = Number(match?.[2] ?? match?.[1])
  if (match !== null && first >= 1 && last <= 65_535 && first <= last) return { first, last }
  throw new DtrError('bad_input', `${name}: "${text}" is not a range of ports`, { hint: 'write 5000-5100' })
}
