// The feed of the whole cluster: what is told to those who look, how much of it at most, and that nothing is kept where nobody does.
import t from 'tap'
import { Feed } from '../../src/master/feed.js'
import type { Fed, FeedEntry } from '../../src/protocol/messages.js'
import { Stage } from './stage.js'

const COUNTS = { submitted: 0, granted: 0, completed: 0, failed: 0, retried: 0, cancelled: 0, returned: 0, lost: 0 }

async function looked() {
  const stage = await Stage.open()
  const client = stage.connect('client', 'c#1')
  const viewer = stage.connect('client', 'c#2')
  const feed = (place?: Pick<Fed, 'master' | 'next'>): Fed => {
    const after = place && { master: place.master, after: place.next }
    stage.say(viewer, { type: 'feed', re: 9, ...after })
    return stage.got(viewer, 'fed').at(-1)!
  }
  return { stage, client, viewer, feed }
}

t.test('an attempt that is cut off with its worker, and the next one elsewhere', async (t) => {
  const { stage, client, feed } = await looked()
  const first = await stage.worker('w1')
  const begun = feed()
  t.match(begun, { gap: true, counts: COUNTS, list: [], master: 'master#1' })
  const [id] = stage.submit(client, [{}])
  await stage.settle()
  const lease = stage.assigned(first)[0]!.lease
  stage.say(first, { type: 'started', list: [{ id: id!, lease }] })
  const runs = feed(begun)
  t.match(runs.list, [
    { n: 1, at: stage.wallMs, what: 'began', task: id, lease, worker: 'w1#1', taskType: 'echo', attempt: 1 },
  ])
  t.match(runs, { gap: false, counts: { submitted: 1, granted: 1 } })

  stage.drop(first)
  stage.probed('w1#1', 'refused')
  const second = await stage.worker('w2')
  await stage.passAndSettle(3_000)
  const next = stage.assigned(second)[0]!.lease
  stage.say(second, { type: 'started', list: [{ id: id!, lease: next }] })
  stage.say(second, { type: 'results', list: [{ id: id!, lease: next, outcome: 'completed', result: '1' }] })
  await stage.settle()
  const moved = feed(runs)
  t.match(moved.list, [
    { what: 'lost', task: id, lease, worker: 'w1#1', code: 'lost', message: 'w1 is gone' },
    { what: 'began', task: id, lease: next, worker: 'w2#1', attempt: 2 },
    { what: 'completed', task: id, lease: next, worker: 'w2#1', attempt: 2 },
  ])
  t.match(moved, { gap: false, counts: { ...COUNTS, submitted: 1, granted: 2, completed: 1, lost: 1 } })
  t.same(feed(moved).list, [], 'nothing is told twice')
  t.match(feed({ ...moved, master: 'another#1' }), { gap: true, list: { length: 4 } }, 'another master told that place')
})

t.test('how attempts end, and that one from before is told to have ended', async (t) => {
  const { stage, client, feed } = await looked()
  const worker = await stage.worker('w1', { slots: 2 })
  const [before, later] = stage.submit(client, [{}, { maxAttempts: 1 }])
  await stage.settle()
  const [one, two] = stage.assigned(worker)
  stage.say(worker, { type: 'started', list: [one!, two!].map(({ id, lease }) => ({ id, lease })) })
  const begun = feed()
  const error = { code: 'task_failed', message: 'no '.repeat(200) }
  const failed = { outcome: 'failed', error, final: false } as const
  stage.say(worker, { type: 'results', list: [one!, two!].map(({ id, lease }) => ({ id, lease, ...failed })) })
  await stage.settle()
  const told = feed(begun)
  t.match(told.list, [
    { what: 'retried', lease: one!.lease, worker: 'w1#1', code: 'task_failed', runAt: Number },
    { what: 'failed', lease: two!.lease, worker: 'w1#1', runAt: undefined },
  ])
  t.match(told.counts, { retried: 1, failed: 1 })
  t.ok(told.list.every(({ message = '' }) => message.length <= 200))
  t.same([before, later], [one!.id, two!.id])
})

t.test('nothing is counted or kept before somebody asks, and a minute after the last did', async (t) => {
  const { stage, client, feed } = await looked()
  await stage.worker('w1')
  stage.submit(client, [{}])
  await stage.settle()
  const begun = feed()
  t.match(begun, { counts: COUNTS, list: [] })
  stage.submit(client, [{}])
  await stage.settle()
  t.match(feed(begun), { gap: false, counts: { submitted: 1 } })
  stage.pass(59_000)
  t.match(feed(begun), { gap: false, counts: { submitted: 1 } }, 'a sleep of some seconds costs nothing')
  stage.pass(61_000)
  t.match(feed(begun), { gap: true, counts: COUNTS, list: [] })
})

t.test('at any rate as much is told as a person can follow, and an attempt that began also ends', (t) => {
  const feed = new Feed()
  feed.listen(0)
  const entries: FeedEntry[] = []
  let place = 0
  // 25,000 attempts a second for ten seconds, at a thousand workers.
  for (let at = 0; at < 10_000; at += 250) {
    const leases = Array.from({ length: 6_250 }, (_, index) => `${at}.${index}`)
    leases.forEach((lease, index) => {
      feed.granted(at, { task: lease, lease, worker: `w${index % 1_000}`, type: 'echo', attempt: 1 })
      feed.began(at, lease)
    })
    for (const [index, lease] of leases.entries()) {
      const attempt = { task: lease, lease, worker: `w${index % 1_000}` }
      feed.ended({ monoMs: at + 100, wallMs: at + 100 }, attempt, { what: 'completed' })
    }
    feed.listen(at)
    for (;;) {
      const { list, next, gap } = feed.behind(place, 1_000)
      t.notOk(gap)
      place = next
      entries.push(...list)
      if (list.length < 1_000) break
    }
  }
  const began = entries.filter(({ what }) => what === 'began').map(({ lease }) => lease)
  t.ok(began.length <= 128 * 40 && began.length > 0, `${began.length} attempts`)
  const ended = new Set(entries.filter(({ what }) => what === 'completed').map(({ lease }) => lease))
  t.same(
    began.filter((lease) => !ended.has(lease)),
    [],
  )
  t.match(feed.behind(0, 1_000), { gap: true }, 'of what is long ago nothing is kept')
  t.end()
})
