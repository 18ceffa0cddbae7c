// What was probably meant: the nearest of the words that are known.
import { closest, distance } from 'fastest-levenshtein'

/** Of `known`, the word that is nearest to `word`, where it is near enough to be meant. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  if (known.length === 0) return undefined
  const candidate = closest(word, known)
  return distance(word, candidate) <= Math.max(2, Math.floor(candidate.length / 3)) ? candidate : undefined
}

/** The flags among `args` that are not known, as they were written: `--wrokers`. */
export function unknownFlags(args: readonly string[], known: readonly string[]): readonly string[] {
  const end = args.indexOf('--')
  return args
    .slice(0, end === -1 ? args.length : end)
    .filter((arg) => arg.startsWith('--'))
    .map((arg) => arg.replace(/=.*$/s, ''))
    .filter((flag) => !known.includes(flag.slice(2)))
}
