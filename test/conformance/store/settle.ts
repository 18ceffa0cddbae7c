// Settlements and cancels: the fence, one terminal state, what is charged (P3, P5, P6, P9, P10, P14).
import type { Ending } from '../../../src/task/task.js'
import {
  DONE,
  DRAINED,
  FAIL,
  FAIL_FINAL,
  FAILED,
  id,
  LOST,
  refOf,
  type Scenario,
  settleOf,
  spec,
  UNDELIVERED,
} from './subject.js'

export function settleScenarios(scenario: Scenario): void {
  scenario('a completed task keeps its result, leaves no line in the story, and is told as ended', async (t, s) => {
    const grant = await s.running(spec(1, { origin: 'client#1' }))
    s.now += 50
    const { operations, ended } = await s.apply({ operations: [{ kind: 'settle', ...refOf(grant), ending: DONE }] })
    t.same(operations, [{ kind: 'settle', status: 'recorded', state: 'completed' }])
    t.same(ended, [{ id: id(1), state: 'completed', origin: 'client#1', result: '"done"', resultEncoding: 'json' }])
    t.match(await s.task(1), { state: 'completed', result: '"done"', resultEncoding: 'json', endedAt: s.now })
    t.same(await s.story(1), [])
    t.same(await s.counts(), { 'echo completed': 1 })
    t.same(await s.store.holders(), [])
  })

  scenario(
    'of many that end together each has its own result, and what ends otherwise is none of theirs',
    async (t, s) => {
      const all = Array.from({ length: 48 }, (_, n) => n)
      await s.submit(...all.map((n) => spec(n)))
      const grants = await s.claim(48)
      await s.apply({ operations: [{ kind: 'checkpoint', ...refOf(grants[10]!), value: '1' }] })
      await s.cancel(3)
      const doneAs = (n: number): Ending => ({
        kind: 'completed',
        result: `"${n}"`,
        encoding: n === 33 ? 'base64' : 'json',
      })
      const operations = grants.map((grant, n) => {
        if (n === 20) return settleOf({ ...grant, leaseId: 'another' }, doneAs(n))
        if (n === 27) return { ...settleOf(grant, doneAs(n)), holder: 'w#9' }
        if (n === 41) return settleOf(grant, FAIL_FINAL)
        return { ...settleOf(grant, doneAs(n)), holder: 'w#1' }
      })
      const twice = grants.slice(0, 8).map((grant, n) => settleOf(grant, doneAs(n)))
      const outcome = await s.apply({ operations: [...operations, ...twice] })
      const stateOf = (n: number) =>
        n === 3 ? 'cancelled' : n === 20 || n === 27 ? 'running' : n === 41 ? 'failed' : 'completed'
      for (const n of all) {
        const state = stateOf(n)
        const task = await s.task(n)
        t.equal(task.state, state, `${n}`)
        t.equal(task.result, state === 'completed' ? `"${n}"` : undefined, `${n}`)
        t.match(
          outcome.operations[n],
          state === 'running' ? { status: 'stale' } : { status: 'recorded', state },
          `${n}`,
        )
      }
      for (const [n, repeated] of outcome.operations.slice(48).entries())
        t.match(repeated, { status: 'recorded', state: stateOf(n) })
      t.equal(outcome.ended.length, 46)
      t.same(await s.counts(), { 'echo cancelled': 1, 'echo completed': 44, 'echo failed': 1, 'echo running': 2 })
      const [kept] = await s.store.get([id(10)])
      t.equal(kept?.checkpoint, undefined)
    },
  )

  scenario('P5: only the current lease settles; anything else is stale and changes nothing', async (t, s) => {
    const grant = await s.running(spec(1))
    const before = await s.task(1)
    const wrong = { taskId: grant.taskId, leaseId: 'another' }
    for (const ending of [DONE, FAIL, UNDELIVERED]) {
      t.same(await s.settle(wrong, ending), { kind: 'settle', status: 'stale' })
      t.same(await s.settle({ taskId: id(9), leaseId: grant.leaseId }, ending), { kind: 'settle', status: 'stale' })
    }
    t.same(await s.task(1), before)
    await s.settle(grant, DONE)
    t.match(await s.settle(wrong, FAIL), { status: 'stale' }, 'nor afterwards')
    await s.submit(spec(2))
    t.match(await s.settle({ taskId: id(2), leaseId: grant.leaseId }, DONE), { status: 'stale' }, 'nor while it waits')
  })

  scenario('P6: the same lease is answered recorded again, and the state stays', async (t, s) => {
    const completed = await s.running(spec(1))
    await s.settle(completed, DONE)
    const { operations, ended } = await s.apply({ operations: [{ kind: 'settle', ...refOf(completed), ending: DONE }] })
    t.same(operations, [{ kind: 'settle', status: 'recorded', state: 'completed' }])
    t.same(ended, [], 'its end was told already')

    const returned = await s.running(spec(2))
    await s.settle(returned, UNDELIVERED)
    t.match(await s.settle(returned, UNDELIVERED), { status: 'recorded', state: 'pending' })
    t.equal((await s.task(2)).attempt, 0)

    const [failed] = await s.claim(1)
    await s.settle(failed!, FAIL)
    s.now += 5_000
    await s.apply({})
    const [next] = await s.claim(1)
    t.match(await s.settle(failed!, FAIL), { status: 'recorded', state: 'running' }, 'also when it runs again')
    t.match(await s.task(2), { state: 'running', leaseId: next!.leaseId })
    t.equal((await s.story(2)).length, 1)
  })

  scenario('P3, P16: a failed attempt is in the story, and is tried again not before its backoff', async (t, s) => {
    const grant = await s.running(spec(1))
    s.now += 20
    const outcome = await s.settle(grant, FAIL)
    t.match(outcome, { status: 'recorded', state: 'pending' })
    t.same(await s.story(1), [
      {
        attempt: 1,
        leaseId: grant.leaseId,
        holder: 'w#1',
        grantedAt: s.now - 20,
        endedAt: s.now,
        outcome: 'failed',
        charged: true,
        error: FAILED,
      },
    ])
    const { runAt = 0 } = outcome
    t.ok(runAt >= s.now && runAt < s.now + 1_000)
    t.match(await s.task(1), { state: 'pending', runAt, error: FAILED, attempt: 1 })
  })

  scenario('a task that completes after all has no error, but its story has', async (t, s) => {
    const grant = await s.running(spec(1))
    await s.settle(grant, FAIL)
    s.now += 5_000
    await s.apply({})
    const [again] = await s.claim(1)
    t.equal(again!.attempt, 2)
    await s.settle(again!, DONE)
    t.notOk('error' in (await s.task(1)))
    t.equal((await s.story(1)).length, 1)
  })

  scenario('P9: after maxAttempts charged attempts the task is failed, with its whole story', async (t, s) => {
    await s.submit(spec(1, { maxAttempts: 3, origin: 'client#1' }))
    for (let attempt = 1; attempt <= 3; attempt += 1) {
      await s.apply({})
      const [grant] = await s.claim(1)
      t.equal(grant!.attempt, attempt)
      const { operations, ended } = await s.apply({ operations: [{ kind: 'settle', ...refOf(grant!), ending: FAIL }] })
      t.match(operations, [{ status: 'recorded', state: attempt < 3 ? 'pending' : 'failed' }])
      if (attempt === 3) t.same(ended, [{ id: id(1), state: 'failed', origin: 'client#1', error: FAILED }])
      else t.same(ended, [])
      s.now += 400_000
    }
    t.match(await s.task(1), { state: 'failed', error: FAILED, attempt: 3 })
    t.equal((await s.story(1)).length, 3)
    t.same(await s.claim(1), [])
  })

  scenario('a final failure ends the task at its first attempt', async (t, s) => {
    const grant = await s.running(spec(1))
    t.match(await s.settle(grant, FAIL_FINAL), { status: 'recorded', state: 'failed' })
  })

  scenario('P9: what never started is undone, what was handed back is not charged', async (t, s) => {
    const undone = await s.running(spec(1))
    await s.settle(undone, UNDELIVERED)
    t.match(await s.task(1), { state: 'pending', attempt: 0, uncharged: 0 })
    t.same(await s.story(1), [])
    const [drained] = await s.claim(1)
    t.equal(drained!.attempt, 1)
    t.match(await s.settle(drained!, DRAINED), { status: 'recorded', state: 'pending', runAt: 1_000_000 })
    t.match(await s.task(1), { attempt: 1, uncharged: 1 })
    t.match(await s.story(1), [{ outcome: 'returned', charged: false, error: { code: 'returned' } }])
  })

  scenario('P9: returns stop being free after twenty', async (t, s) => {
    await s.submit(spec(1, { maxAttempts: 2 }))
    for (let n = 0; n < 22; n += 1) {
      const [grant] = await s.claim(1)
      const outcome = await s.settle(grant!, DRAINED)
      t.equal(outcome.state, n < 21 ? 'pending' : 'failed')
    }
    t.match(await s.task(1), { state: 'failed', uncharged: 20, attempt: 22, error: { code: 'lost' } })
  })

  scenario('P10: with maxAttempts 1 what may have started never runs again, what did not does', async (t, s) => {
    const undone = await s.running(spec(1, { maxAttempts: 1 }))
    await s.settle(undone, UNDELIVERED)
    const [started] = await s.claim(1)
    t.match(await s.settle(started!, DRAINED), { state: 'failed' })
    t.match(await s.task(1), { state: 'failed', error: { code: 'lost' } })
    await s.running(spec(2, { maxAttempts: 1 }), 'w#2')
    t.match(await s.expire('w#2'), { tasks: [{ id: id(2), state: 'failed' }] })
    t.match(await s.task(2), { error: { ...LOST, code: 'lost' } })
  })

  scenario('a suspect stays one', async (t, s) => {
    const grant = await s.running(spec(1))
    await s.settle(grant, { kind: 'returned', reason: 'neighbour', started: true, suspect: true })
    t.match(await s.claim(1), [{ suspect: true, attempt: 2 }])
  })

  scenario(
    'P11: the third death of its host, alone, is the end of a task; a retry by hand counts anew',
    async (t, s) => {
      const died = { kind: 'failed', final: false, error: { code: 'host_died', message: 'gone', exitCode: 3 } } as const
      await s.submit(spec(1, { maxAttempts: 1_000 }))
      const die = async (): Promise<void> => {
        s.now += 3_600_000
        const [grant] = await s.claim(1)
        await s.settle(grant!, died)
      }
      await die()
      await die()
      t.match(await s.task(1), { state: 'pending', error: { code: 'host_died' } })
      await die()
      t.match(await s.task(1), { state: 'failed', error: { code: 'poison', exitCode: 3 } })
      t.match(
        (await s.story(1)).map(({ error }) => error),
        [died.error, died.error, died.error],
      )
      await s.apply({ operations: [{ kind: 'retry', taskId: id(1) }] })
      await die()
      t.match(await s.task(1), { state: 'pending', attempt: 4 })
    },
  )

  scenario('P14: a pending task is cancelled at once and never starts', async (t, s) => {
    await s.submit(spec(1, { origin: 'client#1' }), spec(2, { delayMs: 10, expiresMs: 20 }))
    const { operations, ended, nextDueAt } = await s.apply({
      operations: [
        { kind: 'cancel', taskId: id(1) },
        { kind: 'cancel', taskId: id(2) },
        { kind: 'cancel', taskId: id(3) },
      ],
      claims: [s.claimOf(3)],
    })
    t.same(operations, [
      { kind: 'cancel', status: 'cancelled', state: 'cancelled' },
      { kind: 'cancel', status: 'cancelled', state: 'cancelled' },
      { kind: 'cancel', status: 'unknown' },
    ])
    t.same(ended, [
      { id: id(1), state: 'cancelled', origin: 'client#1' },
      { id: id(2), state: 'cancelled' },
    ])
    t.equal(nextDueAt, undefined, 'nothing waits for them any more')
    t.same(await s.cancel(1), { kind: 'cancel', status: 'ended', state: 'cancelled' })
    t.match(await s.task(1), { state: 'cancelled', endedAt: s.now })
    t.same(await s.counts(), { 'echo cancelled': 2 })
  })

  scenario('P14: a running task is cancelled when its code has ended, and no result counts any more', async (t, s) => {
    for (const [n, ending] of [
      DONE,
      FAIL,
      FAIL_FINAL,
      DRAINED,
      UNDELIVERED,
      { kind: 'cancelled' as const },
    ].entries()) {
      const grant = await s.running(spec(n))
      const cancelling = {
        kind: 'cancel',
        status: 'cancelling',
        state: 'running',
        leaseId: grant.leaseId,
        holder: 'w#1',
      }
      t.same(await s.cancel(n), cancelling)
      t.same(await s.cancel(n), cancelling)
      t.match(await s.task(n), { state: 'running', cancelRequested: true })
      t.match(await s.settle(grant, ending), { status: 'recorded', state: 'cancelled' })
      t.match(await s.settle(grant, ending), { status: 'recorded', state: 'cancelled' })
      const task = await s.task(n)
      t.notOk('result' in task)
      t.match(await s.story(n), [{ outcome: 'cancelled', charged: false }])
      t.match(await s.cancel(n), { status: 'ended', state: 'cancelled' })
    }
  })

  scenario('a cancel that came too late changes nothing', async (t, s) => {
    const grant = await s.running(spec(1))
    await s.settle(grant, DONE)
    t.same(await s.cancel(1), { kind: 'cancel', status: 'ended', state: 'completed' })
    t.match(await s.task(1), { state: 'completed', cancelRequested: false })
  })

  scenario('an end for a cancel that is not on record is a return', async (t, s) => {
    const grant = await s.running(spec(1))
    t.match(await s.settle(grant, { kind: 'cancelled' }), { status: 'recorded', state: 'pending' })
    t.match(await s.task(1), { uncharged: 1 })
  })

  scenario('one result in two batches, two results in one batch: the first counts', async (t, s) => {
    const grant = await s.running(spec(1))
    const other = { kind: 'completed', result: '"other"', encoding: 'json' } as const
    const { operations, ended } = await s.apply({
      operations: [
        { kind: 'settle', ...refOf(grant), ending: DONE },
        { kind: 'settle', ...refOf(grant), ending: other },
      ],
    })
    t.match(operations, [{ status: 'recorded' }, { status: 'recorded' }])
    t.equal(ended.length, 1)
    await s.settle(grant, other)
    t.equal((await s.task(1)).result, '"done"')
    t.same(await s.counts(), { 'echo completed': 1 })
  })
}
