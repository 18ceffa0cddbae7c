// What several processes say at once is one line, and nothing is lost or comes behind what it caused.
import t from 'tap'
import { Chorus } from '../../src/launch/chorus.js'
import { ManualClock } from '../net/manual-clock.js'

t.test('the same line of several is told once, with their names', async (t) => {
  const clock = new ManualClock()
  const told: string[] = []
  const chorus = new Chorus(clock, (line) => told.push(line))
  const tells = (...lines: string[]): void => {
    t.same(told.splice(0), lines)
  }
  chorus.said('worker-1', 'loaded')
  clock.advance(1_000)
  chorus.said('worker-2', 'loaded')
  tells()
  clock.advance(500)
  tells('worker-1, worker-2: loaded')
  for (let n = 1; n <= 5; n += 1) chorus.said(`worker-${n}`, 'loaded')
  chorus.said('worker-6', 'refused')
  clock.advance(1_500)
  tells('worker-1, worker-2, worker-3 and 2 more: loaded', 'worker-6: refused')
  for (let time = 0; time < 2; time += 1) chorus.said('worker-1', 'at x.js:1')
  tells('worker-1: at x.js:1')
  chorus.flush()
  tells('worker-1: at x.js:1')
  t.equal(clock.pending, 0, 'no timer is left')
})
