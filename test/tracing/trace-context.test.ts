// W3C trace context: what is taken for one, and how it lives beside what users have in `meta`.
import fc from 'fast-check'
import t from 'tap'
import { META_CHARS_MAX } from '../../src/protocol/limits.js'
import { contextIn, contextOf, metaWith, metaWithout } from '../../src/tracing/trace-context.js'

const IDS = '4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7'
const PARENT = `00-${IDS}-01`

t.test('a traceparent is taken as the recommendation says, and nothing else is', async (t) => {
  t.same(contextOf(PARENT), { traceparent: PARENT })
  t.same(contextOf(`00-${IDS}-00`), { traceparent: `00-${IDS}-00` })
  t.same(contextOf(`00-${IDS}-ff`), { traceparent: PARENT }, 'flags that nobody knows yet are left out')
  t.same(contextOf(`01-${IDS}-01-later`), { traceparent: PARENT }, 'a later version may say more')
  t.same(contextOf(PARENT, 'a=1,b=2'), { traceparent: PARENT, tracestate: 'a=1,b=2' })
  for (const state of ['', 'a=1\nb=2', 'ü=1', 'x'.repeat(513), 7])
    t.same(contextOf(PARENT, state), { traceparent: PARENT })
  const refused = [
    undefined,
    7,
    '',
    `00-${IDS}`,
    `ff-${IDS}-01`,
    `${PARENT}-more`,
    PARENT.toUpperCase(),
    `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`,
    `00-4bf92f3577b34da6a3ce929d0e0e4736-${'0'.repeat(16)}-01`,
    `01-${IDS}-01-${'x'.repeat(1_000)}`,
    `${PARENT}, ${PARENT}`,
  ]
  for (const text of refused) t.equal(contextOf(text), undefined, String(text))
})

t.test('a meta with a context is JSON that says both, and gives back what its user wrote', async (t) => {
  const states = fc.option(fc.string({ minLength: 1, maxLength: 40 }), { nil: undefined })
  const metas = fc.option(fc.dictionary(fc.string(), fc.jsonValue()), { nil: undefined })
  fc.assert(
    fc.property(metas, states, (value, state) => {
      const own = value === undefined ? undefined : JSON.stringify(value)
      const context = contextOf(PARENT, state)!
      const meta = metaWith(own, context)!
      t.same(contextIn(meta), value !== undefined && Object.hasOwn(value, 'traceparent') ? undefined : context)
      return metaWithout(meta) === own
    }),
  )
  t.equal(metaWithout('{"mine":1}'), '{"mine":1}')
  t.equal(metaWithout('no object'), 'no object')
})

t.test('what a user wrote stays, also where it is a context or leaves no room', async (t) => {
  const own = JSON.stringify({ traceparent: PARENT.replace(/01$/, '00'), mine: 1 })
  t.equal(metaWith(own, { traceparent: PARENT }), own)
  t.equal(metaWithout(own), own, 'it is the meta of the user')
  t.same(contextIn(own), { traceparent: `00-${IDS}-00` }, 'and the context')
  const full = JSON.stringify({ text: 'x'.repeat(META_CHARS_MAX - 20) })
  t.equal(metaWith(full, { traceparent: PARENT }), full)
  t.equal(metaWith('"a date"', { traceparent: PARENT }), '"a date"')
})

t.test('a meta of anybody is read without trust', async (t) => {
  for (const meta of ['', '{', '"traceparent"', '["traceparent"]', '{"traceparent":1}', '{"traceparent":"00-x"}']) {
    t.equal(contextIn(meta), undefined, meta)
  }
})
