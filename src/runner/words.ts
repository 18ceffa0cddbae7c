// Splits a command line into its arguments by the rules of the shell: quotes and backslashes. What a shell would do beyond
// that (pipes, variables, patterns) is refused rather than passed on as text: nobody can have meant it. Pure.
import { DtrError } from '../errors.js'

const HINT = `quote it where it is text; where a shell is meant, name one: sh -c '...'`

/** What a shell would do with these, outside of quotes. */
const SPECIAL: Readonly<Record<string, string>> = {
  '|': 'is a pipe',
  '&': 'runs in the background',
  ';': 'ends a command',
  '<': 'redirects',
  '>': 'redirects',
  '(': 'begins a subshell',
  ')': 'ends a subshell',
  $: 'begins a variable',
  '`': 'begins a command',
  '*': 'is a pattern',
  '?': 'is a pattern',
  '[': 'is a pattern',
  '\n': 'ends a command',
}
/** The same, where a word begins. */
const SPECIAL_FIRST: Readonly<Record<string, string>> = { '~': 'is the home folder', '#': 'begins a comment' }
const SPECIAL_QUOTED: readonly string[] = ['$', '`']
/** What a backslash takes its meaning from, within double quotes. */
const ESCAPED_QUOTED: readonly string[] = ['$', '`', '"', '\\']

/** @throws DtrError `bad_input` for a quote without its end, and for what only a shell could do */
export function splitWords(text: string): string[] {
  const words: string[] = []
  let word: string | undefined
  let quote: '"' | "'" | undefined
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at]!
    if (quote === "'") {
      if (char === quote) quote = undefined
      else word += char
    } else if (char === '\\') {
      at += 1
      const next = text[at]
      if (next === undefined)
        throw new DtrError('bad_input', 'it ends with a backslash', { hint: 'write \\\\ for one' })
      if (quote === undefined || ESCAPED_QUOTED.includes(next)) word = (word ?? '') + next
      else word += char + next
    } else if (quote === '"') {
      if (char === quote) quote = undefined
      else if (SPECIAL_QUOTED.includes(char)) throw refusal(char, SPECIAL[char]!)
      else word += char
    } else if (char === '"' || char === "'") {
      quote = char
      word ??= ''
    } else if (char === ' ' || char === '\t') {
      if (word !== undefined) words.push(word)
      word = undefined
    } else {
      const meaning = SPECIAL[char] ?? (word === undefined ? SPECIAL_FIRST[char] : undefined)
      if (meaning !== undefined) throw refusal(char, meaning)
      word = (word ?? '') + char
    }
  }
  if (quote !== undefined) throw new DtrError('bad_input', `a quote ${quote} is not closed`)
  if (word !== undefined) words.push(word)
  return words
}

/** Arguments as a line that a shell would split into the very same. Pure. */
export function quotedWords(words: readonly string[]): string {
  return words.map(quotedWord).join(' ')
}

/** On one line, whatever is in it: as bash and zsh write it where quotes alone are not enough. */
function quotedWord(word: string): string {
  if (/^[\w@%+=:,./-]+$/.test(word)) return word
  // biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is what this is for
  if (!/[\u0000-\u001f\u007f]/.test(word)) return `'${word.replaceAll("'", `'\\''`)}'`
  const escaped = word
    .replace(/[\\']/g, '\\$&')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: as above
    .replace(/[\u0000-\u001f\u007f]/g, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`)
  return `$'${escaped}'`
}

function refusal(char: string, meaning: string): DtrError {
  const shown = char === '\n' ? 'a new line' : char
  return new DtrError('bad_input', `${shown} ${meaning} in a shell, and there is none here`, { hint: HINT })
}
