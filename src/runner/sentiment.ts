// Whether a text is pleased or not, by a list of words: the built-in task `sentiment`, for a first try of
// `POST /tasks {"text": ...}`. No model and no learning; it knows some English words, what turns them round (`not good`) and
// what makes them stronger (`very good`).

export interface Sentiment {
  readonly label: 'positive' | 'negative' | 'neutral'
  /** From 0.5, a toss-up, to 1. */
  readonly confidence: number
  /** Sum of the words' weights: above 0 is pleased. */
  readonly score: number
}

const WORDS: Readonly<Record<number, string>> = {
  3: 'amazing awesome brilliant excellent fantastic flawless incredible love loved loves outstanding perfect perfectly superb wonderful',
  2: 'beautiful best delighted delightful enjoy enjoyed enjoys excited glad great happy impressed impressive joy pleased recommend thrilled win',
  1: 'better clean clear comfortable easy fair fast fine friendly fun good helpful hope interesting like liked nice ok okay pleasant quick reliable safe simple smooth solid stable thanks useful well works',
  [-1]: 'bug bugs complicated confusing crash crashed crashes difficult disappointing dull error errors expensive fail failed fails hard lost missing noisy problem problems sad slow tired unclear unstable worried wrong',
  [-2]: 'angry annoyed annoying bad broke broken damaged disappointed frustrating hurt poor rude sick ugly unhappy unreliable useless worse',
  [-3]: 'awful disaster disgusting dreadful hate hated hates horrible nightmare pathetic terrible worst worthless',
}
const NEGATIONS = new Set('not no never none neither nor without hardly cannot'.split(' '))
const STRONGER = new Set(
  'absolutely completely deeply extremely highly incredibly really so totally truly very'.split(' '),
)
/** How far a negation reaches: `not a very good` turns `good` round. */
const REACH = 3
const STRONGER_BY = 1.5
const NEGATED_BY = -0.75

const WEIGHTS: ReadonlyMap<string, number> = new Map(
  Object.entries(WORDS).flatMap(([weight, words]) => words.split(' ').map((word) => [word, Number(weight)] as const)),
)

/** Pure. */
export function sentimentOf(text: string): Sentiment {
  const words = text.toLowerCase().match(/[\p{L}']+/gu) ?? []
  let score = 0
  let found = 0
  for (const [index, word] of words.entries()) {
    const weight = WEIGHTS.get(word)
    if (weight === undefined) continue
    const before = words.slice(Math.max(0, index - REACH), index)
    const stronger = STRONGER.has(before.at(-1) ?? '') ? STRONGER_BY : 1
    score += weight * stronger * (before.some(negates) ? NEGATED_BY : 1)
    found += 1
  }
  // A text of one strong word is as sure as a long one of many weak ones.
  const certainty = found === 0 ? 0 : Math.abs(score) / (Math.abs(score) + found)
  const label = score > 0 ? 'positive' : score < 0 ? 'negative' : 'neutral'
  return { label, confidence: rounded(0.5 + certainty / 2), score: rounded(score) }
}

function negates(word: string): boolean {
  return NEGATIONS.has(word) || word.endsWith("n't")
}

function rounded(value: number): number {
  return Math.round(value * 1_000) / 1_000
}
