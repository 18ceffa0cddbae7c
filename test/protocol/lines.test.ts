import t from 'tap'
import { LineReader } from '../../src/protocol/lines.js'
import { GREETING_BYTES_MAX, LINE_BYTES_MAX } from '../../src/protocol/messages.js'

/** All lines that come of these chunks, then the message of the fault, if there was one. */
function linesOf(chunks: readonly Buffer[], bytesMax = LINE_BYTES_MAX): string[] {
  const reader = new LineReader()
  const lines: string[] = []
  try {
    for (const chunk of chunks) {
      reader.push(chunk)
      for (let line = reader.next(bytesMax); line !== undefined; line = reader.next(bytesMax)) lines.push(String(line))
    }
  } catch (fault) {
    lines.push(`fault: ${(fault as Error).message}`)
  }
  return lines
}

function cutInto(bytes: Buffer, step: number): Buffer[] {
  const chunks: Buffer[] = []
  for (let at = 0; at < bytes.length; at += step) chunks.push(bytes.subarray(at, at + step))
  return chunks
}

t.test('lines come out the same wherever the bytes are cut', async (t) => {
  const bytes = Buffer.from('{"a":1}\n{"b":"äöü €"}\r\n{}\n{"rest')
  const expected = ['{"a":1}\n', '{"b":"äöü €"}\r\n', '{}\n']
  t.same(linesOf([bytes]), expected)
  t.same(linesOf(cutInto(bytes, 1)), expected, 'byte by byte')
  for (let first = 0; first <= bytes.length; first += 1) {
    for (let second = first; second <= bytes.length; second += 1) {
      const chunks = [bytes.subarray(0, first), bytes.subarray(first, second), bytes.subarray(second)]
      if (linesOf(chunks).join() !== expected.join()) t.fail(`cut at ${first} and ${second}`)
    }
  }
})

t.test('the limit counts bytes, newline included, and ends a line that has no end yet', async (t) => {
  for (const bytesMax of [GREETING_BYTES_MAX, LINE_BYTES_MAX]) {
    /** `{é...` with one byte of filling where that is needed. */
    const line = (bytes: number): Buffer => Buffer.from(`{${'x'.repeat(bytes % 2)}${'é'.repeat(bytes / 2 - 1)}\n`)
    for (const bytes of [bytesMax - 1, bytesMax]) {
      t.equal(line(bytes).length, bytes)
      t.match(linesOf([line(bytes)], bytesMax), [/^\{/], `${bytes} bytes`)
      t.match(linesOf(cutInto(line(bytes), 65_521), bytesMax), [/^\{/], `${bytes} bytes in chunks`)
    }
    const long = line(bytesMax + 1)
    t.match(linesOf([long], bytesMax), [/longer than/])
    t.match(linesOf(cutInto(line(bytesMax + 2).subarray(0, bytesMax + 1), 65_521), bytesMax), [/longer than/])
    t.same(linesOf([long.subarray(0, bytesMax)], bytesMax), [], 'its last byte may still be a newline')
  }
})

t.test('the first byte is looked at as soon as it is there', async (t) => {
  t.match(linesOf([Buffer.from('S')]), [/does not begin with \{/])
  t.match(linesOf([Buffer.from('{}\n\n')]), ['{}\n', /does not begin with \{/], 'an empty line is none')
  t.match(linesOf([Buffer.from(' {}\n')]), [/does not begin with \{/])
})

t.test('bytes that are not UTF-8', async (t) => {
  const bad = [[0xff], [0xc3], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf5, 0x80, 0x80, 0x80]]
  for (const bytes of bad) {
    const line = Buffer.concat([Buffer.from('{}\n{"'), Buffer.from(bytes), Buffer.from('"}\n{}\n')])
    t.match(linesOf([line]), ['{}\n', /not UTF-8/], bytes.map((byte) => byte.toString(16)).join(' '))
    t.match(linesOf(cutInto(line, 1)), ['{}\n', /not UTF-8/])
  }
})

t.test('a fault is the last word', async (t) => {
  const reader = new LineReader()
  reader.push(Buffer.from('x'))
  const [first, second] = [0, 1].map(() => {
    try {
      reader.push(Buffer.from('{}\n'))
      return reader.next(100)
    } catch (fault) {
      return fault
    }
  })
  t.match(first, { code: 'protocol' })
  t.equal(second, first)
})

t.test('a limit that grows between two lines of one chunk', async (t) => {
  const reader = new LineReader()
  const long = `{"pad":"${'x'.repeat(GREETING_BYTES_MAX * 2)}"}\n`
  reader.push(Buffer.from(`{}\n${long}`))
  t.equal(String(reader.next(GREETING_BYTES_MAX)), '{}\n')
  t.equal(String(reader.next(LINE_BYTES_MAX)), long)
})
