// npm run simulate: seeds one after the other, each of them twice; or the mutants.
//
//   --seeds 5000        so many of them, from --from (1) on
//   --seconds 600       as many as there is time for, from a seed that nobody has chosen
//   --seed 7 [--trace]  this one; with every line of what happened
//   --mutants [--only NAME]   planted faults: each must be caught by the checker of the promise that it breaks
import { parseArgs } from 'node:util'
import { huntMutants } from './mutants/hunt.js'
import { reportOf } from './report.js'
import { CRASH, runSeed, type Verdict } from './run.js'
import { runTwice } from './twice.js'

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    seeds: { type: 'string', default: '1000' },
    seconds: { type: 'string' },
    from: { type: 'string' },
    trace: { type: 'boolean', default: false },
    mutants: { type: 'boolean', default: false },
    only: { type: 'string' },
    /** For the hunt: each seed once, and the first breach of one of these promises, or a crash, as one line of JSON. */
    hunted: { type: 'string' },
  },
})

/** More of them tell nothing new. */
const BROKEN_MAX = 20

function wholeOf(text: string | undefined, name: string): number | undefined {
  if (text === undefined) return undefined
  const number = Number(text)
  if (Number.isInteger(number) && number >= 0) return number
  console.error(`--${name}: "${text}" is not a whole number from 0`)
  process.exit(2)
}

async function hunted(promises: readonly string[], first: number, count: number): Promise<void> {
  for (let seed = first; seed < first + count; seed += 1) {
    const { breach } = await runSeed(seed)
    if (breach === undefined || ![...promises, CRASH].includes(breach.promise)) continue
    console.log(JSON.stringify({ seed, ...breach }))
    return
  }
}

async function one(seed: number, trace: boolean): Promise<number> {
  const verdict = await runTwice(seed, true)
  if (trace) for (const line of verdict.lines) console.log(line)
  console.log(verdict.breach === undefined ? `seed ${seed}: all promises held` : reportOf(verdict))
  return verdict.breach === undefined ? 0 : 1
}

async function many(first: number, count: number, untilMs: number): Promise<number> {
  const broken: Verdict[] = []
  const startedAt = Date.now()
  let seed = first
  let virtualMs = 0
  for (; seed < first + count && Date.now() < untilMs && broken.length < BROKEN_MAX; seed += 1) {
    const verdict = await runTwice(seed)
    virtualMs += verdict.virtualMs
    if (verdict.breach === undefined) continue
    broken.push(verdict)
    console.log(`seed ${seed}: ${verdict.breach.promise}: ${verdict.breach.what}`)
  }
  const [worst] = broken
  if (worst !== undefined) console.log(`\n${reportOf(await runSeed(worst.seed, true))}`)
  const seconds = ((Date.now() - startedAt) / 1_000).toFixed(1)
  const days = (virtualMs / 86_400_000).toFixed(2)
  console.log(
    `${seed - first} seeds from ${first} in ${seconds} s, ${days} days of virtual time: ${broken.length} broke a promise`,
  )
  return broken.length === 0 ? 0 : 1
}

const seed = wholeOf(values.seed, 'seed')
const seconds = wholeOf(values.seconds, 'seconds')
const count = wholeOf(values.seeds, 'seeds') ?? 0
const from = wholeOf(values.from, 'from')
if (values.mutants) process.exitCode = await huntMutants(count, values.only)
else if (values.hunted !== undefined) await hunted(values.hunted.split(','), from ?? 1, count)
else if (seed !== undefined) process.exitCode = await one(seed, values.trace)
else if (seconds === undefined) process.exitCode = await many(from ?? 1, count, Number.POSITIVE_INFINITY)
else {
  const chosen = from ?? Math.floor(Date.now() / 1_000)
  process.exitCode = await many(chosen, Number.POSITIVE_INFINITY, Date.now() + seconds * 1_000)
}
