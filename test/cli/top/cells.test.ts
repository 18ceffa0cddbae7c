// Columns of text, not characters of it; and what users wrote never steers a terminal.
import fc from 'fast-check'
import t from 'tap'
import { ageOf, cell, columnsOf, cut, fitted, rateOf, sparkline, textOf, wrapped } from '../../../src/cli/top/cells.js'

t.test('a cell has exactly its columns, whatever stands in it', async (t) => {
  t.equal(cell('ab', 4), 'ab  ')
  t.equal(cell('ab', 4, 'right'), '  ab')
  t.equal(cell('abcdef', 4), 'abc…')
  t.equal(cell('東京都庁', 6), '東京… ', 'half of a wide character is none')
  t.equal(columnsOf('👩‍👩‍👧'), 2)
  t.equal(cut('👩‍👩‍👧👩‍👩‍👧', 3), '👩‍👩‍👧…', 'no family is torn apart')
  t.equal(cut('abc', 0), '')
  fc.assert(
    fc.property(
      fc.string({ unit: 'grapheme' }),
      fc.integer({ min: 0, max: 30 }),
      (text, columns) => columnsOf(cell(text, columns)) === columns,
    ),
  )
})

t.test('no control character of a text comes through', async () => {
  const nasty = 'a\u001b[2Jb\rc\nd\u009b31m\u202ee'
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) =>
      [cut(nasty + text, 200), textOf([{ text: nasty + text }], false), ...wrapped(nasty + text, 9)].every(
        // biome-ignore lint/suspicious/noControlCharactersInRegex: there must be none
        (shown) => !/[\u0000-\u001f\u007f-\u009f\u202e]/.test(shown),
      ),
    ),
  )
})

t.test('lines are wrapped within their columns, and nothing of them is lost', async (t) => {
  t.same(wrapped('abcdef\n\ngh', 4), ['abcd', 'ef', '', 'gh'])
  t.same(wrapped('東京都', 4), ['東京', '都'])
  t.same(wrapped('東', 1), ['東'], 'it ends also where there is no room')
})

t.test('a line ends at the last column', async (t) => {
  t.equal(textOf(fitted([{ text: 'abc' }, { text: 'defg' }, { text: 'h' }], 5), false), 'abcd…'.slice(0, 5))
  t.equal(textOf([{ text: 'x', colour: 'red' }], true), '\u001b[31mx\u001b[39m')
})

t.test('times, rates and bars', async (t) => {
  t.same([0, 412, 59_400, 725_000, 12_000_000, 187_200_000].map(ageOf), [
    '0.0s',
    '0.4s',
    '59s',
    '12m05s',
    '3h20m',
    '2d04h',
  ])
  t.equal(ageOf(-5), '0.0s', 'a clock that differs')
  t.same([undefined, 0, 0.34, 35.2, 12_345].map(rateOf), ['-', '0/s', '0.3/s', '35/s', '12.3k/s'])
  t.equal(sparkline([]), '')
  t.equal(sparkline([0, 1, 4, 8]), '▁▂▅█')
})
