// The keywords of JSON Schema. A validator takes one that it does not know for a remark, so that `propeties` would check
// nothing: here a mistyped word is refused, by the compiler in TypeScript (`infer.ts`) and at load in JavaScript.
import { nearest } from '../config/nearest.js'

/** Keywords behind which a schema stands, or a list of them. */
const SCHEMAS = [
  ...(['allOf', 'anyOf', 'oneOf', 'not', 'if', 'then', 'else', 'items', 'prefixItems', 'additionalItems'] as const),
  ...(['unevaluatedItems', 'contains', 'additionalProperties', 'unevaluatedProperties', 'propertyNames'] as const),
  'contentSchema',
] as const
/** Behind which schemas stand by name. */
const NAMED = ['properties', 'patternProperties', 'dependentSchemas', '$defs', 'definitions'] as const
const DATA = [
  ...(['type', 'enum', 'const', 'format', 'pattern', 'required', 'minLength', 'maxLength', 'multipleOf'] as const),
  ...(['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'minItems', 'maxItems', 'uniqueItems'] as const),
  ...(['minContains', 'maxContains', 'minProperties', 'maxProperties', 'dependentRequired', 'dependencies'] as const),
  ...(['title', 'description', 'default', 'examples', 'deprecated', 'readOnly', 'writeOnly'] as const),
  ...(['contentEncoding', 'contentMediaType', 'id', '$schema', '$id', '$ref', '$anchor', '$dynamicRef'] as const),
  ...(['$dynamicAnchor', '$recursiveRef', '$recursiveAnchor', '$comment', '$vocabulary'] as const),
  // What OpenAPI adds.
  ...(['nullable', 'discriminator', 'xml', 'externalDocs', 'example'] as const),
] as const
const WORDS: readonly string[] = [...SCHEMAS, ...NAMED, ...DATA]

export type SchemaKeyword = (typeof SCHEMAS)[number]
export type NamedKeyword = (typeof NAMED)[number]
export type Keyword = SchemaKeyword | NamedKeyword | (typeof DATA)[number]

const TYPES = ['string', 'number', 'integer', 'boolean', 'object', 'array', 'null'] as const
export type TypeWord = (typeof TYPES)[number]

export interface WrongWord {
  /** Where it stands, from the schema down; the last is the word itself. */
  readonly path: readonly string[]
  readonly why: string
}

/** The first word that is none. Schemas of libraries (TypeBox, `~standard`) are theirs to check. */
export function wrongWord(schema: unknown, path: readonly string[] = []): WrongWord | undefined {
  if (typeof schema !== 'object' || schema === null || '~kind' in schema || '~standard' in schema) return undefined
  if (Array.isArray(schema)) return first(schema.map((one, index) => wrongWord(one, [...path, String(index)])))
  return first(Object.entries(schema).map(([word, value]) => wrongEntry(word, value, [...path, word])))
}

function wrongEntry(word: string, value: unknown, path: readonly string[]): WrongWord | undefined {
  // Kept for remarks: `x-` by OpenAPI, `~` by TypeBox.
  if (/^(?:x-|~)/.test(word)) return undefined
  if (!WORDS.includes(word)) return { path, why: `the unknown keyword "${word}"${meant(word, WORDS)}` }
  if (word === 'type') return wrongType(value, path)
  if (SCHEMAS.some((keyword) => keyword === word)) return wrongWord(value, path)
  const named = NAMED.some((keyword) => keyword === word) && typeof value === 'object' && value !== null
  return named ? first(Object.entries(value).map(([name, one]) => wrongWord(one, [...path, name]))) : undefined
}

function wrongType(value: unknown, path: readonly string[]): WrongWord | undefined {
  const wrong = [value].flat().find((one) => !TYPES.some((type) => type === one))
  if (wrong === undefined) return undefined
  const word = String(wrong)
  return { path, why: `the unknown type "${word}"${meant(word, TYPES)}` }
}

function meant(word: string, known: readonly string[]): string {
  const near = nearest(word, known)
  return near === undefined ? '' : ` (did you mean ${near}?)`
}

function first<Value>(values: readonly (Value | undefined)[]): Value | undefined {
  return values.find((value) => value !== undefined)
}
