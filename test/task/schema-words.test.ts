// Mistyped words of a schema are refused where they are words, and nowhere else.
import t from 'tap'
import Type from 'typebox'
import { wrongWord } from '../../src/task/schema-words.js'

t.test('a word that is none is told with its place and what was meant', async (t) => {
  t.same(wrongWord({ type: 'object', propeties: {} }), {
    path: ['propeties'],
    why: 'the unknown keyword "propeties" (did you mean properties?)',
  })
  const deep = { properties: { size: { anyOf: [{ type: 'null' }, { items: { minmum: 3 } }] } } }
  t.same(wrongWord(deep)?.path, ['properties', 'size', 'anyOf', '1', 'items', 'minmum'])
  t.same(wrongWord({ flavour: 1 }), { path: ['flavour'], why: 'the unknown keyword "flavour"' })
})

t.test('so is a type that is none: it would let everything through', async (t) => {
  t.match(wrongWord({ type: 'strng' })?.why, 'the unknown type "strng" (did you mean string?)')
  t.match(wrongWord({ type: ['null', 'int'] })?.why, 'the unknown type "int"')
  t.match(wrongWord({ type: 3 })?.why, 'the unknown type "3"')
})

t.test('names and data may be anything, remarks begin with x-, and schemas of libraries are theirs', async (t) => {
  const fine = [
    { properties: { propeties: { type: 'string' } }, $defs: { typ: true } },
    { const: { typ: 1 }, default: { typ: 1 }, examples: [{ typ: 1 }], 'x-mine': { typ: 1 } },
    { type: ['string', 'null'], nullable: true, additionalProperties: false },
    { properties: { when: Type.Object({ at: Type.Any() }), big: Type.BigInt() } },
    { '~standard': { validate() {} }, typ: 1 },
  ]
  for (const schema of fine) t.equal(wrongWord(schema), undefined)
})
