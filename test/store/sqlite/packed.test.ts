// What crosses between the threads as columns comes out as it went in, in its order.
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import { pack, packBatch, packOutcome, unpack, unpackBatch, unpackOutcome } from '../../../src/store/sqlite/packed.js'
import type { Batch, Outcome } from '../../../src/store/store.js'
import type { Ending } from '../../../src/task/task.js'
import { DONE, FAIL, id, spec } from '../../conformance/store/subject.js'

const cross = <Value>(value: Value): Value => structuredClone(value)

t.test('objects of any shapes', async (t) => {
  const value = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(undefined), fc.constant({ a: 1 }))
  const names = fc.constantFrom('a', 'b', 'c', 'd')
  const object = fc.uniqueArray(fc.tuple(names, value), { selector: ([name]) => name }).map(Object.fromEntries<unknown>)
  fc.assert(fc.property(fc.array(object), (objects) => isDeepStrictEqual(unpack(cross(pack(objects))), objects)))
  t.pass()
})

t.test('one object many times, and few texts in many objects', async (t) => {
  const shared = [{ a: 1 }, { a: 'x' }, { b: 'x' }]
  const objects = fc.oneof(
    fc.array(fc.constantFrom(...shared)),
    fc.array(fc.tuple(fc.constantFrom('x', 'y', 'z'), fc.constantFrom('x', 1)).map(([a, b]) => ({ a, b }))),
  )
  const holds = (list: object[]) => isDeepStrictEqual(unpack(cross(pack(list))), list)
  fc.assert(fc.property(objects, holds))
  const names = Array.from({ length: 30 }, (_, n) => `worker ${n}`)
  t.ok([1, 2, 16, 17, 30].every((few) => holds(Array.from({ length: 100 }, (_, n) => ({ a: names[n % few] })))))
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
      { kind: 'settle', ...settle(7), holder: 'w#1', ending: { ...DONE, ballot: '1' } as Ending },
      { kind: 'submit', task: spec(8) },
      { kind: 'settle', ...settle(9), holder: 'w#1', ending: DONE },
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
