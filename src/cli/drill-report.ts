// A drill in lines for people: what happens while it happens, then what was measured and what held.
import { formatDuration } from '../config.js'
import type { DrillResult } from '../drill/drill.js'
import type { Happening, Measure } from '../drill/record.js'
import { escapeControls } from '../log.js'
import { plainTable } from './table.js'

const MARKS: Readonly<Record<Happening['kind'], string>> = { fault: 'FAULT', heal: 'HEAL ', seen: '     ' }

const END: Readonly<Record<DrillResult['outcome'], string>> = { held: 'held', broke: 'BROKE', skipped: 'SKIPPED' }

export function happeningLine({ atMs, kind, text }: Happening): string {
  return `  ${(atMs / 1_000).toFixed(2).padStart(7)} s  ${MARKS[kind]}  ${escapeControls(text)}`
}

export function resultLines(result: DrillResult): readonly string[] {
  const { outcome, reason, measures, verdicts, folder, tookMs } = result
  const measured = measures.length === 0 ? [] : [`  measured: ${measures.map(measureText).join(', ')}`]
  const judged = verdicts.flatMap(({ promise, words, held, against }) => [
    `  ${held ? 'held ' : 'BROKE'}  ${promise.padEnd(3)}  ${words}`,
    ...against.map((what) => `              ${escapeControls(what)}`),
  ])
  const why = reason === undefined ? '' : `: ${escapeControls(reason)}`
  const kept = folder === undefined ? [] : [`  its logs, its data and what its tasks wrote are in ${folder}`]
  const took = outcome === 'skipped' ? '' : ` in ${formatDuration(tookMs)}`
  return [...measured, ...judged, ...kept, `  ${result.name}: ${END[outcome]}${took}${why}`]
}

/** All of them at a glance, in the end. */
export function summaryLines(results: readonly DrillResult[]): readonly string[] {
  const rows = results.map(({ name, outcome, promises, reason = '' }) => [
    END[outcome],
    name,
    promises.join(' '),
    reason,
  ])
  return [
    '',
    ...plainTable(
      ['', 'DRILL', 'PROMISES', ''],
      rows.map((row) => row.map(escapeControls)),
    ),
  ]
}

function measureText({ what, value, unit }: Measure): string {
  return unit === 'ms' ? `${what} ${formatDuration(value)}` : `${value} ${what}`
}
