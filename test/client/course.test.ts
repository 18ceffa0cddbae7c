// What a watcher is told: nothing twice, each byte of a log once, and what is missing is counted.
import t from 'tap'
import { Course } from '../../src/client/course.js'
import { TaskWatch } from '../../src/client/task-watch.js'
import { watchTasks } from '../../src/client/watch-tasks.js'
import type { KeptLogField } from '../../src/protocol/messages.js'

const ID = '00000000-0000-7000-8000-000000000001'

t.test('a state and a progress that are told again are left out', async (t) => {
  const course = new Course(ID)
  const running = { id: ID, attempt: 1, state: 'running', worker: 'w1', percent: 5 } as const
  t.same(course.state(running), { kind: 'state', id: ID, state: 'running', attempt: 1, worker: 'w1' })
  t.same(course.progress(running), { kind: 'progress', id: ID, attempt: 1, percent: 5 })
  t.equal(course.state(running), undefined)
  t.equal(course.progress(running), undefined)
  t.same(course.progress({ ...running, message: 'm' }), {
    kind: 'progress',
    id: ID,
    attempt: 1,
    percent: 5,
    message: 'm',
  })
  t.match(course.state({ id: ID, attempt: 1, state: 'pending', runAt: 9 }), { state: 'pending', runAt: 9 })
  t.match(course.state({ ...running, attempt: 2 }), { attempt: 2 })
  t.equal(course.state({ id: ID, attempt: 2, state: 'completed' }), undefined, 'that is told as its end')
})

t.test('of a log each byte comes once, by its place', async (t) => {
  const course = new Course(ID)
  const said = (attempt: number, at: number, text: string) => course.log({ id: ID, attempt, log: { at, text } })
  t.match(said(1, 0, 'zwölf'), { kind: 'log', attempt: 1, text: 'zwölf' })
  t.equal(said(1, 0, 'zwölf'), undefined)
  t.same(said(1, 0, 'zwölf drei'), { kind: 'log', id: ID, attempt: 1, text: ' drei' })
  t.equal(said(1, 11, ''), undefined)
  t.same(said(1, 20, 'vier'), { kind: 'log', id: ID, attempt: 1, text: 'vier', skipped: 9 })
  t.match(said(2, 0, 'anew'), { attempt: 2, text: 'anew' })
})

t.test('what was missed of an attempt that has ended is told before its end', async (t) => {
  const watch = new TaskWatch([ID])
  const kept: KeptLogField[] = []
  const asked: number[] = []
  const events = watchTasks([ID], {
    watch,
    async *keptLogs(_id, after) {
      asked.push(after)
      yield* kept.filter(({ n }) => n > after)
    },
  })
  const next = async () => (await events.next()).value
  watch.seen({ id: ID, attempt: 1, state: 'running', worker: 'w1', log: { at: 0, text: 'a' } })
  t.match(await next(), { kind: 'state' })
  t.match(await next(), { kind: 'log', text: 'a' })
  kept.push({ n: 4, attempt: 1, lease: 'l', endedAt: 1, at: 0, text: 'abc' })
  watch.seen({ id: ID, attempt: 1, state: 'pending', error: { code: 'task_failed', message: 'no' } })
  t.match(await next(), { kind: 'log', attempt: 1, text: 'bc' })
  t.match(await next(), { kind: 'state', state: 'pending', error: { message: 'no' } })
  kept.push({ n: 5, attempt: 2, lease: 'm', endedAt: 2, at: 0, text: 'quick' })
  watch.ended({ id: ID, state: 'completed', result: '1' })
  t.match(await next(), { kind: 'log', attempt: 2, text: 'quick' })
  t.match(await next(), { kind: 'ended', id: ID, state: 'completed', result: '1' })
  t.equal(await next(), undefined)
  t.same(asked, [0, 0, 4])
})

t.test('P23: who does not take what comes holds a bounded amount of it, and every state', async (t) => {
  const watch = new TaskWatch([ID])
  const text = 'x'.repeat(10_000)
  for (let count = 0; count < 5_000; count += 1) {
    if (count === 2) watch.seen({ id: ID, attempt: 1, state: 'running', worker: 'w1' })
    watch.seen({ id: ID, attempt: 1, percent: count % 100, log: { at: count * text.length, text } })
  }
  watch.ended({ id: ID, state: 'failed' })
  const events = watchTasks([ID], { watch, async *keptLogs() {} })
  let bytes = 0
  let skipped = 0
  const kinds: string[] = []
  for await (const event of events) {
    kinds.push(event.kind)
    if (event.kind !== 'log') continue
    bytes += event.text.length
    skipped += event.skipped ?? 0
  }
  t.ok(bytes <= 4 * 1024 * 1024, `${bytes}`)
  t.equal(bytes + skipped, 5_000 * text.length, 'what is missing is counted')
  t.equal(kinds.filter((kind) => kind === 'state').length, 1)
  t.equal(kinds.at(-1), 'ended')
})
