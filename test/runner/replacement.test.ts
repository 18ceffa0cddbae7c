import t from 'tap'
import { hasReplacement, replaced } from '../../src/runner/replacement.js'

/** By the definitions in the manual of GNU parallel. */
const MEANINGS: readonly (readonly [input: string, what: string, made: string])[] = [
  ['photos/a b.jpg', '{}', 'photos/a b.jpg'],
  ['photos/a b.jpg', '{.}', 'photos/a b'],
  ['photos/a b.jpg', '{/}', 'a b.jpg'],
  ['photos/a b.jpg', '{//}', 'photos'],
  ['photos/a b.jpg', '{/.}', 'a b'],
  ['photos.d/a', '{.}', 'photos.d/a'],
  ['a.tar.gz', '{.}', 'a.tar'],
  ['a.tar.gz', '{//}', '.'],
  ['/a', '{//}', '/'],
  ['a/b/', '{/}', ''],
  ['x', '{.}-{}-{}', 'x-x-x'],
  ['$& {.}', '<{}>', '<$& {.}>'],
  ['x', '{a} {} {', '{a} x {'],
  ['x', '{#}', '7'],
]

t.test('what they stand for', async (t) => {
  for (const [input, what, made] of MEANINGS) t.equal(replaced(what, input, 7), made, `${what} of ${input}`)
  t.equal(replaced('{#} {}', 'x'), '{#} x', 'a number that there is not')
})

t.test('which texts hold one', async (t) => {
  for (const text of ['{}', 'a{.}b', '{/}', '{//}', '{/.}', '{#}']) t.ok(hasReplacement(text), text)
  for (const text of ['', '{', '{a}', '{ }', '{.', '{///}']) t.notOk(hasReplacement(text), text)
})
