// How far an attempt has come: fenced by its lease (P5), and there for the next attempt until the task has completed.
import type { CheckpointOperation, LeaseRef } from '../../../src/store/store.js'
import { DONE, DRAINED, FAIL, FAIL_FINAL, id, type Scenario, type Subject, settleOf, spec } from './subject.js'

function keepOf({ taskId, leaseId }: LeaseRef, value: string, holder?: string): CheckpointOperation {
  return { kind: 'checkpoint', taskId, leaseId, value, ...(holder !== undefined && { holder }) }
}

async function again(s: Subject) {
  s.now += 400_000
  const [grant] = await s.claim(1)
  return grant!
}

async function keptOf(s: Subject, n: number): Promise<string | undefined> {
  const [found] = await s.store.get([id(n)])
  return found?.checkpoint
}

export function checkpointScenarios(scenario: Scenario): void {
  scenario('the next attempt is granted with the last checkpoint, the first one with none', async (t, s) => {
    const first = await s.running(spec(1))
    t.notOk('checkpoint' in first)
    t.same(await s.one(keepOf(first, '{"at":1}', 'w#1')), { kind: 'checkpoint', status: 'recorded' })
    t.same(await s.one(keepOf(first, '"\\u0000\u{1f600}"')), { kind: 'checkpoint', status: 'recorded' })
    t.equal(await keptOf(s, 1), '"\\u0000\u{1f600}"')
    await s.settle(first, FAIL)
    const second = await again(s)
    t.match(second, { attempt: 2, checkpoint: '"\\u0000\u{1f600}"' })
    await s.settle(second, DRAINED)
    t.match(await again(s), { attempt: 3, checkpoint: '"\\u0000\u{1f600}"' }, 'also where the second kept nothing')
  })

  scenario('P5: a stale checkpoint is refused and changes nothing', async (t, s) => {
    const old = await s.running(spec(1))
    await s.one(keepOf(old, '1'))
    await s.expire('w#1')
    const stale = { kind: 'checkpoint', status: 'stale' } as const
    t.same(await s.one(keepOf(old, '2')), stale, 'of a lease that was given up')
    const now = await again(s)
    t.equal(now.checkpoint, '1')
    t.same(await s.one(keepOf(old, '3')), stale)
    t.same(await s.one(keepOf(now, '4', 'w#2')), stale, 'of a worker that does not hold it')
    t.same(await s.one(keepOf({ taskId: id(2), leaseId: now.leaseId }, '5')), stale, 'of a task that is not there')
    t.equal(await keptOf(s, 1), '1')
    await s.settle(now, DONE)
    t.same(await s.one(keepOf(now, '6')), stale, 'of a task that has completed')
    t.equal(await keptOf(s, 1), undefined)
  })

  scenario(
    'a task that has completed has none, whichever attempt it was, also after a cancel came too late',
    async (t, s) => {
      const first = await s.running(spec(1))
      await s.one(keepOf(first, '1'))
      await s.settle(first, DONE)
      const failing = await s.running(spec(2))
      await s.one(keepOf(failing, '2'))
      await s.settle(failing, FAIL)
      await s.settle(await again(s), DONE)
      await s.cancel(2)
      t.same([await keptOf(s, 1), await keptOf(s, 2)], [undefined, undefined])
    },
  )

  scenario('it is there for a retry by hand, also of a task that was cancelled while it ran', async (t, s) => {
    const failing = await s.running(spec(1))
    await s.one(keepOf(failing, '1'))
    await s.settle(failing, FAIL_FINAL)
    await s.retry(1)
    t.match(await again(s), { attempt: 2, checkpoint: '1' })
    const cancelled = await s.running(spec(2))
    await s.cancel(2)
    t.match(
      await s.one(keepOf(cancelled, '2')),
      { status: 'recorded' },
      'code that is told to end may say how far it came',
    )
    await s.settle(cancelled, { kind: 'cancelled' })
    await s.retry(2)
    t.match(await again(s), { taskId: id(2), attempt: 2, checkpoint: '2' })
  })

  scenario('it is forgotten with its task: the same id anew begins without it', async (t, s) => {
    const failing = await s.running(spec(1))
    await s.one(keepOf(failing, '1'))
    await s.settle(failing, FAIL_FINAL)
    s.now += 10
    const limits = { completedBefore: s.now, failedBefore: s.now, keptMax: 9, keptBytesMax: 999, limit: 9 }
    t.match(await s.one({ kind: 'prune', ...limits }), { pruned: 1 })
    await s.settle(await s.running(spec(1)), FAIL)
    t.notOk('checkpoint' in (await again(s)))
  })

  scenario('retried: a checkpoint is answered as it was, also where its attempt ended behind it', async (t, s) => {
    const goesOn = await s.running(spec(1))
    const fails = await s.running(spec(2))
    const completes = await s.running(spec(3))
    const stale = await s.running(spec(4))
    await s.settle(stale, FAIL_FINAL)
    const operations = [
      keepOf(goesOn, '1'),
      keepOf(fails, '2'),
      settleOf(fails, FAIL),
      keepOf(completes, '3'),
      settleOf(completes, DONE),
      keepOf(stale, '4'),
    ]
    const first = await s.apply({ operations })
    const second = await s.apply({ operations, retried: true })
    t.same(second.operations, first.operations)
    t.same(
      first.operations.map((outcome) => (outcome.kind === 'checkpoint' ? outcome.status : undefined)),
      ['recorded', 'recorded', undefined, 'recorded', undefined, 'stale'],
    )
    t.same(
      [await keptOf(s, 1), await keptOf(s, 2), await keptOf(s, 3), await keptOf(s, 4)],
      ['1', '2', undefined, undefined],
    )
    const grant = { claims: [s.claimOf(1)] }
    s.now += 400_000
    const granted = await s.apply(grant)
    t.match(granted.claims[0]!.grants, [{ taskId: id(2), checkpoint: '2' }])
    t.same((await s.apply({ ...grant, retried: true })).claims, granted.claims, 'and so is a grant with one')
  })
}
