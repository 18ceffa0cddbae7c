// Reads are bounded: few tasks in a call to the store, no more than one answer holds, so many questions of one client.
import t from 'tap'
import type { Read } from '../../src/master/events.js'
import { ReadQueue } from '../../src/master/read-queue.js'
import { ask, TASKS_CHARS_MAX, TASKS_PER_CALL } from '../../src/master/reads.js'
import { openStore } from '../../src/store/open.js'
import type { Store } from '../../src/store/store.js'
import { ManualClock, settled } from '../net/manual-clock.js'
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
  t.match(answer, { kind: 'tasks', unread: [] })
  t.same(store.calls.flat(), ids, 'each once, in order')
  t.ok(store.calls.every((call) => call.length <= TASKS_PER_CALL))
})

t.test('what one answer does not hold is not read', async (t) => {
  const store = storeOf(TASKS_CHARS_MAX / 20)
  const answer = await ask(store, get)
  const read = store.calls.flat()
  t.ok(read.length < 30)
  t.match(answer, { kind: 'tasks', unread: ids.slice(read.length) })
})

t.test('P23: of many large tasks to be watched each end is told, a few at a time', async (t) => {
  const stage = await Stage.open()
  const [worker, client] = [await stage.worker('w', { slots: 40 }), stage.connect('client', 'client#1')]
  const asked = stage.submit(
    client,
    Array.from({ length: 40 }, () => ({})),
  )
  await stage.settle()
  const result = JSON.stringify('x'.repeat(90_000))
  const list = stage.assigned(worker).map(({ id, lease }) => ({ id, lease, outcome: 'completed' as const, result }))
  stage.say(worker, { type: 'results', list })
  await stage.settle()
  const other = stage.connect('client', 'client#2')
  const unknown = [stage.taskId(), stage.taskId()]
  stage.say(other, { type: 'watch', re: 1, ids: [unknown[0]!, ...asked, unknown[1]!] })
  await stage.settle()
  t.same(stage.got(other, 'watching'), [{ type: 'watching', re: 1, unknown }])
  const parts = stage.got(other, 'ended').map((ended) => ended.list.map(({ id }) => id))
  t.same(parts.flat().sort(), [...asked].sort())
  t.ok(parts.length >= 3, `${parts.length} parts`)
  t.equal(stage.got(other, 'error').length, 0)
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

t.test('P23, P25: one read at a time, each session in its turn, and none for who does not read', async (t) => {
  const calls: (() => void)[] = []
  const counts = () => new Promise<[]>((resolve) => calls.push(() => resolve([])))
  const answered: string[] = []
  const silent = new Set([3])
  const clock = new ManualClock()
  const queue = new ReadQueue({
    clock,
    store: { counts } as unknown as Store,
    hasRoom: (session) => !silent.has(session),
    answered: ({ session, re }) => answered.push(`${session}.${re}`),
  })
  for (const session of [3, 1, 2]) for (const re of [1, 2, 3]) queue.push({ kind: 'status', session, re })
  for (let n = 0; n < 6; n += 1) {
    t.equal(calls.length, 1)
    calls.shift()?.()
    await settled()
  }
  t.same(answered, ['1.1', '1.2', '2.1', '1.3', '2.2', '2.3'])
  silent.clear()
  clock.advance(20)
  while (calls.length > 0) {
    calls.shift()?.()
    await settled()
  }
  t.same(answered.slice(6), ['3.1', '3.2', '3.3'], 'once it reads')
  t.equal(clock.pending, 0)
})
