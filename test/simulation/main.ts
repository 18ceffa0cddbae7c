// npm run simulate: seeds, one after the other.
import { parseArgs } from 'node:util'
import { runSeed } from './run.js'

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    seeds: { type: 'string' },
    seconds: { type: 'string' },
    from: { type: 'string' },
    trace: { type: 'boolean' },
  },
})
const first = Number(values.seed ?? values.from ?? 1)
const count = values.seed === undefined ? Number(values.seeds ?? 100) : 1
const t = Date.now()
let happened = 0
for (let seed = first; seed < first + count; seed += 1) {
  const verdict = await runSeed(seed, values.trace)
  happened += verdict.happened
  if (values.trace) for (const line of verdict.lines) console.log(line)
  if (values.trace) console.log(JSON.stringify(verdict.plan))
  if (verdict.breach) console.log(seed, verdict.breach.promise, verdict.breach.what, verdict.virtualMs)
  const again = await runSeed(seed)
  if (again.digest !== verdict.digest) console.log(seed, 'UNEQUAL')
}
console.log(count, 'seeds', (Date.now() - t) / count, 'ms each (both runs)', happened / count, 'happenings')
