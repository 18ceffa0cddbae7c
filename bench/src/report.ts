// What was measured as a person reads it, and as a program does.
import type { Contestants } from './contest.js'
import { type Figure, median, rounded, spread } from './figures.js'
import { type Goal, goalsOf } from './goals.js'
import type { Machine } from './machine.js'
import type { BacklogFigures } from './measurements/backlog.js'
import type { FakeFigures } from './measurements/fakes.js'
import type { PrefetchFigures } from './measurements/prefetch.js'
import type { ScaleFigure } from './measurements/scale.js'

/** What was not measured this time is missing. */
export interface Results {
  readonly date: string
  readonly machine: Machine
  readonly command: string
  readonly runs: number
  /** So small that the figures mean nothing. */
  readonly smoke: boolean
  floors?: readonly Figure[]
  contest?: Contestants
  recovery?: Figure
  backlog?: BacklogFigures
  scale?: readonly ScaleFigure[]
  fakes?: readonly FakeFigures[]
  prefetch?: PrefetchFigures
  gateway?: readonly Figure[]
  dashboard?: readonly Figure[]
  safety?: readonly Figure[]
}

export function markdown(results: Results): string {
  const { machine, date, command, runs, smoke } = results
  const { cores, processor, memoryGiB, system, node, commit } = machine
  return [
    '# Results',
    ...(smoke ? ['**A smoke run: these figures mean nothing.**'] : []),
    `Written by the benchmark itself: \`${command}\`, ${date}, commit ${commit}; ${runs} runs of each, of which the median is told and the spread from the least to the most.`,
    `The machine: ${cores} cores (${processor}), ${memoryGiB} GiB, ${system}, Node ${node}. Everything shares it: client, servers, two workers, the disk.`,
    ...goals(results),
    ...peers(results),
    ...section('Floors: what the machine gives at best', results.floors),
    ...backlogSection(results),
    ...scaleSection(results),
    ...fakesSection(results),
    ...section('A worker that dies', results.recovery && [results.recovery]),
    ...section('Long tasks among short ones', results.prefetch && [results.prefetch.total, results.prefetch.wait]),
    ...section(
      'Over HTTP and gRPC',
      results.gateway,
      'One gateway, and callers that are all in one process, which shares the machine with it.',
    ),
    ...section(
      'The dashboard of a large cluster',
      results.dashboard,
      '1,000 workers that are only their half of the protocol, 1,000,000 tasks that wait, 200 a second that end, and the browser, on this machine. One run.',
    ),
    ...section(
      'The price of safety',
      results.safety,
      'Copies of dtr, each without one thing; such copies exist for this table alone.',
    ),
  ]
    .join('\n\n')
    .concat('\n')
}

function row(...cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [row(...head), row(...head.map(() => '---')), ...rows.map((cells) => row(...cells))].join('\n')
}

function cells({ name, unit, values }: Figure): readonly string[] {
  return [name, `${rounded(median(values))} ${unit}`, spread(values)]
}

function section(title: string, figures: readonly Figure[] | undefined, about?: string): string[] {
  if (figures === undefined) return []
  return [
    `## ${title}`,
    ...(about === undefined ? [] : [about]),
    table(['what', 'median', 'spread'], figures.map(cells)),
  ]
}

/** What is slower than such a share of what it is known to do was measured wrongly. */
const EXPECTED_SHARE = 0.8

function peers({ contest, smoke }: Results): string[] {
  if (contest === undefined) return []
  const { standings, missing } = contest
  const rows = standings.map(({ name, throughput, expected, p50, p99, processor }) => [
    name,
    `${rounded(median(throughput.values))}`,
    spread(throughput.values),
    expected === undefined ? '-' : rounded(expected),
    p50.values.length === 0 ? '-' : `${rounded(median(p50.values))} ms`,
    p99.values.length === 0 ? '-' : `${rounded(median(p99.values))} ms`,
    processor.values.length === 0 ? '-' : `${rounded(median(processor.values))} us`,
  ])
  return [
    '## Beside what people use',
    'No-op tasks with 100 bytes of payload, submitted in bulk by one client, run by two worker processes, until it is known that every result is stored. The client of dtr is told each result, and so are those of which it says so; for the others it is counted what is stored: by their workers, and where dtr says so by its master. Latency: one task at a time, from submit to result; and what of the processor one takes in all processes together.',
    table(['system', 'tasks/s', 'spread', 'known to do', 'p50', 'p99', 'processor'], rows),
    ...standings
      .filter(({ expected = 0, throughput }) => !smoke && median(throughput.values) < EXPECTED_SHARE * expected)
      .map(
        ({ name }) => `**${name}** is slower than what it is known to do on a machine of 2 cores: doubt the harness.`,
      ),
    ...missing.map((what) => `**Left out**: ${what}.`),
    '![Throughput beside peers](peers.svg)',
    standings.map(({ name, version, settings }) => `- ${name}: ${version}. ${settings}.`).join('\n'),
  ]
}

function backlogSection({ backlog }: Results): string[] {
  if (backlog === undefined) return []
  const { pending, delayed, unserved, memory, disk } = backlog
  const figures = [...pending.map(({ figure }) => figure), delayed, unserved]
  return [...section('The cost of a backlog', [...figures, memory, disk]), '![Throughput against backlog](backlog.svg)']
}

function scaleSection({ scale }: Results): string[] {
  if (scale === undefined) return []
  const rows = scale.map(({ figure, perfect }) => [
    ...cells(figure),
    perfect === undefined ? '-' : `${Math.round((median(figure.values) / perfect) * 100)} %`,
  ])
  return [
    '## More workers',
    'One slot each; perfect is what so many slots would do if nothing but the tasks took time.',
    table(['what', 'median', 'spread', 'of perfect'], rows),
  ]
}

function fakesSection({ fakes }: Results): string[] {
  const about = 'Its own processor time, with workers that are only their half of the protocol.'
  return section(
    'The master alone',
    fakes?.flatMap(({ beat, task }) => [beat, task]),
    about,
  )
}

/** What dtr is to reach, as ratios within one run, and what holds back each mark that is not reached. */
function goals(results: Results): string[] {
  const reached = goalsOf(results).filter(({ value }) => value !== undefined && Number.isFinite(value))
  if (reached.length === 0) return []
  const rows = reached.map((goal) => {
    const { what, value = Number.NaN, unit, atLeast, mark } = goal
    const said = meets(goal, mark) ? 'the mark' : meets(goal, atLeast) ? 'yes' : 'no'
    return [what, `${rounded(value)} ${unit}`, `${atLeast} ${unit}`, `${mark} ${unit}`, said]
  })
  const held = reached.filter((goal) => !meets(goal, goal.mark) && goal.heldBack !== undefined)
  return [
    '## Goals',
    'Ratios of what was measured by turns are the median of those of each turn; the others are those of the medians.',
    table(['what', 'measured', 'at least', 'mark', 'reached'], rows),
    ...(held.length === 0
      ? []
      : [
          'What holds back the marks that are not reached:',
          held.map(({ what, heldBack }) => `- ${what}: ${heldBack}.`).join('\n'),
        ]),
  ]
}

function meets({ value = Number.NaN, falling = false }: Goal, limit: number): boolean {
  return falling ? value <= limit : value >= limit
}
