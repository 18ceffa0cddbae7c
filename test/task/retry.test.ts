import t from 'tap'
import { backoffMs, jitterOf } from '../../src/task/retry.js'

t.test('P16: the window doubles from one second, and stops at five minutes', async (t) => {
  const widest = 1 - Number.EPSILON
  const windows = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11].map((charged) => backoffMs(charged, widest) + 1)
  t.same(windows, [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 64_000, 128_000, 256_000, 300_000, 300_000])
  t.equal(backoffMs(1_000, widest) + 1, 300_000)
})

t.test('full jitter: anywhere in the window, whole milliseconds', async (t) => {
  t.equal(backoffMs(3, 0), 0)
  t.equal(backoffMs(3, 0.5), 2_000)
  t.equal(backoffMs(1, 0.12345), 123)
})

t.test(
  'jitter is drawn from an id: always the same, and spread evenly also for ids that differ at their end',
  async (t) => {
    t.equal(jitterOf('lease-1'), jitterOf('lease-1'))
    const tenths = new Array<number>(10).fill(0)
    for (let n = 0; n < 10_000; n += 1) {
      const jitter = jitterOf(`0192a3b4-7c00-7000-8000-000000000000.${n}`)
      if (!(jitter >= 0 && jitter < 1)) t.fail(`${jitter} is outside [0, 1)`)
      const tenth = Math.floor(jitter * 10)
      tenths[tenth] = (tenths[tenth] ?? 0) + 1
    }
    t.ok(Math.min(...tenths) > 800 && Math.max(...tenths) < 1_200, `tenths ${tenths.join(' ')}`)
    t.ok(jitterOf('') < 1)
  },
)
