// The inputs of a map: the arguments behind `:::`, or else the lines of standard input.
import { DtrError } from '../errors.js'
import { PAYLOAD_BYTES_MAX } from '../protocol/messages.js'
import { linesOf } from './lines.js'

/** As GNU parallel writes it. */
export const INPUTS_FOLLOW = ':::'
/** Before an argument that yargs is not to look into. No argument of its own has one: none holds a NUL. */
export const AS_IT_IS = '\0'

export interface MapWords {
  /** What stands before the inputs: the task type, where one was named. */
  readonly words: readonly string[]
  /** None where they come from standard input. */
  readonly inputs: readonly string[] | undefined
}

/** @throws DtrError `bad_input` for a second `:::`. Pure. */
export function splitInputs(all: readonly string[]): MapWords {
  const at = all.indexOf(INPUTS_FOLLOW)
  if (at < 0) return { words: all, inputs: undefined }
  const inputs = all.slice(at + 1).map((word) => (word.startsWith(AS_IT_IS) ? word.slice(AS_IT_IS.length) : word))
  if (inputs.includes(INPUTS_FOLLOW)) {
    throw new DtrError('bad_input', `a second ${INPUTS_FOLLOW}: there is one list of inputs`, {
      hint: 'combine several before: printf ... | dtr map',
    })
  }
  return { words: all.slice(0, at), inputs }
}

/** Each of them as text. */
export function textsOf({ inputs }: MapWords): AsyncIterable<string> | Iterable<string> {
  return inputs ?? linesOf(process.stdin, PAYLOAD_BYTES_MAX)
}
