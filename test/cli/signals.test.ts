// What counts as asking a process to end once more.
import t from 'tap'
import { Wishes } from '../../src/cli/signals.js'

t.test('a second signal is a second wish, a closed terminal and an echo are none', async (t) => {
  const wishes = new Wishes()
  t.equal(wishes.add('SIGINT', 1_000), 1)
  t.equal(wishes.add('SIGINT', 1_010), undefined, 'npx hands on what the terminal has sent already')
  t.equal(wishes.add('SIGHUP', 5_000), undefined)
  t.equal(wishes.add('SIGTERM', 6_000), 2)
  const closed = new Wishes()
  t.equal(closed.add('SIGHUP', 0), 1)
  t.equal(closed.add('SIGHUP', 2_000), undefined, 'the shell and the kernel both say it')
  t.equal(closed.add('SIGINT', 3_000), 2)
})
