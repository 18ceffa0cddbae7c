// Tables for people: columns without lines between them, so that they can be cut and searched as well as read.
import Table from 'cli-table3'

/** Cells of the last column are cut so that no row is longer than a line of the terminal. */
export function fitted(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  columns: number | undefined,
): readonly (readonly string[])[] {
  if (columns === undefined) return rows
  const last = head.length - 1
  const used = head.slice(0, last).map((name, index) => Math.max(name.length, ...rows.map((row) => row[index]!.length)))
  const room = Math.max(MIN_COLUMNS, columns - used.reduce((sum, width) => sum + width + 2, 0))
  return rows.map((row) => [...row.slice(0, last), cut(row[last]!, room)])
}

const MIN_COLUMNS = 12

function cut(text: string, charsMax: number): string {
  return text.length <= charsMax ? text : `${text.slice(0, charsMax - 1)}…`
}

/** @param head none, for a list of names and values */
export function plainTable(head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const none = ''
  const table = new Table({
    head: [...head],
    chars: {
      top: none,
      'top-mid': none,
      'top-left': none,
      'top-right': none,
      bottom: none,
      'bottom-mid': none,
      'bottom-left': none,
      'bottom-right': none,
      left: none,
      'left-mid': none,
      mid: none,
      'mid-mid': none,
      right: none,
      'right-mid': none,
      middle: '  ',
    },
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  })
  table.push(...rows.map((row) => [...row]))
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
}
