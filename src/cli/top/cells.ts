// Lines for a terminal, made of pieces of text that are measured in columns: a wide character takes two, and control
// characters of users' texts are shown, never obeyed. Pure.
import stringWidth from 'string-width'
import { escapeControls } from '../../log.js'
import { type Colour, coloured } from '../terminal.js'

export interface Span {
  readonly text: string
  readonly colour?: Colour | undefined
}

export type Line = readonly Span[]

export const EMPTY: Line = []

const PLAIN = /^[\x20-\x7e]*$/
const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' })

export function columnsOf(text: string): number {
  return PLAIN.test(text) ? text.length : stringWidth(text)
}

/** Of long texts only so much is looked at, for measuring takes its time: a character may be made of many units. */
const UNITS_PER_COLUMN = 8

/** So many columns of it at most; where something is left out, an ellipsis stands in the last of them. */
export function cut(text: string, columns: number): string {
  if (columns < 1) return ''
  const unitsMax = (columns + 1) * UNITS_PER_COLUMN
  const shown = escapeControls(text.length > unitsMax ? text.slice(0, unitsMax).toWellFormed() : text)
  if (text.length <= unitsMax && columnsOf(shown) <= columns) return shown
  return `${startOf(shown, columns - 1)}…`
}

/** Exactly so many columns of it. */
export function cell(text: string, columns: number, side: 'left' | 'right' = 'left'): string {
  const shown = cut(text, columns)
  const padding = ' '.repeat(Math.max(0, columns - columnsOf(shown)))
  return side === 'left' ? `${shown}${padding}` : `${padding}${shown}`
}

/** Of lines of text lines of so many columns at most. */
export function wrapped(text: string, columns: number): string[] {
  return text.split('\n').flatMap((line) => {
    const shown = escapeControls(line)
    return PLAIN.test(shown) ? plainParts(shown, columns) : parts(shown, columns)
  })
}

function plainParts(line: string, columns: number): string[] {
  const lines: string[] = []
  for (let from = 0; from < line.length; from += columns) lines.push(line.slice(from, from + columns))
  return lines.length === 0 ? [''] : lines
}

function parts(line: string, columns: number): string[] {
  const lines: string[] = []
  let used = 0
  for (const { segment } of graphemes.segment(line)) {
    const width = columnsOf(segment)
    if (lines.length === 0 || used + width > columns) {
      lines.push('')
      used = 0
    }
    lines[lines.length - 1] += segment
    used += width
  }
  return lines
}

function startOf(text: string, columns: number): string {
  if (PLAIN.test(text)) return text.slice(0, columns)
  let end = 0
  let used = 0
  for (const { segment } of graphemes.segment(text)) {
    used += columnsOf(segment)
    if (used > columns) break
    end += segment.length
  }
  return text.slice(0, end)
}

/** Left and right on one line; what stands right is left out where there is no room for it. */
export function justified(left: Line, right: Line, columns: number): Line {
  const used = widthOf(left)
  const gap = columns - used - widthOf(right)
  return gap < 2 ? fitted(left, columns) : [...left, { text: ' '.repeat(gap) }, ...right]
}

export function widthOf(line: Line): number {
  return line.reduce((sum, { text }) => sum + columnsOf(escapeControls(text)), 0)
}

/** Nothing of it goes beyond the last column. */
export function fitted(line: Line, columns: number): Line {
  let left = columns
  const spans: Span[] = []
  for (const span of line) {
    const text = cut(span.text, left)
    left -= columnsOf(text)
    if (text !== '') spans.push({ ...span, text })
  }
  return spans
}

/** As a terminal takes it. */
export function textOf(line: Line, colours: boolean): string {
  const parts = line.map(({ text, colour }) => {
    const shown = escapeControls(text)
    return colour === undefined || !colours ? shown : coloured(colour, shown)
  })
  return parts.join('').trimEnd()
}

/** Short, and of about the same width whatever it is: `0.4s`, `59s`, `12m05s`, `3h20m`, `2d04h`. */
export function ageOf(ms: number): string {
  if (ms < 9_950) return `${(Math.max(0, ms) / 1_000).toFixed(1)}s`
  const seconds = Math.round(ms / 1_000)
  const two = (count: number): string => String(count).padStart(2, '0')
  if (seconds < 60) return `${seconds}s`
  if (seconds < 3_600) return `${Math.floor(seconds / 60)}m${two(seconds % 60)}s`
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)}h${two(Math.floor(seconds / 60) % 60)}m`
  return `${Math.floor(seconds / 86_400)}d${two(Math.floor(seconds / 3_600) % 24)}h`
}

/** Of things a second. */
export function rateOf(perSecond: number | undefined): string {
  if (perSecond === undefined) return '-'
  if (perSecond === 0) return '0/s'
  if (perSecond < 9.95) return `${perSecond.toFixed(1)}/s`
  return perSecond < 9_950 ? `${Math.round(perSecond)}/s` : `${(perSecond / 1_000).toFixed(1)}k/s`
}

/** `87M`, `1.4G`. */
export function bytesOf(bytes: number): string {
  const mib = bytes / 1_024 ** 2
  return mib < 999.5 ? `${Math.round(mib)}M` : `${(mib / 1_024).toFixed(1)}G`
}

export function countOf(count: number): string {
  return count.toLocaleString('en')
}

const BARS = '▁▂▃▄▅▆▇█'

/** A bar for each value, the largest of them as the highest. */
export function sparkline(values: readonly number[]): string {
  const most = Math.max(...values)
  return values
    .map((value) =>
      value <= 0 ? BARS[0] : BARS[Math.min(BARS.length - 1, Math.ceil((value / most) * (BARS.length - 1)))],
    )
    .join('')
}
