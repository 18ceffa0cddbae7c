// Where in a text the keys of an object stand: told from the text alone, for what was made of it has no places any more.

/** Of the last of `keys`, each of which stands behind the one before; line and column are counted from 1. */
export function placeOfKeys(text: string, keys: readonly string[]): { line: number; column: number } | undefined {
  const at = keys.reduce((from, key) => (from < 0 ? from : indexOfKey(text, key, from)), 0)
  if (at < 0) return undefined
  const before = text.slice(0, at).split('\n')
  return { line: before.length, column: before.at(-1)!.length + 1 }
}

/** Of `key:` or `key(`, quoted or not. An element of a list has no key: it stands behind that of the list. */
function indexOfKey(text: string, key: string, from: number): number {
  if (/^\d+$/.test(key)) return from
  const escaped = key.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')
  const pattern = new RegExp(`(?<![\\w$.])(['"]?)${escaped}\\1\\s*[:(]`, 'g')
  pattern.lastIndex = from
  return pattern.exec(text)?.index ?? -1
}
