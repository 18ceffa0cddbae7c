// The promises under faults, in virtual time: the seeds that once broke one, and as many others as there is time for. Each of
// them twice. `npm run simulate` does the same for as long as one likes, and says how to see one again.
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import t from 'tap'
import { MUTANTS } from './mutants/list.js'
import { reportOf } from './report.js'
import { runSeed } from './run.js'
import { keptSeeds } from './seeds.js'
import { runTwice } from './twice.js'

const SEEDS = 2_000
/** However slow the machine is. */
const SEEDS_MIN = 100
const MS_MAX = 45_000
const BROKEN_MAX = 3

async function breach(seed: number): Promise<string> {
  const { breach } = await runTwice(seed)
  return breach === undefined ? '' : reportOf(await runSeed(seed, true))
}

t.test('seeds that once broke a promise', async (t) => {
  for (const { seed, cause } of keptSeeds()) t.equal(await breach(seed), '', `${seed}: ${cause}`)
})

t.test('all promises hold, and each seed does the same again', async (t) => {
  const until = Date.now() + MS_MAX
  let broken = 0
  let seed = 1
  for (; seed <= SEEDS && broken < BROKEN_MAX && (seed <= SEEDS_MIN || Date.now() < until); seed += 1) {
    const report = await breach(seed)
    if (report === '') continue
    broken += 1
    t.fail(`seed ${seed}`, { report })
  }
  t.equal(broken, 0)
  t.comment(`${seed - 1} seeds`)
})

t.test('a run hangs on its seed, and another seed is another run', async (t) => {
  const [one, other] = [await runSeed(1), await runSeed(2)]
  t.not(one.digest, other.digest)
  t.ok(one.happened > 100)
})

t.test('every mutant still fits to what it changes', async (t) => {
  for (const { name, edits } of MUTANTS) {
    for (const { file, find } of edits) {
      const text = readFileSync(resolve(import.meta.dirname, '../../src', file), 'utf8')
      t.equal(text.split(find).length - 1, 1, `${name}: ${file}`)
    }
  }
})
