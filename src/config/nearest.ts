// What was probably meant: the nearest of the words that are known.
import { closest, distance } from 'fastest-levenshtein'

/** Of `known`, the word that is nearest to `word`, where it is near enough to be meant. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  if (known.length === 0) return undefined
  const candidate = closest(word, known)
  return distance(word, candidate) <= Math.max(2, Math.floor(candidate.length / 3)) ? candidate : undefined
}
