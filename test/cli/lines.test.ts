import t from 'tap'
import { linesOf } from '../../src/cli/lines.js'

async function* chunks(...texts: readonly (string | Buffer)[]): AsyncGenerator<Buffer> {
  for (const text of texts) yield Buffer.from(text)
}

async function lines(input: AsyncIterable<Buffer>, lineBytesMax = 100): Promise<string[]> {
  const all: string[] = []
  for await (const line of linesOf(input, lineBytesMax)) all.push(line)
  return all
}

t.test('lines come whole, however the bytes are cut', async (t) => {
  const bytes = Buffer.from('one\ntwö\r\n\nlast')
  const expected = ['one', 'twö', '', 'last']
  t.same(await lines(chunks(bytes)), expected)
  t.same(await lines(chunks(...[...bytes].map((byte) => Buffer.of(byte)))), expected)
  t.same(await lines(chunks('a\n')), ['a'])
  t.same(await lines(chunks()), [])
})

t.test('a line that is too long or not UTF-8 is named by its number', async (t) => {
  t.same(await lines(chunks('x'.repeat(10), '\n'), 10), ['x'.repeat(10)])
  await t.rejects(lines(chunks('a\n', 'x'.repeat(6), 'x'.repeat(5)), 10), {
    code: 'too_large',
    message: /line 2: .*10/,
  })
  await t.rejects(lines(chunks('a\nb\n', Buffer.of(0xff, 0x0a))), { code: 'bad_input', message: /line 3/ })
})
