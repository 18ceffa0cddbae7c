// How often each model is right alone, and how often their vote is, with a liar among them and without: over 3,000 labelled
// sentences, on a real cluster. Writes the table of README.md. `node accuracy.mjs 100` takes 100 of them and
// writes nothing: a first look.
import { sentences, start } from './cluster.mjs'
import { loadModel } from './models.mjs'
import { percent, put, tableOf } from './report.mjs'

const set = some(sentences(), process.argv[2])
const MODELS = ['afinn', 'vader', 'wink', ...(process.env.SENTIMENT_MODEL_PATH === undefined ? [] : ['distilbert'])]
/** Three of the workers are asked; where they say three different things a fourth, where there is one. */
const VOTE = { replicas: 3, quorum: 2, voteOn: '/label' }

const rows = []
for (const name of [...MODELS, 'conspirator']) rows.push(['', name, await alone(name)])
const honest = Object.fromEntries(MODELS.map((model) => [model, model]))
const names = MODELS.join(', ')
const [vote] = await voted(honest, [VOTE])
rows.push(['the vote of', names, vote])
const [one, voteWithLiar] = await voted({ ...honest, liar: 'conspirator' }, [{}, VOTE])
rows.push(['any one of', `${names}, a liar`, one], ['the vote of three of', `${names}, a liar`, voteWithLiar])

const table = tableOf(
  ['', 'model', 'right', 'wrong', 'neutral', 'no result'],
  rows.map(([how, who, shares]) => [how, who, ...shares.map(percent)]),
)
console.log(table)
if (process.argv[2] === undefined) put('accuracy', table)

async function alone(name) {
  const model = await loadModel(name)
  return sharesOf(await Promise.all(set.map(async ({ text, label }) => verdictOn(label, await model(text)))))
}

/** On one cluster, once for each way to vote. */
async function voted(models, ways) {
  const { client, stop } = await start(models)
  const inputs = set.map(({ text }) => ({ text }))
  const maxReplicas = Object.keys(models).length
  try {
    const shares = []
    for (const voting of ways) {
      const verdicts = []
      const options = voting === VOTE ? { ...VOTE, maxReplicas } : voting
      for await (const { index, state, result } of client.map('sentiment', inputs, options)) {
        verdicts.push(state === 'completed' ? verdictOn(set[index].label, result) : 'none')
      }
      shares.push(sharesOf(verdicts))
    }
    return shares
  } finally {
    await stop()
  }
}

/** The sentences are of two kinds; a model may see a third. */
function verdictOn(truth, { label }) {
  return label === truth ? 'right' : label === 'neutral' ? 'neutral' : 'wrong'
}

function sharesOf(verdicts) {
  const shareOf = (kind) => verdicts.filter((verdict) => verdict === kind).length / verdicts.length
  return ['right', 'wrong', 'neutral', 'none'].map(shareOf)
}

/** From all of it, at even steps. */
function some(all, asked) {
  if (asked === undefined) return all
  const count = Number(asked)
  if (!Number.isInteger(count) || count < 1) throw new Error(`${asked} is not a number of sentences`)
  const every = Math.max(1, Math.floor(all.length / count))
  return all.filter((_, index) => index % every === 0).slice(0, count)
}
