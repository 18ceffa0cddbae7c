// The text of a key: found by scanners, typos found, and never repeated (P29).
import t from 'tap'
import { makeAccessKey, readAccessKey, verifierOf } from '../../src/protocol/access-key.js'

const CLUSTER = 'cb1754a976be7ede'

t.test('a key is read as it was made, with white space around it', async (t) => {
  const text = makeAccessKey(CLUSTER)
  t.match(text, /^dtr_cb1754a976be7ede_[0-9a-f]{12}_[0-9A-Za-z]{43}[0-9a-f]{8}$/)
  const key = readAccessKey(` ${text}\n`)
  t.equal(key.cluster, CLUSTER)
  t.equal(text.split('_')[2], key.id)
  t.same(verifierOf(key), verifierOf(readAccessKey(text)))
  const others = Array.from({ length: 200 }, () => makeAccessKey(CLUSTER))
  t.equal(new Set(others.map((other) => readAccessKey(other).id)).size, others.length)
  t.equal(new Set(others.map((other) => verifierOf(readAccessKey(other)).storedKey)).size, others.length)
})

t.test('one sign that is wrong, missing or added is found, and no error tells the key', async (t) => {
  const text = makeAccessKey(CLUSTER)
  for (let at = 0; at < text.length; at += 1) {
    const other = text[at] === 'a' ? 'b' : 'a'
    for (const wrong of [
      `${text.slice(0, at)}${other}${text.slice(at + 1)}`,
      text.slice(0, at) + text.slice(at + 1),
      `${text.slice(0, at)}a${text.slice(at)}`,
    ]) {
      try {
        readAccessKey(wrong)
        t.fail(`read although sign ${at} is wrong`)
      } catch (error) {
        t.match(error, { code: 'bad_input' })
        t.notOk(`${error} ${(error as { hint?: string }).hint}`.includes(text.slice(34, 60)), `sign ${at}`)
      }
    }
  }
  t.throws(() => readAccessKey(undefined as unknown as string), { code: 'bad_input' })
})
