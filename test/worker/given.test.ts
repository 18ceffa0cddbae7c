// What goes between a worker and its host in few words: attempts as columns, and numbers in place of leases.
import t from 'tap'
import { DtrError } from '../../src/errors.js'
import type { AttemptInput } from '../../src/runner/runner.js'
import { attemptsOf, columnsOf } from '../../src/worker/host/attempt-columns.js'
import { readHostRow } from '../../src/worker/host/from-host.js'
import { Given } from '../../src/worker/host/given.js'

const attempt = (n: number, other: Partial<AttemptInput> = {}): AttemptInput => ({
  ...{ taskId: `task-${n}`, leaseId: `lease-${n}`, type: 'a', queue: 'default', payload: `${n}`, encoding: 'json' },
  ...{ attempt: 1, maxAttempts: 3, ...other },
})
const given = (...leases: string[]): Given => {
  const all = new Given()
  all.add(leases.map((leaseId) => ({ leaseId })))
  return all
}
const began = (epoch: number, upTo: number) => ({ type: 'began', epoch, upTo }) as const
const ended = (...nths: number[]) =>
  ({ type: 'outcomes', nths, tookMs: nths.map(() => 1), outcomes: nths.map((nth) => `${nth}`) }) as const
const refused = (run: () => unknown) => t.throws(run, { name: DtrError.name, code: 'protocol' })

t.test('attempts arrive as they left, whatever they share', async (t) => {
  const lists = [
    [],
    [attempt(1)],
    [attempt(1, { meta: '' }), attempt(2, { meta: '' })],
    [attempt(1), attempt(2, { type: 'b', queue: 'q', encoding: 'base64', attempt: 2, maxAttempts: 1 }), attempt(3)],
    [attempt(1), attempt(2, { meta: 'm' }), attempt(3, { checkpoint: '{}' }), attempt(4, { ballot: true })],
  ]
  for (const list of lists) t.strictSame(attemptsOf(JSON.parse(JSON.stringify(columnsOf(list)))), list)
})

t.test('numbers stand for leases, in the order of what was given', async (t) => {
  const all = given('a', 'b', 'c')
  t.same(all.understand(began(1, 2)), { type: 'began', leaseIds: ['a', 'b'] })
  all.add([{ leaseId: 'd' }])
  t.same(all.understand(began(1, 4)), { type: 'began', leaseIds: ['c', 'd'] })
  const list = ['d', 'a'].map((leaseId) => ({ leaseId, tookMs: 1 }))
  const outcomes = ['4', '1'].map((result) => ({ kind: 'completed', result, encoding: 'json' }))
  t.same(all.understand(ended(4, 1)), {
    type: 'outcomes',
    list: list.map((one, index) => ({ ...one, outcome: outcomes[index] })),
  })
})

t.test(
  'a `began` that a recall has overtaken is about those that had begun, and about none that came since',
  async (t) => {
    const all = given('a', 'b', 'c', 'd')
    all.understand(began(1, 1))
    all.recalled({ epoch: 1, begun: 2 })
    all.add([{ leaseId: 'e' }])
    t.same(all.understand(began(1, 4)), { type: 'began', leaseIds: ['b'] })
    t.same(all.understand(began(2, 3)), { type: 'began', leaseIds: ['e'] })
    t.match(all.understand(ended(2, 3)), { list: [{ leaseId: 'b' }, { leaseId: 'e' }] })
  },
)

t.test('what was told to begin and was taken back is not under way', async () => {
  const all = given('a', 'b')
  all.understand(began(1, 2))
  all.recalled({ epoch: 1, begun: 1 })
  refused(() => all.understand(ended(2)))
})

t.test('what is not under way is refused: never given, not begun, or ended', async () => {
  refused(() => given('a').understand(began(1, 2)))
  refused(() => given('a').understand(ended(1)))
  refused(() => given().understand(ended(0)))
  const all = given('a')
  all.understand(began(1, 1))
  refused(() => all.understand({ ...ended(1), tookMs: [] }))
  all.understand(ended(1))
  refused(() => all.understand(ended(1)))
})

t.test('no host of ours says what is not named, however deep it stands', async (t) => {
  t.ok(readHostRow(ended(1)))
  refused(() => readHostRow({ ...ended(1), more: 1 }))
  const error = { code: 'task_failed', message: 'no' }
  const failed = (more: object) => ({
    ...ended(1),
    outcomes: [{ kind: 'failed', error: { ...error, ...more }, final: false }],
  })
  t.ok(readHostRow(failed({ stack: 'at' })))
  refused(() => readHostRow(failed({ more: [] })))
  refused(() => readHostRow(failed(JSON.parse('{ "__proto__": {} }'))))
  refused(() => readHostRow(began(1, -1)))
})
