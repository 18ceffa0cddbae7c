// npm run drills: runs drills one after the other and writes into the table how they went.
//
//   npm run drills                       all of them, with the real timers
//   npm run drills -- --quick NAME...    these, with shorter ones
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism, totalmem, type } from 'node:os'
import { parseArgs } from 'node:util'
import { systemClock } from '../../src/clock.js'
import type { DrillResult } from '../../src/drill/drill.js'
import { chooseDrills, DRILLS } from '../../src/drill/drills.js'
import { TABLE } from './readme.js'
import { withTable } from './table.js'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: 'boolean', default: false }, seed: { type: 'string' } },
})
const chosen = positionals.length === 0 ? DRILLS : chooseDrills(positionals)
const program = new URL('../../../bin/dtr.js', import.meta.url).pathname
const flags = [...(values.quick ? ['--quick'] : []), ...(values.seed === undefined ? [] : ['--seed', values.seed])]
const machine = `${availableParallelism()} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, ${type()}`
let broke = 0

for (const { name } of chosen) {
  // Its own words are for whoever runs it; the last line is for the table.
  const { stdout, status } = spawnSync(process.execPath, [program, 'drill', name, ...flags, '--json'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  if (status === 130 || stdout === '') process.exit(130)
  const [result] = JSON.parse(stdout) as [DrillResult]
  if (result.outcome === 'broke') broke += 1
  console.log(`${result.outcome.padEnd(8)}${name}${result.folder === undefined ? '' : `: see ${result.folder}`}`)
  for (const { promise, words, against } of result.verdicts.filter(({ held }) => !held)) {
    console.log([`        ${promise}  ${words}`, ...against].join('\n          '))
  }
  const day = new Date(systemClock.now().wallMs).toISOString().slice(0, 10)
  writeFileSync(TABLE, withTable(readFileSync(TABLE, 'utf8'), DRILLS, [{ result, day, machine }]))
}
process.exitCode = broke === 0 ? 0 : 1
