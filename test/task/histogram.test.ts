import t from 'tap'
import { BOUNDS_MS, Histogram } from '../../src/task/histogram.js'

t.test('each bucket holds what took so long or less, and the last all that took longer', async (t) => {
  const histogram = new Histogram()
  for (const ms of [-5, 0, 1, 1.01, 86_400_000, 86_400_001]) histogram.add(ms)
  t.equal(histogram.counts.length, BOUNDS_MS.length + 1)
  t.same([...histogram.counts.slice(0, 3), ...histogram.counts.slice(-2)], [3, 1, 0, 1, 1])
  t.equal(histogram.copy().sumMs, 172_800_003)
})

t.test('histograms add up, and a copy stays as it was', async (t) => {
  const [one, other] = [new Histogram(), new Histogram()]
  one.add(3)
  other.add(3)
  other.add(700)
  one.addAll(other)
  const copy = one.copy()
  one.add(700)
  t.equal(copy.sumMs, 706)
  t.equal(
    copy.counts.reduce((sum, count) => sum + count, 0),
    3,
  )
  t.same(
    one.counts.filter((count) => count > 0),
    [2, 2],
  )
})
