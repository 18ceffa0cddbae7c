// The end of what was said: bounded, by its place in the whole, and without half characters.
import t from 'tap'
import { LOG_BYTES_MAX, LogTail } from '../../src/task/log-tail.js'

t.test('what was said comes back, and what is behind a place of it', async (t) => {
  const log = new LogTail()
  t.same(log.read(), { at: 0, text: '' })
  log.add('one\n')
  log.add('zwö\n')
  t.same(log.read(), { at: 0, text: 'one\nzwö\n' })
  t.same(log.since(4), { at: 4, text: 'zwö\n' })
  t.same(log.since(9), { at: 9, text: '' })
  t.equal(log.end, 9)
})

t.test('of a flood the end is kept, whole characters alone, and how much stood before it is known', async (t) => {
  for (const [piece, times] of [
    ['ä€😀', 100_000],
    ['x'.repeat(8 * 1024 * 1024), 1],
    ['', 5],
    ['y', 3],
  ] as const) {
    const log = new LogTail(1_000)
    for (let count = 0; count < times; count += 1) log.add(piece)
    const whole = Buffer.from(piece.repeat(times))
    const { at, text } = log.read()
    t.ok(Buffer.byteLength(text) <= 1_000)
    t.ok(Buffer.byteLength(text) > Math.min(whole.length, 1_000) - 4)
    t.equal(text, whole.subarray(at).toString(), 'the very end')
    t.notMatch(text, /\uFFFD/)
  }
  t.equal(LOG_BYTES_MAX, 65_536)
})

t.test('what was said elsewhere is put together; where something is missing it stands alone', async (t) => {
  const log = new LogTail(100)
  log.put({ at: 0, text: 'abc' })
  log.put({ at: 3, text: 'def' })
  log.put({ at: 0, text: 'abc' })
  t.same(log.read(), { at: 0, text: 'abcdef' }, 'told twice it counts once')
  log.put({ at: 50, text: 'xyz' })
  t.same(log.read(), { at: 50, text: 'xyz' })
  t.same(log.since(10), { at: 50, text: 'xyz' })
})

t.test('half a pair of surrogates becomes what can be written', async (t) => {
  const log = new LogTail()
  log.add('a\ud83d')
  const { text } = log.read()
  t.ok(text.isWellFormed())
  t.equal(log.end, Buffer.byteLength(text))
})
