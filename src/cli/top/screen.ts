// What stands on the screen: the same state on a screen of the same size is the same lines. Pure.
import { TASK_STATES } from '../../task/task.js'
import type { Colour } from '../terminal.js'
import { ageOf, countOf, EMPTY, fitted, justified, type Line, rateOf, type Span, sparkline, widthOf } from './cells.js'
import { HEALTH_COLOURS, healthOf } from './health.js'
import { failedTable, runningTable, type Table } from './list.js'
import { failedRows, runningRows } from './rows.js'
import { selectedIndex, type TopState } from './state.js'
import { taskLines } from './task-screen.js'

export interface Size {
  readonly columns: number
  /** Without end for whoever prints it. */
  readonly rows: number
}

export interface Frame {
  readonly lines: readonly Line[]
  /** By how many rows a page is turned. */
  readonly pageRows: number
  /** How far it can be scrolled. */
  readonly scrollMax: number
}

/** On fewer rows there is one table at a time. */
const ROWS_OF_BOTH = 14
const FAILED_ROWS_MIN = 4
const SPARKS = 30

export function screen(state: TopState, size: Size): Frame {
  const header = headerLines(state, size)
  const bodyRows = Math.max(0, size.rows - header.length - 1)
  const body = bodyOf(state, size, bodyRows)
  const filler = Number.isFinite(bodyRows) ? Array<Line>(Math.max(0, bodyRows - body.lines.length)).fill(EMPTY) : []
  const footer = Number.isFinite(size.rows) ? [footerLine(state)] : []
  const lines = [...header, ...body.lines, ...filler, ...footer].map((line) => fitted(line, size.columns))
  return { ...body, lines: Number.isFinite(size.rows) ? lines.slice(0, size.rows) : lines }
}

function headerLines(state: TopState, { columns, rows }: Size): Line[] {
  const { word, why } = healthOf(state)
  const { snapshot, rates } = state
  const health: Line = [
    { text: 'dtr  ', colour: 'bold' },
    { text: word, colour: HEALTH_COLOURS[word] },
    { text: `  ${why}` },
  ]
  if (snapshot === undefined) return [health, EMPTY]
  const { master, counts } = snapshot.status
  const where: Line = [{ text: `${master.address}  up ${ageOf(master.upMs)}`, colour: 'gray' }]
  const perState = TASK_STATES.map((name) => {
    const count = counts.reduce((sum, { state, count }) => sum + (state === name ? count : 0), 0)
    return { name, count }
  })
  const totals: Line = perState.flatMap(({ name, count }, index): Span[] => [
    { text: `${index === 0 ? '' : '  '}${countOf(count)} `, colour: count > 0 ? COUNT_COLOURS[name] : 'gray' },
    { text: name, ...(count === 0 && { colour: 'gray' as const }) },
  ])
  const rate = `${rateOf(rates.all)}`
  const sparks = sparkline(rates.recent(Math.min(SPARKS, columns - widthOf(totals) - rate.length - 4)))
  const speed: Line = [
    { text: sparks, colour: 'cyan' },
    { text: ` ${rate}`, colour: 'bold' },
  ]
  const gap = rows < ROWS_OF_BOTH ? [] : [EMPTY]
  return [justified(health, where, columns), justified(totals, speed, columns), ...gap]
}

const COUNT_COLOURS: Readonly<Record<string, Colour>> = {
  running: 'cyan',
  failed: 'red',
  pending: 'bold',
  completed: 'bold',
  cancelled: 'bold',
}

interface Body {
  readonly lines: readonly Line[]
  readonly pageRows: number
  readonly scrollMax: number
}

function bodyOf(state: TopState, size: Size, bodyRows: number): Body {
  if (state.helps) return { lines: HELP.map((text) => [{ text }]), pageRows: 1, scrollMax: 0 }
  if (state.looking === undefined) return listBody(state, size, bodyRows)
  const lines = taskLines(state.looking, { now: state.nowMs, folder: state.folder }, size.columns)
  const scrollMax = Math.max(0, lines.length - bodyRows)
  const scroll = Math.min(state.looking.scroll, scrollMax)
  return { lines: lines.slice(scroll, scroll + bodyRows), pageRows: Math.max(1, bodyRows - 1), scrollMax }
}

function listBody(state: TopState, { columns }: Size, bodyRows: number): Body {
  const { snapshot, gone, filter } = state
  if (snapshot === undefined) return { lines: [], pageRows: 1, scrollMax: 0 }
  const rows = { running: runningRows(snapshot, gone, filter), failed: failedRows(snapshot, filter) }
  const running = runningTable(rows.running, state, columns)
  const failed = failedTable(rows.failed, state, columns)
  const marked = selectedIndex(state, [...rows.running, ...rows.failed])
  const inFailed = marked === undefined ? undefined : marked - running.size
  const one = (table: Table, index: number | undefined): Body => {
    return { lines: part(table, bodyRows, index, columns), pageRows: Math.max(1, bodyRows - 1), scrollMax: 0 }
  }
  if (failed.size === 0) return one(running, marked)
  if (bodyRows < ROWS_OF_BOTH - 3) {
    return inFailed !== undefined && inFailed >= 0 ? one(failed, inFailed) : one(running, marked)
  }
  // Two heads, and a gap between the tables.
  const room = bodyRows - 3
  const failedRoom = Math.min(failed.size, Math.max(FAILED_ROWS_MIN, room - running.size))
  const lines = [
    ...part(running, room - failedRoom + 1, marked, columns),
    EMPTY,
    ...part(failed, failedRoom + 1, inFailed, columns),
  ]
  return { lines, pageRows: Math.max(1, room - failedRoom), scrollMax: 0 }
}

/** Its head and so many of its rows that all is `rows` long, with the marked one in the middle where it can be. */
function part(table: Table, rows: number, marked: number | undefined, columns: number): Line[] {
  const { head, size, empty } = table
  const room = Math.max(0, rows - 1)
  if (size === 0) return [head, [{ text: `  ${empty}`, colour: 'gray' }]]
  const from = Math.max(0, Math.min((marked ?? 0) - Math.floor(room / 2), size - room))
  const lines = Array.from({ length: Math.min(room, size) }, (_, index) => table.line(from + index))
  if (size <= room) return [head, ...lines]
  const range: Line = [{ text: `${from + 1}-${from + room} of ${countOf(size)}`, colour: 'gray' }]
  return [justified(fitted(head, columns - widthOf(range) - 2), range, columns), ...lines]
}

function footerLine(state: TopState): Line {
  const { question, notice, typing, filter, looking } = state
  if (question !== undefined) {
    const what = question.act === 'cancel' ? 'no result will count' : 'attempts counted anew'
    return [
      { text: `${question.act} ${question.what} ${question.id}? `, colour: 'yellow' },
      { text: '[y/N]  ', colour: 'bold' },
      { text: what, colour: 'gray' },
    ]
  }
  if (typing)
    return [
      { text: 'filter: ', colour: 'bold' },
      { text: filter },
      { text: '_  enter keeps it, esc clears it', colour: 'gray' },
    ]
  if (notice !== undefined) return [{ text: notice.text, colour: notice.bad ? 'yellow' : 'green' }]
  if (looking !== undefined) return keys(['esc back', '↑↓ scroll', 'c cancel', 'r retry', '? help', 'q quit'])
  const filtered: Line = filter === '' ? [] : [{ text: `filter: ${filter}  `, colour: 'yellow' }]
  return [
    ...filtered,
    ...keys(['↑↓ mark', 'enter look', 'c cancel', 'r retry', '/ filter', 'tab failed', '? help', 'q quit']),
  ]
}

/** The key itself, and what it does. */
function keys(words: readonly string[]): Line {
  return words.flatMap((word): Span[] => {
    const [key = '', ...does] = word.split(' ')
    return [
      { text: key, colour: 'bold' },
      { text: ` ${does.join(' ')}  `, colour: 'gray' },
    ]
  })
}

const HELP = [
  '  up, down, j, k       move the marker, or scroll',
  '  page up, page down, home, end',
  '  tab                  to what failed, and back',
  '  enter                look at the task: its story, payload, result and what it says',
  '  esc                  back; in the list: no filter, no marker',
  '  c                    cancel the task; asks first',
  '  r                    retry a task that failed or was cancelled; asks first',
  '  /                    only what holds this text: worker, type, id, description, error',
  '  ctrl-l               draw anew',
  '  ctrl-z               suspend',
  '  q, ctrl-c            leave',
  '',
  '  BUSY is slots in use, RATE what ended a second in the last 10 s, FOR how long it has run,',
  '  MEM what the worker and the processes that run its tasks have of memory.',
  '',
  '  any key goes back',
]
