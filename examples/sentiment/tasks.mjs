// The task type `sentiment`: {"text": ...} to {"label", "confidence"}, by the model that SENTIMENT_MODEL names. A worker whose
// model cannot be loaded does not begin. A plain object: this folder is a package of its own, which has no dtr to import.
import { loadModel } from './models.mjs'

const opinionOf = await loadModel(process.env.SENTIMENT_MODEL ?? 'afinn')

export default {
  sentiment: {
    schema: {
      type: 'object',
      properties: { text: { type: 'string', minLength: 1, maxLength: 10_000 } },
      required: ['text'],
      additionalProperties: false,
    },
    timeout: '30s',
    run: ({ text }) => opinionOf(text),
  },
}
