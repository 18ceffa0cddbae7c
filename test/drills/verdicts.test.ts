// A drill that cannot fail proves nothing: each verdict is shown a history that breaks its promise.
import t from 'tap'
import type { History, Sign } from '../../src/drill/history.js'
import {
  judge,
  nobodyBlamed,
  noOverlap,
  nothingLost,
  oneOutcome,
  resumedAfter,
  startsWithin,
  storyTells,
  toll,
  unharmed,
  within,
} from '../../src/drill/verdicts.js'
import type { TaskField } from '../../src/protocol/messages.js'

type Story = NonNullable<TaskField['story']>

function sign(what: Sign['what'], attempt: number, atMs: number): Sign {
  return { what, task: 'a', attempt, lease: `l${attempt}`, pid: attempt, atMs }
}

function failedAttempt(attempt: number, code = 'lost'): Story[number] {
  const error = { code, message: 'gone' }
  const times = { grantedAt: 0, endedAt: 1 }
  return { attempt, lease: `l${attempt}`, holder: 'w1#1', outcome: 'failed', charged: true, error, ...times }
}

/** Task `a` was cut in its first attempt, and its second one completed. */
function good(changes: Partial<History> = {}, task: Partial<TaskField> = {}): History {
  const result = JSON.stringify({ lease: 'l2', attempt: 2 })
  const stored = {
    ...{ id: 'a', payload: '{}', state: 'completed', attempt: 2, uncharged: 0, result, story: [failedAttempt(1)] },
    ...task,
  } as TaskField
  return {
    accepted: [{ id: 'a', payload: '{}', maxAttempts: 5 }],
    told: new Map([['a', { id: 'a', state: 'completed', result }]]),
    stored: new Map([['a', stored]]),
    signs: [sign('start', 1, 0), sign('alive', 1, 50), sign('start', 2, 100), sign('end', 2, 150)],
    wakes: [],
    ...changes,
  }
}

t.test('a good history holds', async (t) => {
  t.same(
    judge(good()).filter(({ held }) => !held),
    [],
  )
})

t.test('P1, P17: gone, not ended, or ended otherwise', async (t) => {
  t.match(nothingLost(good({ stored: new Map() })), { held: false, against: [/accepted and is gone/] })
  t.match(nothingLost(good({}, { payload: '[]' })), { held: false, against: [/another payload/] })
  t.match(nothingLost(good({}, { state: 'running' })), { held: false, against: [/still running/] })
  const failed = good({}, { state: 'failed', error: { code: 'lost', message: '' } })
  t.match(nothingLost(failed), { held: false, against: [/ended as lost, not as completed/] })
  const poison = { accepted: [{ id: 'a', payload: '{}', maxAttempts: 5, endsWith: 'poison' }] }
  t.match(nothingLost(good(poison)), { held: false, against: [/ended as completed, not as poison/] })
  t.ok(nothingLost(good(poison, { state: 'failed', error: { code: 'poison', message: '' } })).held)
})

t.test('P6: client, store and witness differ', async (t) => {
  const told = (state: 'failed' | 'completed', result: string) => new Map([['a', { id: 'a', state, result }]])
  t.match(oneOutcome(good({ told: told('failed', '') })), { held: false, against: [/told failed, the store has/] })
  t.match(oneOutcome(good({ told: told('completed', '{"lease":"l1"}') })), { held: false, against: [/another result/] })
  const withoutEnd = good().signs.filter(({ what }) => what !== 'end')
  const other = JSON.stringify({ lease: 'l1', attempt: 1 })
  const late = good({ told: told('completed', other) }, { result: other })
  t.match(oneOutcome(late), { held: false, against: [/attempt 1 speaks in its result, not 2/] })
  t.match(oneOutcome(good({ signs: withoutEnd })), { held: false, against: [/no attempt that ended/] })
})

t.test('P7: an earlier attempt goes on into the next', async (t) => {
  const late = [...good().signs, sign('alive', 1, 130)]
  t.match(noOverlap(good({ signs: late })), { held: false, against: [/still ran 30ms into the next/] })
  t.ok(noOverlap(good({ signs: late, wakes: [120] })).held, 'but for a second after it wakes')
  t.notOk(noOverlap(good({ signs: late, wakes: [131] })).held, 'not before it does')
  const later = [...good().signs, sign('end', 1, 1_200)]
  t.notOk(noOverlap(good({ signs: later, wakes: [120] })).held, 'and no longer')
})

t.test('P9: too many starts', async (t) => {
  const once = { accepted: [{ id: 'a', payload: '{}', maxAttempts: 1 }] }
  t.match(startsWithin(good(once)), { held: false, against: [/2 attempts were charged, 1 are allowed/] })
  t.ok(startsWithin(good(once, { uncharged: 1 })).held, 'a return is not charged')
  t.match(startsWithin(good({}, { attempt: 1 })), { held: false, against: [/started 2 times, 1 are allowed/] })
  const again = [...good().signs, sign('start', 2, 160)]
  t.match(startsWithin(good({ signs: again })), { held: false, against: [/twice under the lease l2/] })
})

t.test('P3: an attempt that no story tells of', async (t) => {
  t.match(storyTells(good({}, { story: [] })), { held: false, against: [/nothing of the attempt under the lease l1/] })
})

t.test('P8, P11, P19: charged, run again, blamed', async (t) => {
  t.match(unharmed('P11', 'words', good(), ['a']), { held: false, against: [/charged for 2 attempts/] })
  t.match(unharmed('P8', 'words', good({}, { uncharged: 1 }), ['a']), { held: false, against: [/started 2 times/] })
  t.ok(unharmed('P11', 'words', good({}, { uncharged: 1 }), ['a']).held)
  t.match(nobodyBlamed(good()), { held: false, against: [/w1#1 was called lost/] })
  t.ok(nobodyBlamed(good({}, { story: [failedAttempt(1, 'returned')] })).held)
})

t.test('limits of time, both ways', async (t) => {
  t.ok(within('P17', 'within 2 s', 2_000, 2_000).held)
  t.match(within('P17', 'within 2 s', 2_001, 2_000), { held: false, against: ['it was 2001 ms'] })
  t.notOk(within('P18', 'at 30 s', 28_000, 31_000, 29_000).held)
})

t.test('only the first of many are shown', async (t) => {
  const accepted = Array.from({ length: 9 }, (_, index) => ({ id: `t${index}`, payload: '{}', maxAttempts: 1 }))
  const { against } = nothingLost(good({ accepted }))
  t.equal(against.length, 6)
  t.equal(against.at(-1), 'and 4 more')
})

t.test('what a fault cost', async (t) => {
  t.same(toll(good()), { touched: 1, charged: 1 })
  t.same(toll(good({}, { uncharged: 1 })), { touched: 1, charged: 0 })
  t.same(resumedAfter(good(), 60), [40])
  t.same(resumedAfter(good(), 110), [], 'nothing had to run again')
})
