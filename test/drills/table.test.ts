// The table of the drills: a row for each, none for others, and what is written by hand stays.
import { readFileSync } from 'node:fs'
import t from 'tap'
import type { DrillResult } from '../../src/drill/drill.js'
import { DRILLS } from '../../src/drill/drills.js'
import { TABLE } from './readme.js'
import { rowsOf, withTable } from './table.js'

const text = readFileSync(TABLE, 'utf8')

t.test('every drill has a row that says when it goes red and how it went, and no row is of none', async (t) => {
  const rows = rowsOf(text)
  t.same(
    [...rows.keys()],
    DRILLS.map(({ name }) => name),
    'else: npm run drills -- --quick NAME',
  )
  for (const { name, red, last } of rows.values()) {
    t.match(red, /^.{20,}$/, `${name} goes red when`)
    t.match(last, /^(held|skipped: .+), \d{4}-\d\d-\d\d, (quick|real timers), seed \d+, /, name)
  }
  t.equal(withTable(text, DRILLS, []), text, 'promises and summaries are those of the drills; else: npm run drills')
})

t.test('a run changes its own row alone', async (t) => {
  const [first, second] = [DRILLS[0]!, DRILLS[1]!]
  const result: DrillResult = {
    ...{ name: second.name, promises: second.promises, outcome: 'broke' as const, reason: 'in vain' },
    ...{ seed: 7, quick: true, tookMs: 1_500, verdicts: [], timeline: [] },
    measures: [
      { what: 'given up after', value: 900, unit: 'ms' },
      { what: 'tasks touched', value: 3, unit: 'count' },
    ],
  }
  const after = rowsOf(withTable(text, DRILLS, [{ result, day: '2030-01-31', machine: 'one core' }]))
  t.same(after.get(first.name), rowsOf(text).get(first.name))
  t.match(after.get(second.name), {
    red: rowsOf(text).get(second.name)!.red,
    last: 'broke: in vain, 2030-01-31, quick, seed 7, 1.5s, one core',
    measured: 'given up after 900ms',
  })
})

t.test('a drill that is gone has no row, a new one was never run', async (t) => {
  const another = { ...DRILLS[0]!, name: 'another', summary: 'this | that' }
  const rows = rowsOf(withTable(text, [another, DRILLS[1]!], []))
  t.same([...rows.keys()], ['another', DRILLS[1]!.name])
  t.match(rows.get('another'), { red: '', last: 'never run' })
})
