import t from 'tap'
import { type Waiter, Waiters } from '../../src/client/waiters.js'

t.test('all who wait for a key are told, once, and nobody else', async (t) => {
  const waiters = new Waiters<string, number>()
  const told: string[] = []
  const waiter = (name: string): Waiter<number> => ({
    resolve: (value) => told.push(`${name} ${value}`),
    reject: (error) => told.push(`${name} ${error.message}`),
  })
  for (const name of ['a', 'b', 'c']) waiters.add('key', waiter(name))
  waiters.add('other', waiter('d'))
  const promise = waiters.promise('key')
  waiters.resolve('key', 7)
  waiters.resolve('key', 8)
  t.same(told, ['a 7', 'b 7', 'c 7'])
  t.equal(await promise, 7)
  waiters.rejectAll(new Error('over'))
  t.same(told.slice(3), ['d over'])
})

t.test('a rejection that nobody looks at is no crash', async (t) => {
  const waiters = new Waiters<string, number>()
  waiters.promise('key')
  waiters.reject('key', new Error('over'))
  await new Promise((resolve) => setImmediate(resolve))
  t.pass('still here')
})
