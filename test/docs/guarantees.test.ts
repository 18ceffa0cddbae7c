// docs/guarantees.md says of each promise what shows it: that is what there is.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import t from 'tap'
import type { Drill } from '../../src/drill/drill.js'
import { DRILLS } from '../../src/drill/drills.js'

const ROOT = resolve(import.meta.dirname, '../../..')
const ROW = /^\| (P\d+) \| \*\*.+\*\*.* \| (.+) \| (.+) \|$/gm
const PROMISES = Array.from({ length: 31 }, (_, index) => `P${index + 1}`)

const page = readFileSync(join(ROOT, 'docs/guarantees.md'), 'utf8')
const rows = [...page.matchAll(ROW)].map(([, promise = '', drills = '', others = '']) => ({ promise, drills, others }))
const checkers = readdirSync(join(ROOT, 'test/simulation/checkers'))

t.same(
  rows.map(({ promise }) => promise),
  PROMISES,
)

function wordsFor(showing: readonly Drill[]): string {
  const names = (drills: readonly Drill[]): string => drills.map(({ name }) => `\`${name}\``).join(', ')
  const others = DRILLS.filter((drill) => !showing.includes(drill))
  if (others.length === 0) return 'all'
  return others.length < showing.length ? `all but ${names(others)}` : names(showing) || '-'
}

for (const { promise, drills, others } of rows) {
  t.test(promise, async (t) => {
    const showing = DRILLS.filter(({ promises }) => promises.includes(promise))
    t.equal(drills, wordsFor(showing))
    const said = others === '-' ? [] : others.split(', ')
    const file = `p${promise.slice(1).padStart(2, '0')}-`
    t.equal(
      said.includes('simulation'),
      checkers.some((name) => name.startsWith(file)),
      'the simulation',
    )
    // No links: what is packed has no tests.
    for (const test of said.filter((what) => what !== 'simulation')) {
      t.match(test, /^`test\/.+`$/)
      t.ok(existsSync(join(ROOT, test.slice(1, -1))), test)
    }
    t.ok(said.length > 0 || showing.length > 0, 'something shows it')
  })
}
