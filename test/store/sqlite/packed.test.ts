// What crosses between the threads as columns comes out as it went in, in its order.
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import { pack, packBatch, packOutcome, unpack, unpackBatch, unpackOutcome } from '../../../src/store/sqlite/packed.js'
import type { Batch, Outcome } from '../../../src/store/store.js'
import { DONE, FAIL, id, spec } from '../../conformance/store/subject.js'

const cross = <Value>(value: Value): Value => structuredClone(value)

t.test('objects of any shapes', async (t) => {
  const value = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(undefined), fc.constant({ a: 1 }))
  const names = fc.constantFrom('a', 'b', 'c', 'd')
  const object = fc.uniqueArray(fc.tuple(names, value), { selector: ([name]) => name }).map(Object.fromEntries<unknown>)
  fc.assert(fc.property(fc.array(object), (objects) => isDeepStrictEqual(unpack(cross(pack(objects))), objects)))
  t.pass()
})

t.test('a batch', async (t) => {
  const settle = (n: number) => ({ taskId: id(n), leaseId: `lease ${n}` })
  const batch: Batch = {
    ...{ id: 'batch', now: 7, retried: true },
    operations: [
      { kind: 'submit', task: spec(1) },
      { kind: 'submit', task: spec(2, { priority: 3, meta: '{}' }) },
      { kind: 'settle', ...settle(3), holder: 'w#1', ending: DONE },
      { kind: 'settle', ...settle(4), ending: DONE },
      { kind: 'settle', ...settle(5), holder: 'w#1', ending: FAIL },
      { kind: 'settle', ...settle(6), holder: 'w#1', ending: DONE },
      { kind: 'cancel', taskId: id(1) },
      { kind: 'submit', task: spec(3) },
    ],
    claims: [
      {
        routes: [{ queue: 'default', type: 'echo' }],
        offers: [
          { leaseId: 'a', holder: 'w#1' },
          { leaseId: 'b', holder: 'w#1', ahead: true },
        ],
      },
      { routes: [], offers: [] },
    ],
  }
  t.same(unpackBatch(cross(packBatch(batch))), batch)
})

t.test('an outcome', async (t) => {
  const outcome: Outcome = {
    operations: [
      { kind: 'submit', status: 'accepted' },
      { kind: 'submit', status: 'existing', state: 'running' },
      { kind: 'settle', status: 'recorded', state: 'completed' },
      { kind: 'attach', live: [], stale: [{ taskId: id(1), leaseId: 'a' }], returned: 2 },
    ],
    claims: [{ grants: [] }],
    ended: [
      { id: id(1), state: 'completed', result: '1', resultEncoding: 'json' },
      { id: id(2), state: 'failed', error: { code: 'lost', message: 'gone' } },
    ],
    nextDueAt: 9,
    short: true,
  }
  t.same(unpackOutcome(cross(packOutcome(outcome))), outcome)
})
