// What has ended is kept for a while, and never too much of it; then it is forgotten with its story.
import { DONE, FAIL_FINAL, id, type Scenario, type Subject, settleOf, spec } from './subject.js'

const NEVER = { completedBefore: 0, failedBefore: 0, keptMax: 1_000_000, keptBytesMax: 1_000_000_000, limit: 100 }

function prune(s: Subject, changes: Partial<typeof NEVER>) {
  return s.one({ kind: 'prune', ...NEVER, ...changes })
}

/** Completes each of these tasks, one a millisecond. */
async function complete(s: Subject, ...tasks: readonly number[]): Promise<void> {
  for (const n of tasks) {
    s.now += 1
    await s.settle(await s.running(spec(n)), DONE)
  }
  s.now += 1
}

async function kept(s: Subject): Promise<number[]> {
  const found = await s.store.get(Array.from({ length: 50 }, (_, n) => id(n)))
  return found.map(({ task }) => Number(task.id.slice(-12)))
}

export function pruneScenarios(scenario: Scenario): void {
  scenario('what ended before a moment is forgotten, the oldest end first, at most so many at once', async (t, s) => {
    await complete(s, 3, 1, 2, 4)
    const before = (await s.task(4)).endedAt ?? 0
    t.same(await prune(s, { completedBefore: before, limit: 2 }), { kind: 'prune', pruned: 2, more: true })
    t.same(await kept(s), [2, 4])
    t.same(await prune(s, { completedBefore: before }), { kind: 'prune', pruned: 1, more: false })
    t.same(await kept(s), [4], 'the moment itself is not before')
    t.same(await s.counts(), { 'echo completed': 1 })
    t.same(await prune(s, { completedBefore: before }), { kind: 'prune', pruned: 0, more: false })
  })

  scenario('failed tasks have a time of their own; cancelled ones go with the completed', async (t, s) => {
    await s.settle(await s.running(spec(1)), FAIL_FINAL)
    await s.submit(spec(2))
    await s.cancel(2)
    await complete(s, 3)
    s.now += 1_000
    await prune(s, { completedBefore: s.now })
    t.same(await kept(s), [1])
    await prune(s, { failedBefore: s.now })
    t.same(await s.counts(), {})
  })

  scenario('of too many, or too many bytes, the oldest ends go, whatever they are', async (t, s) => {
    await s.settle(await s.running(spec(1)), FAIL_FINAL)
    await complete(s, 2, 3)
    s.now += 1
    await s.settle(await s.running(spec(4, { payload: '"é"' })), FAIL_FINAL)
    s.now += 1
    t.match(await prune(s, { keptMax: 3 }), { pruned: 1 })
    t.same(await kept(s), [2, 3, 4])
    // Payloads and results: 1 + 6, 1 + 6, and 4 of the one that failed.
    t.match(await prune(s, { keptBytesMax: 18 }), { pruned: 0 })
    t.match(await prune(s, { keptBytesMax: 17 }), { pruned: 1 })
    t.same(await kept(s), [3, 4])
    t.match(await prune(s, { keptBytesMax: 4 }), { pruned: 1 })
    t.match(await prune(s, { keptBytesMax: 3 }), { pruned: 1, more: false })
    t.same(await kept(s), [])
  })

  scenario('what waits or runs is never forgotten, nor what a person retried', async (t, s) => {
    await s.settle(await s.running(spec(1)), FAIL_FINAL)
    const running = await s.running(spec(2))
    await s.submit(spec(3), spec(4, { delayMs: 1 }))
    await s.retry(1)
    s.now += 1_000
    const everything = { completedBefore: s.now, failedBefore: s.now, keptMax: 0, keptBytesMax: 0 }
    t.same(await prune(s, everything), { kind: 'prune', pruned: 0, more: false })
    t.same(await kept(s), [1, 2, 3, 4])
    await s.settle(running, DONE)
    t.match(await prune(s, everything), { pruned: 0 }, 'nor what ended in this moment: it is not told yet')
    s.now += 1
    t.match(await prune(s, everything), { pruned: 1 })
  })

  scenario('the bytes that are kept are right after ends of every kind and a retry', async (t, s) => {
    const size = async (): Promise<number> => {
      s.now += 1
      for (let bytes = 0; ; bytes += 1) {
        // It would prune one, if there were more: so the limit of none tells without changing anything.
        const { more } = await prune(s, { keptBytesMax: bytes, limit: 0 })
        if (!more) return bytes
      }
    }
    t.equal(await size(), 0)
    await complete(s, 1)
    t.equal(await size(), 7)
    const lost = await s.running(spec(22, { maxAttempts: 1 }))
    await s.expire('w#1')
    t.match(await s.task(22), { state: 'failed' })
    t.equal(await size(), 9)
    await s.submit(spec(333))
    await s.cancel(333)
    await s.submit(spec(4_444, { expiresMs: 1 }))
    s.now += 2
    await s.apply({})
    t.equal(await size(), 16)
    await s.retry(22)
    t.equal(await size(), 14)
    t.match(await s.settle(lost, DONE), { status: 'stale' })
    t.equal(await size(), 14)
    const [again] = await s.claim(1)
    await s.settle(again!, { kind: 'completed', result: '"déjà"', encoding: 'json' })
    t.equal(await size(), 24)
    await prune(s, { keptMax: 0 })
    t.equal(await size(), 0)
  })

  scenario('what is forgotten is unknown: no page shows it, and its id is free for a new task', async (t, s) => {
    const grant = await s.running(spec(1))
    await s.settle(grant, FAIL_FINAL)
    s.now += 1
    await prune(s, { keptMax: 0 })
    t.same(await s.store.get([id(1)]), [])
    t.same(await s.store.list({}, { limit: 10 }), { tasks: [] })
    t.same((await s.store.failures({})).groups, [])
    t.match(await s.retry(1), { status: 'unknown' })
    t.match(await s.cancel(1), { status: 'unknown' })
    t.match(await s.settle(grant, DONE), { status: 'stale' })
    t.same(await s.submit(spec(1, { payload: '"other"' })), ['accepted'], 'P2 holds as long as a task is kept')
    t.same(await s.story(1), [], 'a story of its own')
    t.match(await s.task(1), { state: 'pending', attempt: 0 })
  })

  scenario('a large task goes alone: a pruning costs a bounded number of bytes', async (t, s) => {
    const large = JSON.stringify('x'.repeat(3 * 1024 * 1024))
    for (const n of [1, 2, 3]) {
      s.now += 1
      await s.settle(await s.running(spec(n, { payload: large })), DONE)
    }
    s.now += 1
    t.same(await prune(s, { keptMax: 0 }), { kind: 'prune', pruned: 1, more: true })
    t.same(await prune(s, { keptMax: 0 }), { kind: 'prune', pruned: 1, more: true })
    t.same(await prune(s, { keptMax: 0 }), { kind: 'prune', pruned: 1, more: false })
  })

  scenario('retried: a pruning has one effect, and ends of its own batch are still told', async (t, s) => {
    await complete(s, 1, 2)
    const grant = await s.running(spec(3))
    const parts = {
      operations: [settleOf(grant, DONE), { kind: 'prune' as const, ...NEVER, keptMax: 2, limit: 1 }],
    }
    const first = await s.apply(parts)
    t.match(first.operations, [{ status: 'recorded' }, { pruned: 1, more: false }])
    const second = await s.apply({ ...parts, retried: true })
    t.match(second.operations, [{ status: 'recorded' }, { pruned: 0, more: true }])
    t.same(second.ended, first.ended)
    t.same(await kept(s), [2, 3])
  })
}
