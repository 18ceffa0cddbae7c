// A batch whose outcome was lost, applied again: one effect, and the answer that it would have had.
import {
  attachOf,
  DONE,
  FAIL,
  FAIL_FINAL,
  id,
  LOST,
  type Parts,
  type Scenario,
  type Subject,
  settleOf,
  spec,
  UNDELIVERED,
} from './subject.js'

/** Applies a batch, forgets what came of it, applies it again. */
async function twice(s: Subject, parts: Parts) {
  const first = await s.apply(parts)
  const second = await s.apply({ ...parts, retried: true })
  return { first, second }
}

export function retriedScenarios(scenario: Scenario): void {
  scenario('retried: submits exist, each once', async (t, s) => {
    const { first, second } = await twice(s, {
      operations: [
        { kind: 'submit', task: spec(1) },
        { kind: 'submit', task: spec(2) },
      ],
      claims: [s.claimOf(1)],
    })
    t.match(first.operations, [{ status: 'accepted' }, { status: 'accepted' }])
    t.match(second.operations, [{ status: 'existing' }, { status: 'existing' }])
    t.same(second.claims, first.claims)
    t.same(await s.counts(), { 'echo pending': 1, 'echo running': 1 })
  })

  scenario('retried: grants are the same, in the order of their offers, and the rest is filled', async (t, s) => {
    await s.submit(spec(1), spec(2))
    const parts = { claims: [s.claimOf(4), s.claimOf(2, 'w#2')] }
    const first = await s.apply(parts)
    await s.submit(spec(3, { priority: 9 }))
    const second = await s.apply({ ...parts, retried: true })
    const [before] = first.claims
    t.same(second.claims[0]!.grants.slice(0, 2), before!.grants)
    t.match(second.claims[0]!.grants[2], { taskId: id(3), leaseId: parts.claims[0]!.offers[2]!.leaseId })
    t.equal(second.claims[0]!.grants.length, 3)
    t.same(await s.counts(), { 'echo running': 3 })
  })

  scenario('retried: settlements are recorded once, and every end is told again', async (t, s) => {
    const completed = await s.running(spec(1, { origin: 'client#1' }))
    const failed = await s.running(spec(2))
    const retrying = await s.running(spec(3))
    const returned = await s.running(spec(4))
    const { first, second } = await twice(s, {
      operations: [
        settleOf(completed, DONE),
        settleOf(failed, FAIL_FINAL),
        settleOf(retrying, FAIL),
        settleOf(returned, UNDELIVERED),
        settleOf({ taskId: id(1), leaseId: 'wrong' }, DONE),
      ],
    })
    t.same(second, first)
    t.equal((await s.story(3)).length, 1)
  })

  scenario('retried: what was given back and granted anew in one batch is still recorded', async (t, s) => {
    const grant = await s.running(spec(1))
    const { first, second } = await twice(s, {
      operations: [settleOf(grant, UNDELIVERED)],
      claims: [s.claimOf(1, 'w#2')],
    })
    t.match(second.operations, [{ status: 'recorded' }])
    t.same(second.claims, first.claims)
    t.match(await s.task(1), { state: 'running', holder: 'w#2', attempt: 1 })
  })

  scenario('retried: cancels', async (t, s) => {
    const running = await s.running(spec(1))
    const ended = await s.running(spec(2))
    await s.settle(ended, DONE)
    await s.submit(spec(3, { origin: 'client#1' }))
    const { first, second } = await twice(s, {
      operations: [1, 2, 3, 4].map((n) => ({ kind: 'cancel' as const, taskId: id(n) })),
    })
    t.match(first.operations, [
      { status: 'cancelling', leaseId: running.leaseId },
      { status: 'ended', state: 'completed' },
      { status: 'cancelled' },
      { status: 'unknown' },
    ])
    t.same(second, first)
  })

  scenario('retried: a retry that found nothing to retry does not undo what ended its task behind it', async (t, s) => {
    await s.submit(spec(1))
    const running = await s.running(spec(2, { type: 'other' }))
    s.now += 1
    const { first, second } = await twice(s, {
      operations: [
        ...[1, 2].map((n) => ({ kind: 'retry' as const, taskId: id(n) })),
        { kind: 'cancel', taskId: id(1) },
        settleOf(running, FAIL_FINAL),
      ],
    })
    t.match(first.operations, [{ status: 'kept' }, { status: 'kept' }, { status: 'cancelled' }, { state: 'failed' }])
    t.match(second.operations, [{ status: 'kept' }, { status: 'kept' }, { status: 'cancelled' }, { state: 'failed' }])
    t.same(second.ended, first.ended)
    t.same(await s.counts(), { 'echo cancelled': 1, 'other failed': 1 })
  })

  scenario('retried: an expiry, with what it ended', async (t, s) => {
    await s.running(spec(1))
    await s.running(spec(2, { maxAttempts: 1, origin: 'client#1' }))
    await s.running(spec(3))
    await s.cancel(3)
    s.now += 1
    const { first, second } = await twice(s, {
      operations: [{ kind: 'expire', incarnation: 'w#1', beat: 0, unstarted: [], error: LOST }],
      claims: [],
    })
    t.equal(first.ended.length, 2)
    t.same(second, first)
    t.equal((await s.story(1)).length, 1)
  })

  scenario('retried: an attach, and tasks that it found cancelled', async (t, s) => {
    const held = await s.running(spec(1))
    await s.running(spec(2))
    await s.cancel(2)
    s.now += 1
    const { first, second } = await twice(s, { operations: [attachOf('w#1', [held])] })
    t.same(second.ended, first.ended)
    t.same(second.operations, [{ ...first.operations[0], returned: 0 }])
  })

  scenario('retried: an attach and a claim for the same worker', async (t, s) => {
    const held = await s.running(spec(1))
    await s.submit(spec(2))
    const { first, second } = await twice(s, { operations: [attachOf('w#1', [held])], claims: [s.claimOf(1)] })
    t.same(second.claims, first.claims)
    t.match(await s.task(2), { state: 'running', attempt: 1 })
  })

  scenario('retried: what the clock ended', async (t, s) => {
    await s.submit(spec(1, { expiresMs: 10, origin: 'client#1' }), spec(2, { delayMs: 10 }))
    s.now += 10
    const { first, second } = await twice(s, { claims: [s.claimOf(2)] })
    t.equal(first.ended.length, 1)
    t.same(second, first)
  })

  scenario('retried after nothing had come of it: as if it were the first time', async (t, s) => {
    const grant = await s.running(spec(1))
    const outcome = await s.apply({
      retried: true,
      operations: [settleOf(grant, DONE), { kind: 'submit', task: spec(2) }],
      claims: [s.claimOf(1)],
    })
    t.match(outcome.operations, [{ status: 'recorded' }, { status: 'accepted' }])
    t.match(outcome.claims[0]!.grants, [{ taskId: id(2) }])
    t.equal(outcome.ended.length, 1)
  })
}
