import t from 'tap'
import { failureKey, failurePattern } from '../../src/task/failure.js'

const SAME: readonly (readonly [string, string])[] = [
  ['file 17 not found', 'file 18 not found'],
  ["ENOENT: no such file or directory, open '/a/b.png'", "ENOENT: no such file or directory, open '/c d/e.png'"],
  ['cannot reach http://10.0.0.1:80/x', 'cannot reach https://example.org/y?z=1'],
  ['user 0197c2f0-5f0e-7c3a-9d35-0c8f6b1a2e4d is gone', 'user 0297c2f0-5f0e-7c3a-9d35-0c8f6b1a2e4e is gone'],
  ['no commit deadbeef1', 'no commit 0123456789abcdef'],
  ["can't open 'a b' and it isn't there", "can't open 'c' and it isn't there"],
  ["open '/it's here/b': no", "open '/x': no"],
  ["keys 'a','b' are missing", "keys 'c','d' are missing"],
  ['took 1.5 s', 'took 12.75 s'],
  ['it broke\n  at line 1', 'it broke\n  somewhere else'],
]

t.test('what is one task’s own is left out', async (t) => {
  for (const [one, other] of SAME) {
    const error = (message: string) => ({ code: 'task_failed', message }) as const
    t.equal(failureKey('echo', error(one)), failureKey('echo', error(other)), `${one} | ${other}`)
  }
})

t.test('what differs in words, type or code stays apart', async (t) => {
  const keys = [
    failureKey('echo', { code: 'task_failed', message: 'no room' }),
    failureKey('echo', { code: 'task_failed', message: 'no time' }),
    failureKey('other', { code: 'task_failed', message: 'no room' }),
    failureKey('echo', { code: 'timeout', message: 'no room' }),
    failureKey('echo', undefined),
  ]
  t.equal(new Set(keys).size, keys.length)
})

t.test('an apostrophe is no quote: what stands between two is told apart', async (t) => {
  t.equal(failurePattern("can't read it, it isn't there"), "can't read it, it isn't there")
  t.equal(failurePattern("l'été n'est pas là"), "l'été n'est pas là")
  t.equal(failurePattern("the users' file isn't 'x'"), "the users' file isn't …")
})

t.test('a message of any kind and length is a short key', async (t) => {
  for (const message of [
    '',
    '\u0000',
    '"'.repeat(4_000),
    "'".repeat(4_000),
    " 'a".repeat(2_000),
    '/'.repeat(4_000),
    'a'.repeat(4_000),
    '\ud800',
    '1'.repeat(4_000),
  ]) {
    t.match(failureKey('echo', { code: 'task_failed', message }), /^[0-9a-f]{10}$/)
    t.ok(failurePattern(message).length <= 500)
  }
})
