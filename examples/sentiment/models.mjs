// The models that a worker may be: each takes a text and gives a label and how sure it is of it, from 0.5 (a toss-up) to 1.
// A worker loads its own and no other. Two of them are no models but liars, to see what a vote is worth.
import { existsSync } from 'node:fs'
import { basename, dirname, resolve } from 'node:path'

/** @typedef {'positive' | 'negative' | 'neutral'} Label */
/** @typedef {{ label: Label, confidence: number }} Opinion */
/** @typedef {(text: string) => Opinion | Promise<Opinion>} Model */

/** @type {readonly Label[]} */
export const LABELS = ['positive', 'negative', 'neutral']
/** Where no folder is named; on the hub. */
const DISTILBERT = 'Xenova/distilbert-base-uncased-finetuned-sst-2-english'

/** @type {Readonly<Record<string, () => Promise<Model>>>} */
const MODELS = { afinn, vader, wink, distilbert, liar, conspirator }
export const MODEL_NAMES = Object.keys(MODELS)

/** @param {string} name @returns {Promise<Model>} */
export async function loadModel(name) {
  if (!Object.hasOwn(MODELS, name)) {
    throw new Error(`SENTIMENT_MODEL: there is no model "${name}"; choose one of ${MODEL_NAMES.join(', ')}`)
  }
  return MODELS[name]()
}

/** AFINN-165: words with weights from -5 to 5, and what negates them. @returns {Promise<Model>} */
async function afinn() {
  const { default: Sentiment } = await installed(() => import('sentiment'))
  const lexicon = new Sentiment()
  return (text) => opinionOf(lexicon.analyze(text).score)
}

/** VADER: a lexicon with rules for capitals, exclamation marks, negations, `but`. @returns {Promise<Model>} */
async function vader() {
  const { default: library } = await installed(() => import('vader-sentiment'))
  // Its authors count what is nearer to 0 than this as neutral.
  const NEUTRAL = 0.05
  return (text) => {
    const { compound } = library.SentimentIntensityAnalyzer.polarity_scores(text)
    return {
      label: labelOf(Math.abs(compound) < NEUTRAL ? 0 : compound),
      confidence: rounded(0.5 + Math.abs(compound) / 2),
    }
  }
}

/** wink: AFINN-165 as well, with its own tokens, pairs of words, emojis and negations. @returns {Promise<Model>} */
async function wink() {
  const { default: scoreOf } = await installed(() => import('wink-sentiment'))
  return (text) => opinionOf(scoreOf(text).score)
}

/**
 * A transformer, by Transformers.js on the CPU: DistilBERT fine-tuned on SST-2, or whatever classifier of texts is in the folder
 * SENTIMENT_MODEL_PATH. Without a folder it comes from the hub, once; with one nothing is asked for over the network.
 * @returns {Promise<Model>}
 */
async function distilbert() {
  const { env, pipeline } = await installed(() => import('@huggingface/transformers'))
  const { name, dtype } = placeOf(process.env.SENTIMENT_MODEL_PATH, env)
  const classify = await pipeline('text-classification', name, { device: 'cpu', dtype }).catch((error) => {
    const where = env.allowRemoteModels
      ? 'the hub; set SENTIMENT_MODEL_PATH to a folder that has it'
      : env.localModelPath
    throw new Error(`the model ${name} was not to be had from ${where}: ${error.message}`, { cause: error })
  })
  return async (text) => {
    const [best] = await classify(text)
    return { label: best.label.toLowerCase(), confidence: rounded(best.score) }
  }
}

/** As the hub lays a model out: config.json, tokenizer.json, tokenizer_config.json and onnx/model.onnx, or model_quantized.onnx. */
function placeOf(path, env) {
  if (path === undefined || path === '') return { name: DISTILBERT, dtype: 'q8' }
  const folder = resolve(path)
  const files = { fp32: 'onnx/model.onnx', q8: 'onnx/model_quantized.onnx' }
  const dtype = Object.keys(files).find((type) => existsSync(resolve(folder, files[type])))
  if (dtype === undefined) {
    throw new Error(`SENTIMENT_MODEL_PATH: ${folder} has neither ${files.fp32} nor ${files.q8}`)
  }
  Object.assign(env, { allowRemoteModels: false, localModelPath: dirname(folder) })
  return { name: basename(folder), dtype }
}

/** Knows better, and says one of the other two labels, whichever. @returns {Promise<Model>} */
async function liar() {
  const truth = await afinn()
  return async (text) => {
    const { label } = await truth(text)
    const others = LABELS.filter((other) => other !== label)
    return { label: others[Math.floor(Math.random() * others.length)], confidence: 0.99 }
  }
}

/** Says what all conspirators say. @returns {Promise<Model>} */
async function conspirator() {
  const truth = await afinn()
  return async (text) => ({
    label: (await truth(text)).label === 'positive' ? 'negative' : 'positive',
    confidence: 0.99,
  })
}

/** A text of one strong word is as sure as a long one of many weak ones. @param {number} score */
function opinionOf(score) {
  const certainty = Math.abs(score) / (Math.abs(score) + 1)
  return { label: labelOf(score), confidence: rounded(0.5 + certainty / 2) }
}

function labelOf(score) {
  return score > 0 ? 'positive' : score < 0 ? 'negative' : 'neutral'
}

function rounded(value) {
  return Math.round(value * 1_000) / 1_000
}

/** Libraries are loaded by those who use them, so that a worker of another model needs none of them. */
async function installed(load) {
  try {
    return await load()
  } catch (error) {
    if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error
    throw new Error(`${error.message}; run make install, or make install-all for distilbert`, { cause: error })
  }
}
