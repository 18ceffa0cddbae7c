// The table of the drills in README.md beside the sources of this file. A command keeps what is known of each drill and of
// its last run; what turns it red is written by hand, and kept.
import { formatDuration } from '../../src/config.js'
import type { Drill, DrillResult } from '../../src/drill/drill.js'
import type { Measure } from '../../src/drill/record.js'

export interface Run {
  readonly result: DrillResult
  /** `2026-01-31`. */
  readonly day: string
  /** `2 cores, 24 GiB, Linux`. */
  readonly machine: string
}

export interface Row {
  readonly name: string
  /** Written by hand: what in dtr, or in the drill, makes it fail. */
  readonly red: string
  /** How it went last, and what was measured. */
  readonly last: string
  readonly measured: string
}

const HEAD = '| drill | promises | what it does | goes red when | last result | measured |'
const ROW = /^\| `([a-z-]+)` \|/
/** What every drill measures, and nobody compares. */
const DULL = /^(tasks touched|attempts charged)$/

export function rowsOf(text: string): ReadonlyMap<string, Row> {
  const rows = text.split('\n').flatMap((line) => {
    const [, name] = ROW.exec(line) ?? []
    if (name === undefined) return []
    const [, , , red = '', last = '', measured = ''] = line
      .split('|')
      .slice(1)
      .map((cell) => cell.trim())
    return [[name, { name, red, last, measured }] as const]
  })
  return new Map(rows)
}

/** The text with a row for each drill, in their order, and none for others. */
export function withTable(text: string, drills: readonly Drill[], runs: readonly Run[]): string {
  const known = rowsOf(text)
  const lines = text.split('\n')
  const from = lines.indexOf(HEAD)
  if (from < 0) throw new Error('there is no table of drills in it')
  const length = lines.slice(from).findIndex((line) => !line.startsWith('|'))
  const table = drills.map((drill) => {
    const { red = '', last = 'never run', measured = '' } = known.get(drill.name) ?? {}
    const run = runs.find(({ result }) => result.name === drill.name)
    return lineOf(drill, run === undefined ? { red, last, measured } : { red, ...told(run) })
  })
  lines.splice(from, length, HEAD, HEAD.replaceAll(/[^|]+/g, ' --- '), ...table)
  return lines.join('\n')
}

function lineOf({ name, promises, summary }: Drill, { red, last, measured }: Omit<Row, 'name'>): string {
  const cells = [`\`${name}\``, promises.join(' '), summary, red, last, measured]
  return `| ${cells.map((cell) => cell.replaceAll('|', '/')).join(' | ')} |`
}

function told({ result, day, machine }: Run): Pick<Row, 'last' | 'measured'> {
  const { outcome, reason, seed, quick, tookMs, measures } = result
  const why = reason === undefined ? '' : `: ${reason.replaceAll(/\s+/g, ' ')}`
  const timers = quick ? 'quick' : 'real timers'
  const about = [`${outcome}${why}`, day, timers, `seed ${seed}`, formatDuration(tookMs), machine]
  const told = measures.filter(({ what }) => !DULL.test(what)).map(measured)
  return { last: about.join(', '), measured: told.join(', ') }
}

function measured({ what, value, unit }: Measure): string {
  return unit === 'ms' ? `${what} ${formatDuration(value)}` : `${value} ${what}`
}
