// Reads are bounded: few tasks in a call to the store, no more than one answer holds, so many questions of one client.
import t from 'tap'
import type { Read } from '../../src/master/events.js'
import { ask, TASKS_CHARS_MAX, TASKS_PER_CALL } from '../../src/master/reads.js'
import { openStore } from '../../src/store/open.js'
import type { Store } from '../../src/store/store.js'
import { Stage } from './stage.js'

/** A store that knows every task that it is asked for, with so large a payload, and keeps what was asked. */
function storeOf(payloadChars: number): Store & { readonly calls: (readonly string[])[] } {
  const calls: (readonly string[])[] = []
  const payload = 'x'.repeat(payloadChars)
  return {
    calls,
    get: async (ids: readonly string[]) => {
      calls.push(ids)
      return ids.map((id) => ({ task: { id, payload }, story: [] }))
    },
  } as unknown as Store & { calls: (readonly string[])[] }
}

const ids = Array.from({ length: 500 }, (_, index) => `task-${index}`)
const get: Read = { kind: 'get', session: 1, re: 1, ids, story: false }

t.test('tasks are read a few at a time, so that a commit comes between them', async (t) => {
  const store = storeOf(10)
  const answer = await ask(store, get)
  t.match(answer, { kind: 'tasks', more: false })
  t.same(store.calls.flat(), ids, 'each once, in order')
  t.ok(store.calls.every((call) => call.length <= TASKS_PER_CALL))
})

t.test('what one answer does not hold is not read; of those to be watched each is', async (t) => {
  const store = storeOf(TASKS_CHARS_MAX / 20)
  const answer = await ask(store, get)
  t.match(answer, { kind: 'tasks', more: true })
  t.equal(store.calls.length, 2)
  const large = storeOf(TASKS_CHARS_MAX / 20)
  const watched = await ask(large, { kind: 'watch', session: 1, re: 1, ids })
  t.equal(watched.kind === 'tasks' && watched.tasks.length, 500)
})

t.test('an answer that was cut says so, and asking for the rest brings the rest', async (t) => {
  const stage = await Stage.open()
  const client = stage.connect('client', 'client#1')
  const payload = JSON.stringify('x'.repeat(90_000))
  const asked = stage.submit(
    client,
    Array.from({ length: 40 }, () => ({ payload })),
  )
  await stage.settle()
  let rest = asked
  let answers = 0
  for (; rest.length > 0; answers += 1) {
    stage.say(client, { type: 'get', re: 10 + answers, ids: rest })
    await stage.settle()
    const answer = stage.got(client, 'tasks').at(-1)
    t.same(
      answer?.list.map(({ id }) => id),
      rest.slice(0, answer?.list.length),
    )
    t.equal(answer?.more, answer !== undefined && answer.list.length < rest.length)
    rest = rest.slice(answer?.list.length)
  }
  t.equal(answers, 4, '11 of them are a million')
})

t.test('P23: a client has 32 questions open; one more is answered busy, and is welcome later', async (t) => {
  const stage = await Stage.open({ store: await openStore({ kind: 'memory', limits: { pendingMax: 10 } }) })
  const client = stage.connect('client', 'client#1')
  const other = stage.connect('client', 'client#2')
  for (let re = 1; re <= 33; re += 1) stage.say(client, { type: 'status', re })
  stage.say(other, { type: 'status', re: 1 })
  const refused = stage.got(client, 'error')
  t.match(refused, [{ re: 33, code: 'busy', retryAfterMs: 200 }])
  t.equal(refused.length, 1)
  await stage.settle()
  t.equal(stage.got(client, 'status-report').length, 32)
  t.equal(stage.got(other, 'status-report').length, 1, 'another client does not feel it')
  stage.say(client, { type: 'watch', re: 34, ids: [stage.taskId()] })
  await stage.settle()
  t.equal(stage.got(client, 'watching').length, 1)
})
