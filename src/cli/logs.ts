// dtr logs: what all processes of a cluster have logged, in one stream by time; also of one that does not run. Of a task what
// it has said.
import { setTimeout as delay } from 'node:timers/promises'
import { clusterFolder } from '../client/connect.js'
import { systemClock } from '../clock.js'
import { SETTINGS } from '../config.js'
import { DtrError, EXIT_OK } from '../errors.js'
import { escapeControls, LOG_LEVELS, type LogLevel } from '../log.js'
import type { Command } from './command.js'
import type { Flags } from './flags.js'
import { isAtLeast, type LogLine } from './log-entry.js'
import { LogFiles } from './log-files.js'
import { nearest } from './nearest.js'
import type { Output } from './output.js'
import { isTaskId, taskLogs } from './task-logs.js'
import { type Colour, coloured } from './terminal.js'
import { whereabouts } from './whereabouts.js'

const LINES_SHOWN = 100
const LINES_MAX = 1_000_000
const POLL_MS = 250

export const logs: Command = {
  name: 'logs',
  positionals: '[name]',
  about: 'what all processes have logged, by time, or the one of this name; or what the task of this id has said',
  words: 'names',
  settings: ['data', 'logs', 'master', 'secretFile'],
  flags: {
    follow: { about: 'go on with what is logged from now on', short: 'f' },
    lines: {
      about: `so many of the last; ${LINES_SHOWN} where neither this nor --since is given`,
      value: 'N',
      short: 'n',
    },
    since: { about: 'only what is not older', value: '10m' },
    level: { about: 'only what is at least so grave: error, warn, info, debug', value: 'LEVEL', words: LOG_LEVELS },
    names: { about: 'only the names of those who have logged' },
    json: { about: 'a line of JSON for each' },
  },
  examples: [
    ['logs -f', 'all processes, as it happens'],
    ['logs worker-2 -n 20', 'the last of one worker'],
    ['logs --since 10m --level warn', 'what went wrong lately'],
    ['logs 0197c2f0-5f0e-7c3a-9d35-0c8f6b1a2e4d -f', 'what a task says, until it ends'],
  ],
  async run(flags, output) {
    const name = flags.text('name')
    if (isTaskId(name)) return taskLogs(name, flags, output)
    const files = new LogFiles(whereabouts(flags, clusterFolder(flags.settings(['data']).data, process.env)).logs)
    if (flags.has('names')) {
      for (const name of files.names) await output.line(name)
      return EXIT_OK
    }
    const filter = filterOf(flags, systemClock.now().wallMs)
    const { entries, names } = readAll(files, filter)
    if (files.names.size === 0) {
      throw new DtrError('no_cluster', `there are no logs in ${files.folder}`, { hint: 'say --logs FOLDER' })
    }
    if (filter.name !== undefined && !names.has(filter.name)) throw unknownName(filter.name, [...names].sort())
    const show = shower(flags, output)
    for (const entry of entries) await show(entry)
    if (flags.has('follow')) await follow(files, filter, show, output)
    return EXIT_OK
  },
}

interface Filter {
  readonly name: string | undefined
  readonly level: LogLevel
  readonly sinceMs: number
  readonly linesMax: number
}

function filterOf(flags: Flags, now: number): Filter {
  const name = flags.text('name')
  const since = flags.duration('since')
  const lines = flags.integer('lines') ?? (since === undefined ? LINES_SHOWN : LINES_MAX)
  if (lines < 0 || lines > LINES_MAX) throw new DtrError('bad_input', `--lines: ${lines} is outside 0 to ${LINES_MAX}`)
  const level = SETTINGS.logLevel.parse(flags.text('level') ?? 'debug', '--level')
  return { name, level, linesMax: lines, sinceMs: since === undefined ? 0 : now - since }
}

function matches({ name, level, sinceMs }: Filter, entry: LogLine): boolean {
  return entry.wallMs >= sinceMs && isAtLeast(entry.level, level) && (name === undefined || entry.name === name)
}

/** The last entries of several files, by time; of the same moment as they stand, what was written last being read first. */
class Gathered {
  readonly #max: number
  #entries: LogLine[] = []
  #ofFile: LogLine[] = []

  constructor(max: number) {
    this.#max = max
  }

  add(entry: LogLine): void {
    this.#ofFile.push(entry)
    if (this.#ofFile.length > 2 * this.#max + LINES_SHOWN) this.#ofFile = this.#last(this.#ofFile)
  }

  /** What has been read, when a file is at its end. */
  get sorted(): readonly LogLine[] {
    this.#entries = this.#last([...this.#ofFile, ...this.#entries])
    this.#ofFile = []
    return this.#entries
  }

  #last(entries: LogLine[]): LogLine[] {
    return entries
      .sort((one, other) => one.wallMs - other.wallMs)
      .slice(entries.length - Math.min(entries.length, this.#max))
  }
}

/** What is there, in order, and whose it is. A file last written before all that is shown anyway is not read. */
function readAll(files: LogFiles, filter: Filter): { entries: readonly LogLine[]; names: ReadonlySet<string> } {
  const gathered = new Gathered(filter.linesMax)
  const names = new Set<string>(files.names)
  files.read(
    (entry) => {
      names.add(entry.name)
      if (matches(filter, entry)) gathered.add(entry)
    },
    (lastMs) => {
      const kept = gathered.sorted
      const full = kept.length === filter.linesMax
      return lastMs >= filter.sinceMs && !(full && lastMs < (kept[0]?.wallMs ?? Number.POSITIVE_INFINITY))
    },
  )
  return { entries: gathered.sorted, names }
}

async function follow(
  files: LogFiles,
  filter: Filter,
  show: (entry: LogLine) => Promise<void>,
  output: Output,
): Promise<void> {
  while (!output.closed.aborted) {
    const gathered = new Gathered(LINES_MAX)
    files.read(
      (entry) => {
        if (matches(filter, entry)) gathered.add(entry)
      },
      () => gathered.sorted !== undefined,
    )
    for (const entry of gathered.sorted) await show(entry)
    await delay(POLL_MS, undefined, { signal: output.closed }).catch(() => {})
  }
}

function unknownName(name: string, names: readonly string[]): DtrError {
  const near = nearest(name, names)
  const known = `there are ${names.join(', ')}`
  return new DtrError('not_found', `NAME: nothing called ${name} has logged here`, {
    hint: near === undefined ? known : `did you mean ${near}? ${known}`,
  })
}

const NAME_COLOURS = ['cyan', 'green', 'magenta', 'blue', 'cyanBright', 'greenBright', 'magentaBright'] as const
const LEVEL_COLOURS = { error: 'red', warn: 'yellow', info: undefined, debug: 'gray' } as const

function shower(flags: Flags, output: Output): (entry: LogLine) => Promise<void> {
  const paint = (colour: Colour | undefined, text: string): string =>
    output.hasColours && colour !== undefined ? coloured(colour, text) : text
  return async (entry) => {
    const time = new Date(entry.wallMs).toISOString()
    if (flags.has('json')) {
      return output.line(JSON.stringify({ time, level: entry.level, name: entry.name, text: entry.text }))
    }
    const [first = '', ...more] = entry.text.split('\n').map(escapeControls)
    const level = paint(LEVEL_COLOURS[entry.level], entry.level.toUpperCase().padEnd(5))
    const name = paint(NAME_COLOURS[hashOf(entry.name) % NAME_COLOURS.length], entry.name)
    await output.line([`${time} ${level} ${name}: ${first}`, ...more.map((line) => `  ${line}`)].join('\n'))
  }
}

function hashOf(text: string): number {
  return [...text].reduce((sum, char) => (sum * 31 + char.charCodeAt(0)) % 65_521, 7)
}
