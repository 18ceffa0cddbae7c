// Lists on the pipe between a worker and its host: as few lines as can be, and none beyond its limit.
import t from 'tap'
import { RESULT_BYTES_MAX } from '../../src/runner/runner.js'
import { inLines, PIPE_LINE_BYTES_MAX } from '../../src/worker/host/pipe-messages.js'

const lists = (items: readonly string[]) => [...inLines(items, ({ length }) => length)]

t.test('a few small items are one line, and nothing is none', async (t) => {
  t.same(lists(['a', 'b', 'c']), [['a', 'b', 'c']])
  t.same(lists([]), [])
})

t.test('large ones are as many lines as they need, in order, each within its limit at its worst', async (t) => {
  // Each character of it becomes two bytes within JSON.
  const large = '"'.repeat(RESULT_BYTES_MAX)
  const halves = Array.from({ length: 40 }, (_, index) => `${index}${'\n'.repeat(RESULT_BYTES_MAX / 40)}`)
  const items = ['first', ...halves, large, large, 'last']
  const found = lists(items)
  t.same(found.flat(), items)
  t.ok(found.length < 10, `${found.length} lines`)
  for (const list of found) t.ok(Buffer.byteLength(JSON.stringify(list)) < PIPE_LINE_BYTES_MAX - 1_024)
})
