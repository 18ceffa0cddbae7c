import t from 'tap'
import { quotedWords, splitWords } from '../../src/runner/words.js'

t.test('blanks part words, quotes and backslashes keep them together', async (t) => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ['convert {} -resize 200x {}.png', ['convert', '{}', '-resize', '200x', '{}.png']],
    ['  a \t b  ', ['a', 'b']],
    [`'a b' "c d"e f\\ g`, ['a b', 'c de', 'f g']],
    [`'' "" x''`, ['', '', 'x']],
    [`'it'\\''s' "say \\"it\\" \\\\ \\n"`, ["it's", 'say "it" \\ \\n']],
    [`awk '{ print $1 | "sort" }'`, ['awk', '{ print $1 | "sort" }']],
    ['a#b x~ \\* \\$', ['a#b', 'x~', '*', '$']],
    ['', []],
  ]
  for (const [text, words] of cases) t.same(splitWords(text), words, text)
})

t.test('what only a shell could do is refused by name, and so is what does not end', async (t) => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ['a | b', /\| is a pipe in a shell/],
    ['a > b', /> redirects/],
    ['a && b', /& runs in the background/],
    ['a; b', /; ends a command/],
    ['a\nb', /a new line ends a command/],
    ['ls *.png', /\* is a pattern/],
    ['ls $HOME', /\$ begins a variable/],
    ['ls "$HOME"', /\$ begins a variable/],
    ['ls `pwd`', /` begins a command/],
    ['ls ~/x', /~ is the home folder/],
    ['ls # all', /# begins a comment/],
    ["a 'b", /a quote ' is not closed/],
    ['a "b', /a quote " is not closed/],
    ['a \\', /ends with a backslash/],
  ]
  for (const [text, message] of cases) t.throws(() => splitWords(text), { code: 'bad_input', message }, text)
})

t.test('words that are written for a shell are read as the very same, on one line', async (t) => {
  const words = ['convert', 'a b', '', `it's "so"`, '$HOME', 'in/a-b_c.txt', '*', '~', 'ü']
  t.equal(quotedWords(words.slice(0, 4)), `convert 'a b' '' 'it'\\''s "so"'`)
  t.same(splitWords(quotedWords(words)), words)
  t.equal(quotedWords(['a\tb\n\\c']), `$'a\\x09b\\x0a\\\\c'`)
})
