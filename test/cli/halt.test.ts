// When a map ends early.
import t from 'tap'
import { isReached, readHalt } from '../../src/cli/halt.js'

const reached = (text: string, failed: number, succeeded: number): boolean =>
  isReached(readHalt(text)!, { failed, succeeded })

t.test('a number of those that came out this way', async (t) => {
  t.equal(readHalt('never'), undefined)
  t.match(readHalt('now,fail=1'), { when: 'now', what: 'fail', least: 1, isPercent: false })
  t.notOk(reached('soon,fail=2', 1, 100))
  t.ok(reached('soon,fail=2', 2, 0))
  t.ok(reached('now,success=1', 5, 1))
  t.notOk(reached('now,success=1', 5, 0))
  t.ok(reached('soon,done=3', 1, 2))
})

t.test('a share of those that have ended, once there are three', async (t) => {
  t.notOk(reached('soon,fail=10%', 2, 0))
  t.ok(reached('soon,fail=10%', 3, 27))
  t.notOk(reached('soon,fail=10%', 3, 28))
  t.ok(reached('now,fail=100%', 3, 0))
})

t.test('what says neither is refused', async (t) => {
  for (const text of ['', 'soon', 'fail=1', 'later,fail=1', 'soon,fail=0', 'soon,fail=101%', 'soon,fail=x', '1']) {
    t.throws(() => readHalt(text), { code: 'bad_input', message: /--halt: ".*" does not say/ }, text)
  }
})
