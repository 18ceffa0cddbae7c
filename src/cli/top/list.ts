// The two tables of the list, as wide as the screen: what is less needed is left out where it is narrow. Pure.

import { errorText, workerName } from '../story.js'
import type { Colour } from '../terminal.js'
import { ageOf, bytesOf, cell, columnsOf, countOf, type Line, rateOf, type Span } from './cells.js'
import type { Row, Summary } from './rows.js'
import type { TopState } from './state.js'

export interface Table {
  readonly head: Line
  readonly size: number
  /** One of its rows: only those that are shown are made. */
  line(index: number): Line
  /** What stands there where it has no row. */
  readonly empty: string
}

interface Column {
  readonly head: string
  /** Of the screen, from which on it is there. */
  readonly from?: number
  readonly most?: number
  readonly side?: 'left' | 'right'
  readonly of: (row: Row) => Span
}

const WIDE = 100
const ROOMY = 72
/** No column but the last is wider. */
const MOST = 40
/** The end of an id tells one from another where there is no room for all of it. */
export const ID_END_CHARS = 12
const MARKER = '▸ '
const NO_MARKER = '  '

const STATE_COLOURS: Readonly<Record<string, Colour>> = {
  ready: 'green',
  active: 'green',
  suspect: 'yellow',
  stale: 'yellow',
  draining: 'cyan',
  lost: 'red',
  gone: 'red',
  away: 'red',
  offline: 'red',
  left: 'gray',
  quarantined: 'yellow',
}

export function runningTable(rows: readonly Row[], state: TopState, columns: number): Table {
  const { nowMs, rates, gone } = state
  const age = (row: Row): string => {
    const left = row.worker === undefined ? undefined : gone.get(row.worker.name)
    if (row.task !== undefined) return ageOf(nowMs - (row.task.grantedAt ?? nowMs))
    return left === undefined || row.worker?.busy !== undefined ? '' : ageOf(nowMs - left.atMs)
  }
  const all: readonly Column[] = [
    {
      head: 'WORKER',
      most: columns < 60 ? 10 : columns < WIDE ? 14 : 28,
      of: ({ worker }) => ({ text: worker?.name ?? '' }),
    },
    {
      ...{ head: 'STATE', most: 11 },
      of: ({ worker }) => ({ text: worker?.state ?? '', colour: STATE_COLOURS[worker?.state ?? ''] }),
    },
    {
      ...{ head: 'BUSY', from: 60, side: 'right' },
      of: ({ worker }) => ({ text: worker?.busy === undefined ? '' : `${worker.busy.running}/${worker.busy.slots}` }),
    },
    {
      ...{ head: 'RATE', from: 60, side: 'right' },
      of: ({ worker }) => ({ text: worker?.busy === undefined ? '' : rateOf(rates.of(worker.holder)) }),
    },
    {
      ...{ head: 'MEM', from: ROOMY, side: 'right' },
      of: ({ worker }) => ({ text: worker?.memoryBytes === undefined ? '' : bytesOf(worker.memoryBytes) }),
    },
    {
      ...{ head: 'DONE', from: WIDE, side: 'right' },
      of: ({ worker }) => ({ text: worker?.busy === undefined ? '' : countOf(worker.ended - worker.failed) }),
    },
    {
      ...{ head: 'FAILED', from: WIDE, side: 'right' },
      of: ({ worker }) => ({
        text: worker?.busy === undefined ? '' : countOf(worker.failed),
        ...(worker !== undefined && worker.failed > 0 && { colour: 'red' as const }),
      }),
    },
    { head: 'FOR', side: 'right', of: (row) => ({ text: age(row) }) },
    { head: 'RUNS', most: columns < WIDE ? 16 : 28, of: runs },
    {
      head: 'TRY',
      from: 60,
      side: 'right',
      of: ({ task }) => ({ text: task === undefined ? '' : String(task.attempt) }),
    },
    { head: 'WHAT', from: 60, of: ({ task }) => ({ text: task === undefined ? '' : whatOf(task, columns) }) },
  ]
  return table(
    all,
    rows,
    state,
    columns,
    state.filter === '' ? 'no workers: dtr start --workers 5, or dtr worker' : 'nothing here holds this text',
  )
}

export function failedTable(rows: readonly Row[], state: TopState, columns: number): Table {
  const all: readonly Column[] = [
    {
      head: 'FAILED',
      side: 'right',
      of: ({ task }) => ({ text: ageOf(state.nowMs - (task?.endedAt ?? state.nowMs)) }),
    },
    { head: 'TYPE', most: columns < WIDE ? 16 : 28, of: ({ task }) => ({ text: task?.type ?? '' }) },
    { head: 'TRIES', from: 60, side: 'right', of: ({ task }) => ({ text: String(task?.attempt ?? '') }) },
    {
      ...{ head: 'WORKER', from: 60, most: columns < WIDE ? 14 : 28 },
      of: ({ task }) => ({ text: task?.holder === undefined ? '' : workerName(task.holder) }),
    },
    {
      head: 'WHAT WENT WRONG',
      of: ({ task }) => ({ text: task?.error === undefined ? '' : errorText(task.error), colour: 'red' }),
    },
  ]
  return table(all, rows, state, columns, 'nothing has failed')
}

/** Each column as wide as what stands in it, up to its most; the last one takes what is left. */
function table(all: readonly Column[], rows: readonly Row[], state: TopState, columns: number, empty: string): Table {
  const shown = all.filter(({ from = 0 }) => columns >= from)
  const widths = shown.slice(0, -1).map(({ head, most = MOST, of }) => {
    const widest = rows.reduce((most, row) => Math.max(most, widthUpTo(of(row).text, MOST)), columnsOf(head))
    return Math.min(widest, Math.max(most, columnsOf(head)))
  })
  const used = widths.reduce((sum, width) => sum + width + 2, NO_MARKER.length)
  widths.push(Math.max(1, columns - used))
  const line = (spans: readonly Span[]): Span[] =>
    spans.flatMap(({ text, colour }, index) => [
      ...(index === 0 ? [] : [{ text: '  ' }]),
      { text: cell(text, widths[index]!, shown[index]!.side), ...(colour !== undefined && { colour }) },
    ])
  const head = line(shown.map(({ head }) => ({ text: head, colour: 'bold' as const })))
  return {
    head: [{ text: NO_MARKER }, ...head],
    size: rows.length,
    line: (index) => {
      const row = rows[index]!
      return marked(line(shown.map(({ of }) => of(row))), row.key === state.selected?.key)
    },
    empty,
  }
}

/** At least as wide as it is, or as `most`. */
function widthUpTo(text: string, most: number): number {
  return text.length >= most ? most : columnsOf(text)
}

/** Also without colours it is seen. */
function marked(line: readonly Span[], isMarked: boolean): Line {
  if (!isMarked) return [{ text: NO_MARKER }, ...line]
  return [{ text: `${MARKER}${line.map(({ text }) => text).join('')}`, colour: 'inverse' }]
}

function runs({ task, worker }: Row): Span {
  if (task !== undefined) return { text: task.type }
  if (worker?.busy === undefined) return { text: '' }
  return worker.busy.running > 0 ? { text: 'busy' } : { text: 'idle', colour: 'gray' }
}

/** Of an id the end tells more, where there is no room for all of it. */
function whatOf({ id, description, cancelRequested, suspect }: Summary, columns: number): string {
  const how = cancelRequested ? 'being cancelled: ' : suspect ? 'alone in its host: ' : ''
  return `${how}${description ?? (columns < WIDE ? `…${id.slice(-ID_END_CHARS)}` : id)}`
}
