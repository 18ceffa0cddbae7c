// A classifier of texts as the hub lays one out, small enough to be made here: it knows the words love and hate. Its graph is
// ONNX, which is Protocol Buffers, written by hand: the weights of the words are looked up and added.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** What each word adds to: negative, positive. */
const WORDS: Readonly<Record<string, readonly [number, number]>> = {
  '[PAD]': [0, 0],
  '[UNK]': [0, 0],
  love: [0, 3],
  hate: [3, 0],
}
const CLASSES = 2
const TOKENS_MAX = 16

export function writeTinyClassifier(folder: string): void {
  mkdirSync(join(folder, 'onnx'), { recursive: true })
  writeFileSync(join(folder, 'onnx/model.onnx'), model())
  const special = ['[PAD]', '[UNK]']
  const files = {
    'config.json': { model_type: 'distilbert', id2label: { 0: 'NEGATIVE', 1: 'POSITIVE' } },
    'tokenizer_config.json': {
      ...{ tokenizer_class: 'DistilBertTokenizer', pad_token: '[PAD]', unk_token: '[UNK]' },
      model_max_length: TOKENS_MAX,
    },
    'tokenizer.json': {
      version: '1.0',
      added_tokens: special.map((content, id) => ({ id, content, special: true })),
      normalizer: { type: 'Lowercase' },
      pre_tokenizer: { type: 'Whitespace' },
      post_processor: null,
      decoder: null,
      model: {
        type: 'WordLevel',
        vocab: Object.fromEntries(Object.keys(WORDS).map((word, id) => [word, id])),
        unk_token: '[UNK]',
      },
    },
  }
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), JSON.stringify(content))
}

// --- ONNX: the numbers of its fields are those of onnx.proto ---------------------------------------------------------------

const TYPE = { float: 1, int64: 7 }
const ATTRIBUTE = { int: 2, ints: 7 }
const IR_VERSION = 7
/** The last in which the axes of a sum are an attribute. */
const OPSET = 12

function model(): Buffer {
  return message(number(1, IR_VERSION), field(7, graph()), field(8, number(2, OPSET)))
}

function graph(): Buffer {
  const weights = Float32Array.from(Object.values(WORDS).flat())
  const axes = message(field(1, 'axes'), number(8, 1), number(20, ATTRIBUTE.ints))
  const keepDimensions = message(field(1, 'keepdims'), number(3, 0), number(20, ATTRIBUTE.int))
  const table = message(
    ...[number(1, Object.keys(WORDS).length), number(1, CLASSES), number(2, TYPE.float)],
    ...[field(8, 'weights'), field(9, Buffer.from(weights.buffer))],
  )
  return message(
    field(1, message(field(1, 'weights'), field(1, 'input_ids'), field(2, 'found'), field(4, 'Gather'))),
    field(
      1,
      message(field(1, 'found'), field(2, 'logits'), field(4, 'ReduceSum'), field(5, axes), field(5, keepDimensions)),
    ),
    field(2, 'tiny'),
    field(5, table),
    field(11, value('input_ids', TYPE.int64, ['texts', 'tokens'])),
    field(11, value('attention_mask', TYPE.int64, ['texts', 'tokens'])),
    field(12, value('logits', TYPE.float, ['texts', CLASSES])),
  )
}

function value(name: string, type: number, dimensions: readonly (string | number)[]): Buffer {
  const shape = dimensions.map((size) => field(1, typeof size === 'string' ? field(2, size) : number(1, size)))
  return message(field(1, name), field(2, field(1, message(number(1, type), field(2, message(...shape))))))
}

function message(...fields: readonly Buffer[]): Buffer {
  return Buffer.concat(fields)
}

function field(id: number, content: string | Buffer): Buffer {
  const bytes = Buffer.from(content)
  return Buffer.concat([varint(id * 8 + 2), varint(bytes.length), bytes])
}

function number(id: number, content: number): Buffer {
  return Buffer.concat([varint(id * 8), varint(content)])
}

function varint(value: number): Buffer {
  const bytes = []
  let rest = value
  for (; rest > 127; rest >>>= 7) bytes.push((rest & 127) | 128)
  return Buffer.from([...bytes, rest])
}
