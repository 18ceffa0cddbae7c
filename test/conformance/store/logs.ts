// What attempts said is kept with the story, bounded, and forgotten with the task (P3, P5, P23).
import { DONE, FAIL, id, refOf, type Scenario, spec } from './subject.js'

export function logScenarios(scenario: Scenario): void {
  scenario('what an attempt said is kept where it settles, of each attempt', async (t, s) => {
    const first = await s.running(spec(1))
    await s.apply({
      operations: [{ kind: 'settle', ...refOf(first), ending: FAIL, log: { at: 7, text: 'a\u0000ö\n' } }],
    })
    s.now += 60_000
    await s.apply({})
    const [second] = await s.claim(1)
    await s.apply({ operations: [{ kind: 'settle', ...refOf(second!), ending: DONE, log: { at: 0, text: 'b' } }] })
    const { logs, more } = await s.store.logs(id(1))
    t.match(logs, [
      { attempt: 1, leaseId: first.leaseId, endedAt: s.now - 60_000, at: 7, text: 'a\u0000ö\n' },
      { attempt: 2, leaseId: second!.leaseId, endedAt: s.now, at: 0, text: 'b' },
    ])
    t.equal(more, false)
    t.match(await s.store.logs(id(1), logs[0]!.seq), { logs: [{ attempt: 2 }] })
    t.match(await s.task(1), { state: 'completed', result: '"done"' })
    t.same((await s.store.logs(id(2))).logs, [])
  })

  scenario(
    'P5: what a stale settlement says is not kept; nor is it twice where a batch is applied again',
    async (t, s) => {
      const grant = await s.running(spec(1))
      const log = { at: 0, text: 'said' }
      const stale = { kind: 'settle', taskId: grant.taskId, leaseId: 'another', ending: DONE, log } as const
      const other = { kind: 'settle', ...refOf(grant), holder: 'w#2', ending: DONE, log } as const
      await s.apply({ operations: [stale, other] })
      t.same((await s.store.logs(id(1))).logs, [])
      const operations = [{ kind: 'settle', ...refOf(grant), ending: DONE, log }] as const
      await s.apply({ operations })
      await s.apply({ operations, retried: true })
      await s.apply({ operations })
      t.match((await s.store.logs(id(1))).logs, [{ text: 'said' }])
      t.equal((await s.store.logs(id(1))).logs.length, 1)
    },
  )

  scenario('many are told page by page', async (t, s) => {
    for (let attempt = 1; attempt <= 20; attempt += 1) {
      if (attempt === 1) await s.submit(spec(1, { maxAttempts: 100 }))
      const [grant] = await s.claim(1)
      const log = { at: 0, text: `${attempt}` }
      await s.apply({ operations: [{ kind: 'settle', ...refOf(grant!), ending: FAIL, log }] })
      s.now += 600_000
      await s.apply({})
    }
    const texts: string[] = []
    for (let after: number | undefined, more = true; more; ) {
      const page = await s.store.logs(id(1), after)
      texts.push(...page.logs.map(({ text }) => text))
      t.ok(page.logs.length > 0 && page.logs.length < 20)
      after = page.logs.at(-1)?.seq
      more = page.more
    }
    t.same(
      texts,
      Array.from({ length: 20 }, (_, index) => `${index + 1}`),
    )
  })

  scenario(
    'of all together so many bytes are kept, the newest; and none of a task that is forgotten',
    async (t, s) => {
      const text = 'ö'.repeat(100)
      for (let n = 1; n <= 10; n += 1) {
        const grant = await s.running(spec(n))
        await s.apply({ operations: [{ kind: 'settle', ...refOf(grant), ending: DONE, log: { at: 0, text } }] })
      }
      const kept = async () => {
        const each = await Promise.all(Array.from({ length: 10 }, (_, index) => s.store.logs(id(index + 1))))
        return each.flatMap(({ logs }, index) => (logs.length > 0 ? [index + 1] : []))
      }
      t.same(await kept(), [6, 7, 8, 9, 10], 'of 1,000 bytes each takes 200')
      s.now += 10
      const never = s.now - 1_000_000_000
      const prune = {
        kind: 'prune',
        completedBefore: never,
        failedBefore: never,
        keptMax: 3,
        keptBytesMax: 1e9,
      } as const
      await s.apply({ operations: [{ ...prune, limit: 100 }] })
      t.same(await kept(), [8, 9, 10])
      const grant = await s.running(spec(1))
      await s.apply({ operations: [{ kind: 'settle', ...refOf(grant), ending: DONE, log: { at: 0, text } }] })
      t.same(await kept(), [1, 8, 9, 10], 'their room is free again')
    },
    { pendingMax: 100, logBytesMax: 1_000 },
  )
}
