// A seed is run twice: what differs between the two hangs on something that is not drawn from the seed.
import { runSeed, type Verdict } from './run.js'

export async function runTwice(seed: number, keepTrace = false): Promise<Verdict> {
  const verdict = await runSeed(seed, keepTrace)
  const again = await runSeed(seed)
  if (verdict.digest === again.digest || verdict.breach !== undefined) return verdict
  return { ...verdict, breach: { promise: 'the same again', what: 'two runs of this seed differ' } }
}
