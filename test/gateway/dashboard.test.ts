// The files of the dashboard: small, packed, known again, and with nothing from elsewhere. And what they decide: where attempts
// stand on the lanes, and how long things took.
import t from 'tap'
import { Assets } from '../../src/gateway/dashboard/assets.js'
import { EventLines } from '../../src/gateway/dashboard/page/api.js'
import { type Entry, Lanes } from '../../src/gateway/dashboard/page/lanes.js'
import { pastOf } from '../../src/gateway/dashboard/page/past.js'
import { histogramOf, quantile } from '../../src/gateway/dashboard/page/quantiles.js'
import { nobody, serve } from './served.js'

const served = await serve(t, nobody())

t.test('each file is there without a key, and allows nothing from elsewhere', async (t) => {
  const assets = new Assets()
  for (const place of ['/', ...assets.names.map((name) => `/dashboard/${name}`)]) {
    const { status, headers, text } = await served.ask('GET', place)
    t.equal(status, 200, place)
    t.match(headers['content-security-policy'], /^default-src 'self'; .*frame-ancestors 'none'/, place)
    t.notMatch(text, /\b(src|href)="(https?:)?\/\//, place)
    const again = await served.ask('GET', place, undefined, { headers: { 'if-none-match': String(headers.etag) } })
    t.match(again, { status: 304, text: '' }, place)
    const packed = await served.ask('GET', place, undefined, { headers: { 'accept-encoding': 'gzip, br' } })
    t.equal(packed.headers['content-encoding'], 'br', place)
  }
  t.ok(assets.packedBytes < 150_000, `${assets.packedBytes} bytes over the wire`)
  t.match(await served.ask('GET', '/dashboard/..%2fassets.js'), { status: 404 })
  const markup = assets.names.filter((name) => !['preact.js', 'uplot.js'].includes(name))
  for (const name of markup)
    t.notMatch((await served.ask('GET', `/dashboard/${name}`)).text, /innerHTML|\beval\(/, name)
})

const AT = 1_800_000_000_000
function entry(what: Entry['what'], seconds: number, task: string, worker: string, attempt = 1): Entry {
  const at = new Date(AT + 1_000 * seconds).toISOString()
  const ids = { task_id: task, lease_id: `${task}.${attempt}`, worker_id: worker, incarnation: `${worker}#1` }
  return { at, what, ...ids, type: 'echo', attempt }
}

t.test('attempts stand beside each other, and one that is cut off leads to the next', async (t) => {
  const lanes = new Lanes()
  const here = new Map(['w1', 'w2'].map((name) => [`${name}#1`, { name, slots: 2 }]))
  lanes.roster(here, AT)
  for (const task of ['a', 'b']) lanes.take(entry('began', 1, task, 'w1'))
  lanes.take(entry('completed', 2, 'a', 'w1'))
  lanes.take(entry('began', 3, 'c', 'w1'))
  const [first] = lanes.lives.values()
  t.same(
    first!.bars.map(({ task, lane }) => [task, lane]),
    [
      ['a', 0],
      ['b', 1],
      ['c', 0],
    ],
  )
  for (const task of ['b', 'c']) lanes.take(entry('lost', 4, task, 'w1'))
  here.delete('w1#1')
  lanes.roster(here, AT + 4_500)
  t.equal(first!.goneAt, AT + 4_000, 'gone since its tasks were cut off')
  lanes.take(entry('began', 5, 'b', 'w2', 2))
  const [death] = lanes.moved()
  t.equal(lanes.moved().length, 1, 'one death')
  t.match(death, { worker: 'w1#1', at: AT + 4_000, bars: { length: 2 } })
  t.same(
    death!.bars.map(({ task, next }) => [task, next?.worker]),
    [
      ['b', 'w2#1'],
      ['c', undefined],
    ],
  )
  lanes.roster(here, AT + 30 * 60_000)
  t.same([...lanes.lives.keys()], ['w2#1'], 'what is long ago is forgotten')
})

t.test('one that begins before the end of the last is told takes its lane', async (t) => {
  const lanes = new Lanes()
  lanes.roster(new Map([['w1#1', { name: 'w1', slots: 1 }]]), AT)
  lanes.take(entry('began', 1, 'a', 'w1'))
  lanes.take(entry('began', 2, 'b', 'w1'))
  const [life] = lanes.lives.values()
  lanes.take(entry('completed', 3, 'a', 'w1'))
  t.same(
    life!.bars.map(({ lane }) => lane),
    [0, 0],
  )
  t.equal(life!.lanes, 1)
  // And where its beginning bears the earlier time, although it is told later.
  lanes.take(entry('completed', 5, 'b', 'w1'))
  lanes.take(entry('began', 4.9, 'c', 'w1'))
  t.same(
    life!.bars.map(({ lane, to }) => [lane, to]),
    [
      [0, AT + 2_000],
      [0, AT + 4_900],
      [0, undefined],
    ],
  )
})

t.test('what runs since before is there, and what has ended unseen does not run for ever', async (t) => {
  const lanes = new Lanes()
  const runs = { type: 'echo', attempt: 1, started_at: new Date(AT).toISOString(), incarnation: 'w1#1' }
  lanes.seed([{ ...runs, id: 'a', lease_id: 'a.1' }], AT + 10_000, true)
  lanes.seed([{ ...runs, id: 'b', lease_id: 'b.1' }], AT + 20_000, true)
  // A list that was on its way while the feed told of the end.
  lanes.take(entry('began', 21, 'c', 'w1'))
  lanes.take(entry('completed', 22, 'c', 'w1'))
  lanes.seed(
    ['b', 'c'].map((id) => ({ ...runs, id, lease_id: `${id}.1` })),
    AT + 22_500,
    true,
  )
  const bars = [...lanes.lives.values()].flatMap((life) => life.bars)
  t.equal(bars.length, 3)
  t.match(bars, [
    { task: 'a', how: 'unseen', to: AT + 20_000 },
    { task: 'b', how: undefined },
  ])
})

t.test('what a task goes on with may be known before the feed tells that it was cut off', async (t) => {
  const lanes = new Lanes()
  const runs = { id: 'a', type: 'echo', attempt: 2, started_at: new Date(AT + 5_000).toISOString() }
  lanes.seed([{ ...runs, incarnation: 'w2#1', lease_id: 'a.2' }], AT + 6_000, true)
  lanes.take(entry('began', 1, 'a', 'w1'))
  lanes.take(entry('lost', 4, 'a', 'w1'))
  lanes.take(entry('began', 5, 'a', 'w2', 2))
  t.match(lanes.moved(), [{ worker: 'w1#1', bars: [{ task: 'a', next: { worker: 'w2#1', attempt: 2 } }] }])
  t.equal(lanes.lives.get('w2#1')?.bars.length, 1)
})

t.test('a death before the page was opened is told by the stories of its tasks', async (t) => {
  const lanes = new Lanes()
  const time = (seconds: number): string => new Date(AT + 1_000 * seconds).toISOString()
  lanes.roster(new Map([['w2#1', { name: 'w2', slots: 2 }]]), AT + 9_000)
  const runs = { id: 'a', type: 'echo', attempt: 2, started_at: time(5), incarnation: 'w2#1' }
  lanes.seed([{ ...runs, lease_id: 'a.2' }], AT + 9_000, true)
  const cut = { attempt: 1, incarnation: 'w1#1', started_at: time(1), ended_at: time(4), outcome: 'lost' }
  const running = { ...runs, state: 'running', ended_at: null, attempts_before: [cut] }
  const waiting = { ...running, id: 'b', state: 'pending', attempt: 1, started_at: null, incarnation: null }
  const done = { ...runs, id: 'c', attempt: 1, state: 'completed', started_at: time(0), ended_at: time(2) }
  for (const _again of [1, 2]) lanes.recall([done, running, waiting].flatMap(pastOf))
  lanes.roster(new Map([['w2#1', { name: 'w2', slots: 2 }]]), AT + 9_500)
  t.match(lanes.lives.get('w1#1'), { name: 'w1', goneAt: AT + 4_000, cutOff: 2, lanes: 2 })
  const [death] = lanes.moved()
  t.same(
    death?.bars.map(({ task, next }) => [task, next?.worker]),
    [
      ['a', 'w2#1'],
      ['b', undefined],
    ],
  )
  lanes.take(entry('began', 0, 'c', 'w2'))
  t.same(
    lanes.lives.get('w2#1')!.bars.map(({ task, how, lane }) => [task, how, lane]),
    [
      ['a', undefined, 0],
      ['c', 'completed', 0],
    ],
    'each once, in the lane that was free',
  )
  lanes.take(entry('began', 10, 'b', 'w2', 2))
  t.equal(lanes.moved()[0]!.bars[1]!.next?.worker, 'w2#1', 'what waited goes on')
})

t.test('how long half of them took since the look before', async (t) => {
  const text = (counts: readonly number[]): string =>
    counts.map((count, index) => `x_bucket{le="${['0.1', '1', '+Inf'][index]}"} ${count}`).join('\n')
  const before = histogramOf(text([10, 10, 10]), 'x')
  t.equal(quantile(before, histogramOf(text([10, 10, 10]), 'x'), 0.5), undefined)
  t.equal(quantile(undefined, before, 0.5), 0.05)
  const half = quantile(before, histogramOf(text([10, 20, 20]), 'x'), 0.5)!
  t.ok(half > 0.54 && half < 0.56)
  t.equal(quantile(before, histogramOf(text([10, 10, 14]), 'x'), 0.5), 1, 'at least')
})

t.test('events come in pieces', async (t) => {
  const lines = new EventLines()
  t.same(lines.take(': \n\nevent: feed\nid: m#1 7\nda'), [])
  t.same(lines.take('ta: {"a":1}\n\n: \n\n'), [{ event: 'feed', id: 'm#1 7', data: { a: 1 } }])
})
