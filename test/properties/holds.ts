// A sentence that must hold of whatever is drawn. All draws come from one seed, the same one each time unless another is
// asked for, so that a pass stays a pass: `PROPERTY_SEED=7 PROPERTY_RUNS=20 node dist/test/properties/codec.test.js` looks
// at other and at twenty times as many cases. A failure is shrunk, and printed with its seed and path.
import type { IAsyncProperty, IProperty } from 'fast-check'
import fc from 'fast-check'
import t, { type Test } from 'tap'

const seed = Number(process.env.PROPERTY_SEED ?? 1)
const factor = Number(process.env.PROPERTY_RUNS ?? 1)

export function holds<Values>(
  sentence: string,
  property: IProperty<Values> | IAsyncProperty<Values>,
  runs = 200,
  /** What else must be true once all was drawn, such as that the draws met what the sentence is about. */
  after: (t: Test) => void = () => {},
): void {
  t.test(sentence, async (t) => {
    const parameters = { seed, numRuns: Math.ceil(runs * factor) }
    await fc.assert(property as IAsyncProperty<Values>, parameters)
    t.pass(`of ${parameters.numRuns} cases, seed ${seed}`)
    after(t)
  })
}

/** Compared as text: the order of fields counts too. */
export function same(given: unknown, wanted: unknown): void {
  const [one, other] = [JSON.stringify(given), JSON.stringify(wanted)]
  if (one !== other) throw new Error(`${one}\nis not ${other}`)
}
