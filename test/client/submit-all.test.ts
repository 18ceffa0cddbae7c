// Many submits at once, by those who leave: against a client that the test answers for.
import t from 'tap'
import { type Answered, type SubmitOne, submitAll } from '../../src/client/submit-all.js'
import { DtrError } from '../../src/errors.js'

/** What was submitted, and how to answer it. */
class Fake {
  readonly payloads: unknown[] = []
  readonly answers: Answered[] = []
  #waiting: { readonly count: number; wake(): void }[] = []

  submit: SubmitOne = (payload, index, answered) => {
    if (payload === 'large') throw new DtrError('too_large', 'payload: is too large')
    this.payloads.push(payload)
    this.answers.push(answered)
    for (const { count, wake } of this.#waiting) if (this.payloads.length >= count) wake()
    return `id-${index}`
  }

  async untilSubmitted(count: number): Promise<void> {
    if (this.payloads.length >= count) return
    await new Promise<void>((resolve) => this.#waiting.push({ count, wake: resolve }))
  }
}

/** Endless; tells how many were read, and whether it was ended. */
class Numbers implements AsyncIterable<number> {
  read = 0
  ended = false

  async *[Symbol.asyncIterator](): AsyncGenerator<number> {
    try {
      for (;;) {
        this.read += 1
        yield this.read
      }
    } finally {
      this.ended = true
    }
  }
}

t.test('the ids come in the order of the input, and not before all are on disk', async (t) => {
  const fake = new Fake()
  let done = false
  const ids = submitAll(fake.submit, ['a', 'b', 'c'], undefined).finally(() => {
    done = true
  })
  await fake.untilSubmitted(3)
  fake.answers[2]?.accepted()
  fake.answers[0]?.accepted()
  await new Promise(setImmediate)
  t.notOk(done)
  fake.answers[1]?.accepted()
  t.same(await ids, ['id-0', 'id-1', 'id-2'])
  t.same(await submitAll(fake.submit, [], undefined), [], 'none is a list as well')
})

t.test('input is read only as fast as it is answered', async (t) => {
  const fake = new Fake()
  const numbers = new Numbers()
  const abort = new AbortController()
  const all = submitAll(fake.submit, numbers, abort.signal)
  const ended = t.rejects(all, { message: 'enough' })
  await fake.untilSubmitted(10_000)
  await new Promise(setImmediate)
  t.equal(fake.payloads.length, 10_000)
  t.ok(numbers.read <= 10_001)
  for (const answer of fake.answers.slice(0, 5)) answer.accepted()
  await fake.untilSubmitted(10_005)
  abort.abort(new Error('enough'))
  for (const answer of fake.answers.slice(5)) answer.accepted()
  await ended
  t.equal(fake.payloads.length, 10_005, 'what was submitted stays, and no more was')
  t.ok(numbers.ended)
})

t.test(
  'the first input that is refused ends it, named by its number, once the others have their answers',
  async (t) => {
    const fake = new Fake()
    const numbers = new Numbers()
    const all = submitAll(fake.submit, numbers, undefined)
    const refused = t.rejects(all, {
      code: 'conflict',
      message: 'input 7: task 7 exists with another payload',
      hint: /keys/,
    })
    await fake.untilSubmitted(300)
    fake.answers[7]?.reject(new DtrError('conflict', 'task 7 exists with another payload'))
    const submitted = fake.answers.length
    for (const [index, answer] of fake.answers.entries()) if (index !== 7) answer.accepted()
    await refused
    t.equal(fake.answers.length, submitted, 'no more was')
    t.ok(numbers.ended)

    const other = new Fake()
    const large = submitAll(other.submit, ['a', 'large', 'c'], undefined)
    await other.untilSubmitted(1)
    other.answers[0]?.accepted()
    await t.rejects(large, { code: 'too_large', message: 'input 1: payload: is too large' })
    t.same(other.payloads, ['a'])
  },
)

t.test('what says nothing of an input is thrown as it is', async (t) => {
  const fake = new Fake()
  const all = submitAll(fake.submit, ['a', 'b'], undefined)
  await fake.untilSubmitted(2)
  for (const answer of fake.answers) answer.reject(new DtrError('no_cluster', 'the client was closed'))
  await t.rejects(all, { code: 'no_cluster', message: 'the client was closed' })
  async function* broken(): AsyncGenerator<number> {
    yield 1
    throw new Error('its source broke')
  }
  const source = submitAll(fake.submit, broken(), undefined)
  await fake.untilSubmitted(3)
  fake.answers[2]?.accepted()
  await t.rejects(source, { message: 'its source broke' })
})
