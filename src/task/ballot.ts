// What a result votes for, pure: results that are the same to whoever asked give the same ballot, as text that people can read.
//
// - `exact`: the bytes of the result, however they are written;
// - `json`: the value, whatever the order of its keys or the spelling of its numbers (which are doubles: of integers beyond
//   2^53 the last digits do not count);
// - `numeric`: a number, compared with a tolerance by quorum.ts;
// - `own`: the value that the code of the task gave beside its result, likewise whatever the order of its keys.
//
// `json` and `numeric` may look at a part, named by a JSON Pointer (RFC 6901). A result that has no such part, or is no JSON,
// has no ballot: it is a vote for nothing.

export const COMPARISONS = ['exact', 'json', 'numeric', 'own'] as const
export type Comparison = (typeof COMPARISONS)[number]

/** Of the text of a ballot that the code gives itself, in UTF-8. */
export const BALLOT_BYTES_MAX = 4 * 1024

/** Beneath the top of a value; whatever nests deeper votes for nothing. */
const DEPTH_MAX = 500
const POINTER = /^(?:\/(?:[^~/]|~[01])*)*$/

/** @property ballot JSON as text, where the code gave one of its own */
export interface Voted {
  readonly result: string
  readonly encoding: 'json' | 'base64'
  readonly ballot?: string | undefined
}

/** Why what was done is no vote where ballots of the code's own are compared. */
export function noBallot(type: string): string {
  const remedy = 'define `ballot` beside its `run`, or let its worker tell one with the result'
  return `task type "${type}" gives no ballot as JSON, and compare own votes on that: ${remedy}`
}

export function isPointer(text: string): boolean {
  return POINTER.test(text)
}

export function ballotOf(
  { compare, on = '' }: { readonly compare: Comparison; readonly on?: string | undefined },
  { result, encoding, ballot }: Voted,
): string | undefined {
  if (compare === 'own') return ballot === undefined ? undefined : canonical(parsed(ballot), 0)
  if (compare === 'exact') return `${encoding}:${result}`
  if (encoding !== 'json') return undefined
  const value = partOf(parsed(result), on)
  if (value === undefined) return undefined
  if (compare === 'json') return canonical(value, 0)
  return typeof value === 'number' ? canonical(value, 0) : undefined
}

/** JSON has no `undefined`: that stands for what is not there. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function partOf(value: unknown, pointer: string): unknown {
  let part = value
  for (const step of pointer.split('/').slice(1)) {
    const key = step.replaceAll('~1', '/').replaceAll('~0', '~')
    if (typeof part !== 'object' || part === null || !Object.hasOwn(part, key)) return undefined
    // Of a list a place is a number as one writes it: neither `length` nor `01`.
    if (Array.isArray(part) && !/^(?:0|[1-9]\d*)$/.test(key)) return undefined
    part = (part as Readonly<Record<string, unknown>>)[key]
  }
  return part
}

/** The one text of a value: keys in the order of their code units, numbers as JavaScript writes them, without a -0. */
function canonical(value: unknown, depth: number): string | undefined {
  if (depth > DEPTH_MAX) return undefined
  if (typeof value !== 'object' || value === null) return value === 0 ? '0' : JSON.stringify(value)
  const isList = Array.isArray(value)
  const fields = value as Readonly<Record<string, unknown>>
  const parts: string[] = []
  for (const key of isList ? value.keys() : Object.keys(value).sort()) {
    const text = canonical(fields[key], depth + 1)
    if (text === undefined) return undefined
    parts.push(isList ? text : `${JSON.stringify(key)}:${text}`)
  }
  return isList ? `[${parts.join(',')}]` : `{${parts.join(',')}}`
}
