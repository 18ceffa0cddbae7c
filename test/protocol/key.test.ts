import { createHmac } from 'node:crypto'
import t from 'tap'
import { makeSecret, readKey } from '../../src/protocol/key.js'

t.test('64 hex digits are the secret itself', async (t) => {
  const text = makeSecret()
  t.match(text, /^[0-9a-f]{64}$/)
  t.not(text, makeSecret())
  const key = readKey(`  ${text}\n`)
  t.equal(key.secret.toString('hex'), text)
  t.same(readKey(text.toUpperCase()), key)
  const derived = (label: string): string => createHmac('sha256', key.secret).update(label).digest('hex')
  t.equal(key.cluster, derived('dtr cluster').slice(0, 16))
  t.equal(key.id, derived('dtr key id').slice(0, 8))
})

t.test('any other text of 32 characters is hashed to 256 bits', async (t) => {
  const key = readKey('a pass phrase of enough characters, ü')
  t.equal(key.secret.length, 32)
  t.not(key.cluster, readKey('a pass phrase of enough characters, u').cluster)
})

t.test('a short one is refused, and not repeated', async (t) => {
  const text = 'x'.repeat(31)
  t.throws(() => readKey(text), { code: 'bad_input', message: /31 characters, and at least 32/ })
  try {
    readKey(text)
  } catch (error) {
    t.notMatch(`${(error as Error).message} ${(error as { hint: string }).hint}`, text)
  }
})
