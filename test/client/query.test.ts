// Which tasks a person asks for, as the filter of the protocol; and groups of failures that come in several answers.
import t from 'tap'
import { filterOf, JoinedFailures, type TaskQuery } from '../../src/client/query.js'
import type { FailureField } from '../../src/protocol/messages.js'

const NOW = 1_800_000_000_000

t.test('what is written becomes a filter, and what is not named is not in it', async (t) => {
  t.same(filterOf({}, NOW), {})
  t.same(filterOf({ states: undefined, since: undefined }, NOW), {})
  t.same(filterOf({ states: 'failed', types: 'resize', queues: ['a', 'b'] }, NOW), {
    states: ['failed'],
    types: ['resize'],
    queues: ['a', 'b'],
  })
  t.same(filterOf({ states: ['failed', 'pending', 'failed'] }, NOW), { states: ['failed', 'pending'] })
})

t.test('a moment is a date, or so long ago; before the beginning is the beginning', async (t) => {
  t.same(filterOf({ since: '1h', before: new Date(NOW - 60_000) }, NOW), {
    createdSince: NOW - 3_600_000,
    createdBefore: NOW - 60_000,
  })
  t.same(filterOf({ endedSince: '7d', endedBefore: '1s' }, NOW), {
    endedSince: NOW - 7 * 86_400_000,
    endedBefore: NOW - 1_000,
  })
  t.same(filterOf({ since: '99999d' }, NOW), { createdSince: 0 })
})

t.test('bad input is told by the name of its field', async (t) => {
  const refused: readonly (readonly [RegExp, unknown])[] = [
    [/^unknown field state; did you mean states\?$/, { state: 'failed' }],
    [/^states: "done" is none of pending, running/, { states: ['done'] }],
    [/^since: "yesterday" is not a duration/, { since: 'yesterday' }],
    [/^before: is no valid date/, { before: new Date('x') }],
    [/^since: /, { since: 5 }],
    [/^states: /, { states: 5 }],
    [/^types: /, { types: [5] }],
    [/^types: /, { types: { a: 1 } }],
    [/^queues: /, { queues: [''] }],
    [/^failure: /, { failure: 'x'.repeat(1_000) }],
    [/^query: "failed" is not an object/, 'failed'],
  ]
  for (const [message, query] of refused) {
    t.throws(() => filterOf(query as TaskQuery, NOW), { code: 'bad_input', message }, String(message))
  }
})

const group = (key: string, about: Partial<FailureField> = {}): FailureField => ({
  ...{
    key,
    type: 'echo',
    code: 'task_failed',
    message: key,
    count: 1,
    firstAt: 10,
    lastAt: 20,
    examples: [`${key}-1`],
  },
  ...about,
})

t.test('groups of several answers are one, with the newest message and three examples', async (t) => {
  const joined = new JoinedFailures()
  joined.add([group('a', { message: 'newest', count: 2, examples: ['1', '2'] }), group('b')])
  joined.add([group('a', { message: 'older', count: 5, firstAt: 1, lastAt: 9, examples: ['3', '4'] })])
  t.same(joined.all, [
    group('a', { message: 'newest', count: 7, firstAt: 1, lastAt: 20, examples: ['1', '2', '3'] }),
    group('b'),
  ])
})

t.test('however many kinds there are, a thousand are kept, and those are counted to the end', async (t) => {
  const joined = new JoinedFailures()
  joined.add(Array.from({ length: 1_500 }, (_, index) => group(String(index))))
  joined.add([group('0'), group('1400')])
  t.equal(joined.all.length, 1_000)
  t.match(joined.all[0], { key: '0', count: 2 })
})
