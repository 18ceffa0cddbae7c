// What voters are worth, counted anew from outside: by the votes and verdicts of tasks alone, and by nothing that the store keeps of
// whoever cast them.
import fc, { type Arbitrary } from 'fast-check'
import { openStore } from '../../src/store/open.js'
import type { Claim, Operation, PollRecord } from '../../src/store/store.js'
import { readVoteRule } from '../../src/task/quorum.js'
import { holds, same } from './holds.js'

const NAMES = ['a', 'b', 'c'] as const
const RULE = readVoteRule({ replicas: 'auto' })
const TRUSTED = 10

interface Draw {
  /** Who asks first. */
  readonly first: number
  /** Who lies, where it is one of the three: now and then somebody. */
  readonly liar: number
  /** The outcome of each of its batches is lost, and it is applied again. */
  readonly lost: boolean
}

const DRAWS: Arbitrary<readonly Draw[]> = fc.array(
  fc.record({ first: fc.nat(2), liar: fc.nat(60), lost: fc.nat(5).map((n) => n === 0) }),
  {
    minLength: 60,
    maxLength: 120,
  },
)

interface Counted {
  matched: number
  wrong: number
  alone: number
  streak: number
}

let alone = 0
let checkedTrusted = 0

/** Of a task that was agreed on. */
function count(records: Map<string, Counted>, { replicas, checked }: PollRecord): void {
  const cast = replicas.filter(({ state }) => state === 'cast')
  const agreeing = cast.filter(({ agreed }) => agreed === true)
  const proven = agreeing.length > 1
  const [first] = cast
  const before = records.get(first!.voter!)?.streak ?? 0
  if (!proven && before < TRUSTED) throw new Error(`${first!.voter} was believed with a streak of ${before}`)
  if (proven !== (checked === true)) throw new Error('it was checked, and not')
  if (proven && agreeing.length < RULE.quorum) throw new Error(`${agreeing.length} agreed`)
  if (!proven) alone += 1
  else if (before >= TRUSTED) checkedTrusted += 1
  for (const { voter = '', agreed } of cast) {
    const record = records.get(voter) ?? { matched: 0, wrong: 0, alone: 0, streak: 0 }
    records.set(voter, record)
    record.streak = agreed === false ? 0 : record.streak + (proven ? 1 : 0)
    record[agreed === false ? 'wrong' : proven ? 'matched' : 'alone'] += 1
  }
}

holds(
  'through lies and lost outcomes each record is what the verdicts make of it, and who is believed alone had earned it',
  fc.asyncProperty(DRAWS, async (draws) => {
    const store = await openStore({ kind: 'memory', limits: { pendingMax: 1_000 } })
    let batches = 0
    const apply = async (lost: boolean, operations: readonly Operation[], claims: readonly Claim[] = []) => {
      batches += 1
      const batch = { id: `batch ${batches}`, now: 1_000 + batches, operations, claims, retried: false }
      if (lost) await store.apply(batch)
      return store.apply({ ...batch, retried: lost })
    }
    const records = new Map<string, Counted>()
    for (const [index, { first, liar, lost }] of draws.entries()) {
      const id = `00000000-0000-7000-8000-${String(index).padStart(12, '0')}`
      const task = {
        id,
        queue: 'default',
        type: 'echo',
        payload: '1',
        encoding: 'json',
        priority: 0,
        vote: RULE,
      } as const
      await apply(lost, [{ kind: 'submit', task }])
      for (let asked = 0; asked < NAMES.length; asked += 1) {
        const who = (first + asked) % NAMES.length
        const offers = [{ leaseId: `lease ${index}.${asked}`, holder: `${NAMES[who]}#1` }]
        const { claims } = await apply(lost, [], [{ routes: [{ queue: 'default', type: 'echo' }], offers }])
        const [grant] = claims[0]!.grants
        if (grant === undefined) break
        const result = who === liar ? 'false' : 'true'
        const ending = { kind: 'completed', result, encoding: 'json' } as const
        await apply(lost, [{ kind: 'settle', taskId: grant.taskId, leaseId: grant.leaseId, ending }])
      }
      const [found] = await store.get([id])
      if (found!.task.state !== 'completed') throw new Error(`task ${index} is ${found!.task.state}`)
      count(records, found!.poll!)
    }
    const told = (await store.reputations()).records.map(({ voter, matched, wrong, alone, streak }) => [
      ...[voter, matched, wrong, alone, streak],
    ])
    const counted = [...records].map(([voter, { matched, wrong, alone, streak }]) => [
      voter,
      matched,
      wrong,
      alone,
      streak,
    ])
    same(told.map(String).sort(), counted.map(String).sort())
    await store.close()
  }),
  20,
  (t) => {
    t.ok(alone > 100, `${alone} were believed alone`)
    t.ok(checkedTrusted > 10, `${checkedTrusted} were checked although they were trusted`)
  },
)
