// Every setting: its name, unit, default, variable and what it is for. Flags are derived from the names; the CLI, the
// library and the environment read the same table, and an unknown setting is an error.
import { availableParallelism } from 'node:os'
import { nearest } from './config/nearest.js'
import {
  exactDuration,
  exactSize,
  formatDuration,
  type HttpAuth,
  type HttpPort,
  type MsOrNever,
  type NumberOrNone,
  type PortRange,
  parseBoolean,
  parseCount,
  parseDuration,
  parseDurationOrNever,
  parseHttpAuth,
  parseHttpPort,
  parseLines,
  parseList,
  parseLogLevel,
  parseName,
  parseOrNone,
  parsePortRange,
  parseReplicas,
  parseShare,
  parseSize,
  parseText,
  type Replicas,
} from './config/parse.js'
import { DtrError } from './errors.js'
import { LOG_LEVELS, type LogLevel } from './log-levels.js'

export {
  formatDuration,
  formatSize,
  type HttpAuth,
  type HttpPort,
  type MsOrNever,
  type NumberOrNone,
  type PortRange,
  type Replicas,
  readDuration,
} from './config/parse.js'

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

const DAY_MS = 86_400_000

const NO_TEXTS: readonly string[] = []
/** No process with a task in it takes less. */
const MEMORY_BYTES_MIN = 64 * 1024 ** 2
const MEMORY_BYTES_MAX = 1024 ** 5

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
  masterTimeout: setting<MsOrNever>(
    30_000,
    parseDurationOrNever(1, 366 * DAY_MS),
    'a worker exits so long after losing the master; `never` stays',
  ),
  pullLease: setting(
    75_000,
    parseDuration(100, 7 * DAY_MS),
    'lease of a task that a worker has pulled, from its claim or its last renewal',
  ),
  pullStale: setting(
    45_000,
    parseDuration(100, 7 * DAY_MS),
    'silence after which a worker that pulls is shown as stale, and after three times as long as offline',
  ),
  pullSweep: setting(
    1_000,
    parseDuration(100, 3_600_000),
    'time between two looks for leases of pulled tasks that are over',
  ),
  pullAttempts: setting(5, parseCount(1, 1_000), 'attempts of tasks that name none, where a worker pulls them'),
  scan: setting(1_000, parseDuration(50, 3_600_000), 'time between two rounds of looking for workers'),
  drain: setting(30_000, parseDuration(0, 86_400_000), 'time that running tasks get when a process is asked to stop'),
  killGrace: setting(5_000, parseDuration(0, 3_600_000), 'time that code gets between the signal to end and its end'),
  defaultTimeout: setting<MsOrNever>(
    'never',
    parseDurationOrNever(1, 366 * DAY_MS),
    'limit of a run where neither task nor type has one',
  ),
  pendingMax: setting(
    10_000_000,
    parseCount(1, 1_000_000_000),
    'pending tasks beyond which submits are refused as busy',
  ),
  quarantine: setting(
    0.5,
    parseShare,
    'a worker is given nothing more where a larger share of its last votes was wrong; 1: never',
  ),
  keepCompleted: setting<MsOrNever>(
    7 * DAY_MS,
    parseDurationOrNever(0, 100 * 366 * DAY_MS),
    'completed and cancelled tasks are forgotten so long after their end; `never` keeps them',
  ),
  keepFailed: setting<MsOrNever>(30 * DAY_MS, parseDurationOrNever(0, 100 * 366 * DAY_MS), 'the same for failed tasks'),
  keepTasks: setting(
    1_000_000,
    parseCount(0, 1_000_000_000),
    'ended tasks kept at most; the oldest are forgotten first',
  ),
  keepBytes: setting(
    1024 ** 3,
    parseSize(0, 1024 ** 5),
    'payloads and results of ended tasks kept at most, such as 1GiB',
  ),
  id: setting<string | undefined>(undefined, parseName, 'name of the worker or gateway'),
  model: setting<string | undefined>(
    undefined,
    parseName,
    'what the tasks of the worker think with: the leaderboard tells of each model',
  ),
  tasks: setting(NO_TEXTS, parseList, 'modules with the tasks that workers run'),
  queues: setting<readonly string[]>(['default'], parseList, 'queues that the worker takes tasks from, with commas'),
  builtins: setting(false, parseBoolean, 'serve the built-in tasks beside those of --tasks and --exec'),
  exec: setting(
    NO_TEXTS,
    parseLines,
    'a command as a task type: TYPE=COMMAND, with {} for the payload; may be given again',
  ),
  execFinal: setting(
    NO_TEXTS,
    parseLines,
    'exit codes of a command that no other attempt would mend: TYPE=2,64-78, or TYPE=any; may be given again',
  ),
  execOutput: setting(NO_TEXTS, parseList, 'task types of commands whose result is what they print, as it is'),
  runner: setting(NO_TEXTS, parseList, 'modules that are runners of your own, for their task types'),
  isolate: setting(false, parseBoolean, 'each slot runs its tasks in a process of its own: native code, much memory'),
  recycleAfter: setting<NumberOrNone>(
    'none',
    parseOrNone(parseCount(1, 1_000_000_000)),
    'a process that has begun so many tasks gives way to a new one',
  ),
  recycleMemory: setting<NumberOrNone>(
    'none',
    parseOrNone(parseSize(MEMORY_BYTES_MIN, MEMORY_BYTES_MAX)),
    'the same for one that has so much memory, such as 512MiB; where there is a memory limit, three quarters of that',
  ),
  memoryLimit: setting<NumberOrNone>(
    'none',
    parseOrNone(parseSize(MEMORY_BYTES_MIN, MEMORY_BYTES_MAX)),
    'memory that the tasks of one slot may have, such as 512MiB; what takes more is ended, and told as out of memory',
  ),
  blockedAfter: setting<MsOrNever>(
    5_000,
    parseDurationOrNever(1_000, DAY_MS),
    'tasks that let nothing else have its turn for so long are named in the log',
  ),
  watch: setting(false, parseBoolean, 'load the task modules anew when they change; running tasks are not lost'),
  join: setting<string | undefined>(undefined, parseText, 'host:port of a master that the worker dials itself'),
  http: setting<HttpPort | undefined>(
    undefined,
    parseHttpPort,
    'port of the HTTP gateway; `auto`: the first free one from 8000, `off`: no gateway',
  ),
  httpBind: setting('127.0.0.1', parseText, 'address that the gateway listens on'),
  httpAuth: setting<HttpAuth>(
    'auto',
    parseHttpAuth,
    'whether requests need a key: `required`, `none`, or `auto`: only where it listens beyond loopback',
  ),
  httpHosts: setting(NO_TEXTS, parseList, 'names, besides localhost, by which the gateway may be called, with commas'),
  httpType: setting('echo', parseName, 'type of a task that comes over HTTP and names none'),
  httpTextType: setting('sentiment', parseName, 'the same for a task that comes as {"text": ...}'),
  httpTextReplicas: setting<Replicas | undefined>(
    undefined,
    parseReplicas(100),
    'so many workers (or `auto`) do a task that comes as {"text": ...} and says nothing of votes, and vote; all of so many are waited for',
  ),
  httpTextVoteOn: setting<string | undefined>(
    undefined,
    parseText,
    'the part of the results that votes on such tasks are about where they do not say it: a JSON Pointer, such as /label',
  ),
  grpc: setting<HttpPort | undefined>(
    undefined,
    parseHttpPort,
    'port on which the gateway serves gRPC; `auto`: the first free one from 50051',
  ),
  grpcScheduler: setting<HttpPort | undefined>(
    undefined,
    parseHttpPort,
    'the same for workers that speak gRPC; `auto`: from 50052; it may be the port of --grpc',
  ),
  workerGrpc: setting<HttpPort | undefined>(
    undefined,
    parseHttpPort,
    'first port on which workers tell over gRPC how they are and what they run; the first free one from there, `auto`: from 50053',
  ),
  dev: setting(false, parseBoolean, 'the gateway takes POST /ops/reset, which cancels and forgets all tasks'),
  otel: setting(
    false,
    parseBoolean,
    'trace tasks from submit to result with OpenTelemetry; the OTEL_* variables say where the spans go',
  ),
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
  keyFile: setting<string | undefined>(undefined, parseText, 'file with a key, for who does not have the secret'),
} as const

export type SettingName = keyof typeof SETTINGS
export type Settings = { -readonly [Name in SettingName]: ReturnType<(typeof SETTINGS)[Name]['parse']> }

export const SETTING_NAMES = Object.keys(SETTINGS) as readonly SettingName[]

export function isSettingName(text: string): text is SettingName {
  return Object.hasOwn(SETTINGS, text)
}

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
  if (value === undefined) return ''
  if (typeof value === 'number' && SIZES.includes(name)) return exactSize(value)
  if (typeof value === 'number') return isDuration(name) ? exactDuration(value) : String(value)
  if (typeof value !== 'object') return String(value)
  return 'first' in value ? `${value.first}-${value.last}` : value.join(isLines(name) ? '\n' : ',')
}

/** A list whose entries may hold commas: a line or a flag each. */
export function isLines(name: SettingName): boolean {
  return SETTINGS[name].parse === parseLines
}

const DURATIONS: readonly SettingName[] = [
  'heartbeat',
  'suspect',
  'lease',
  'codeDead',
  'masterTimeout',
  'pullLease',
  'pullStale',
  'pullSweep',
  'scan',
  'drain',
  'killGrace',
  'defaultTimeout',
  'blockedAfter',
  'keepCompleted',
  'keepFailed',
]

const SIZES: readonly SettingName[] = ['keepBytes', 'recycleMemory', 'memoryLimit']
/** Beside those whose default is one. */
const COUNTS: readonly SettingName[] = [
  'recycleAfter',
  'http',
  'grpc',
  'grpcScheduler',
  'workerGrpc',
  'httpTextReplicas',
]

export function isDuration(name: SettingName): boolean {
  return DURATIONS.includes(name)
}

function isNumber(name: SettingName): boolean {
  return isDuration(name) || SIZES.includes(name) || COUNTS.includes(name)
}

/** Settings that are files or folders. */
export const PATHS: readonly SettingName[] = ['data', 'logs', 'tasks', 'runner', 'secretFile', 'keyFile']

/** Variables that are no settings: they say where those are, carry secrets or steer tests, and are read where they are used. */
export const OTHER_VARIABLES = [
  'DTR_CONFIG',
  'DTR_DEBUG',
  'DTR_SECRET',
  'DTR_KEY',
  'DTR_REQUIRE_SERVICES',
  'DTR_REQUIRE_FAULTS',
  // Of a task that is a command, for whatever it runs.
  'DTR_TASK_ID',
  'DTR_LEASE_ID',
  'DTR_ATTEMPT',
] as const

/** What flags or a library's user said: a value, or text as a person writes it (`30s`, `never`, `5000-5100`). */
export type GivenSettings = { readonly [Name in SettingName]?: Settings[Name] | string | undefined }

/** What one source said: the value of each setting that it names, and how errors and people call that source. */
export type Said = ReadonlyMap<SettingName, { readonly value: unknown; readonly from: string }>

export interface Resolved {
  readonly settings: Settings
  /** Where each value came from: `default`, `follows heartbeat`, or what its source is called. */
  readonly from: Readonly<Record<SettingName, string>>
}

/**
 * The settings in force: defaults, then DTR_* variables, then `given` (flags or options of the library).
 * @throws DtrError `bad_input` for an unknown name, or a value that cannot be read
 */
export function resolveSettings(given: GivenSettings, environment: NodeJS.ProcessEnv): Settings {
  return mergeSettings(saidByVariables(environment), saidBy(given)).settings
}

/** Defaults, then what each source said, from low rank to high. @throws DtrError `bad_input` for timings in disorder */
export function mergeSettings(...sources: readonly Said[]): Resolved {
  const said = new Map(sources.flatMap((source) => [...source]))
  const settings = Object.fromEntries(
    SETTING_NAMES.map((name) => [name, said.has(name) ? said.get(name)?.value : SETTINGS[name].default]),
  ) as Settings
  const from = Object.fromEntries(SETTING_NAMES.map((name) => [name, said.get(name)?.from ?? 'default'])) as Record<
    SettingName,
    string
  >
  return checkTimings(growTimings({ settings, from }))
}

export function saidByVariables(environment: NodeJS.ProcessEnv): Said {
  const known = new Map(SETTING_NAMES.map((name) => [variableOf(name), name]))
  const said = new Map<SettingName, { value: unknown; from: string }>(saidByElsewhere(environment))
  for (const [variable, text] of Object.entries(environment)) {
    if (!variable.startsWith('DTR_') || text === undefined) continue
    const name = known.get(variable)
    if (name !== undefined) said.set(name, { value: SETTINGS[name].parse(text, variable), from: variable })
    else if (!(OTHER_VARIABLES as readonly string[]).includes(variable)) {
      throw unknown('variable', variable, [...known.keys(), ...OTHER_VARIABLES])
    }
  }
  return said
}

/** What other coordinators of workers that pull call it. DTR_* says more. */
const ELSEWHERE: Readonly<Record<string, readonly [SettingName, unit: string]>> = {
  LEASE_SECONDS: ['pullLease', 's'],
  HEARTBEAT_TTL_SECONDS: ['pullStale', 's'],
  REQUEUE_SWEEP_SECONDS: ['pullSweep', 's'],
  MAX_ATTEMPTS_DEFAULT: ['pullAttempts', ''],
}

function saidByElsewhere(environment: NodeJS.ProcessEnv): Said {
  return new Map(
    Object.entries(ELSEWHERE).flatMap(([variable, [name, unit]]) => {
      const text = environment[variable]
      if (text === undefined || text === '') return []
      return [[name, { value: SETTINGS[name].parse(`${text}${unit}`, variable), from: variable }] as const]
    }),
  )
}

/** @param spell how errors name a setting: as an option, a flag, a line of a file */
export function saidBy(
  given: GivenSettings,
  spell: (name: SettingName) => string = (name) => name,
  from: (name: SettingName) => string = spell,
): Said {
  const said = new Map<SettingName, { value: unknown; from: string }>()
  for (const [key, value] of Object.entries(given)) {
    if (!isSettingName(key)) throw unknown('setting', spell(key as SettingName), SETTING_NAMES, key)
    if (value !== undefined) said.set(key, { value: readSetting(key, value, spell(key)), from: from(key) })
  }
  return said
}

/** A value as a program gives it. Whatever is not of the setting's own type is read as a person would write it. */
function readSetting(name: SettingName, value: unknown, where: string): unknown {
  const { default: fallback, parse } = SETTINGS[name]
  const wrong = (what: string): DtrError => new DtrError('bad_input', `${where}: ${shown(value)} is not ${what}`)
  if (typeof value === 'string') return parse(value, where)
  if (typeof fallback === 'boolean') {
    if (typeof value === 'boolean') return value
    throw wrong('true or false')
  }
  if (Array.isArray(fallback)) {
    if (Array.isArray(value) && value.every((item) => typeof item === 'string' && item.trim() !== '')) return value
    throw wrong('a list of texts')
  }
  if (typeof value === 'number') {
    if (typeof fallback === 'number' || isNumber(name)) return parse(formatSetting(name, value), where)
  } else if (typeof value === 'object' && value !== null && 'first' in value && 'last' in value) {
    if (name === 'workerPorts') return parse(`${String(value.first)}-${String(value.last)}`, where)
  }
  throw wrong(
    isDuration(name) ? 'a duration' : typeof fallback === 'number' || isNumber(name) ? 'a whole number' : 'a text',
  )
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value)
  return text.length > 100 ? `${text.slice(0, 100)}...` : text
}

/** Where only the heartbeat was changed the three that hang on it grow (or shrink) with it (design: section 5). */
function growTimings({ settings, from }: Resolved): Resolved {
  const factor = settings.heartbeat / SETTINGS.heartbeat.default
  if (factor === 1) return { settings, from }
  const grown = (['suspect', 'lease', 'codeDead'] as const).filter((name) => from[name] === 'default')
  return {
    settings: {
      ...settings,
      ...Object.fromEntries(grown.map((name) => [name, Math.round(SETTINGS[name].default * factor)])),
    },
    from: { ...from, ...Object.fromEntries(grown.map((name) => [name, 'follows heartbeat'])) },
  }
}

/** The order of the four is what keeps two workers from running one task (P7). */
function checkTimings(resolved: Resolved): Resolved {
  const { settings, from } = resolved
  const order = ['heartbeat', 'suspect', 'codeDead', 'lease'] as const
  for (const [index, longer] of order.entries()) {
    const shorter = order[index - 1]
    if (shorter === undefined || settings[shorter] < settings[longer]) continue
    const told = (name: SettingName & typeof longer): string =>
      `${name} (${formatDuration(settings[name])}, ${from[name]})`
    throw new DtrError('bad_input', `${told(longer)} must be longer than ${told(shorter)}`, {
      hint: `the order is ${order.join(' < ')}`,
    })
  }
  return resolved
}

function unknown(what: string, written: string, known: readonly string[], word = written): DtrError {
  const name = nearest(word, known)
  return new DtrError('bad_input', `unknown ${what} ${written}`, {
    hint: name === undefined ? 'dtr config lists all that there are' : `did you mean: ${name}`,
  })
}
