// GNU parallel's replacement strings, by the meaning that they have there: what of an input stands in the argument of a
// command. Pure; for commands of workers, and for whoever maps over inputs.
import { posix } from 'node:path'

const MEANINGS: Readonly<Record<string, (input: string) => string>> = {
  '{}': (input) => input,
  '{.}': withoutEnding,
  '{/}': baseOf,
  '{//}': posix.dirname,
  '{/.}': (input) => withoutEnding(baseOf(input)),
}
/** The number of the input, counted from 1. */
export const NUMBER = '{#}'
const REPLACEMENT = /\{(?:\.|\/\/|\/\.|\/|#)?\}/g

export function hasReplacement(text: string): boolean {
  return text.search(REPLACEMENT) >= 0
}

/** @param number of the input; where it has none `{#}` stays as it is */
export function replaced(text: string, input: string, number?: number): string {
  return text.replace(REPLACEMENT, (found) => {
    if (found === NUMBER) return number === undefined ? found : String(number)
    return MEANINGS[found]!(input)
  })
}

function withoutEnding(path: string): string {
  return path.replace(/\.[^/.]*$/, '')
}

function baseOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}
