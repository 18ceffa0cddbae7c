// Server-sent events: what a task does, once for each that reads, and no more kept for one that does not.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { EventStream } from '../../src/gateway/http/event-stream.js'
import { readTold, TaskEvents } from '../../src/gateway/http/task-events.js'
import { startWorker } from '../../src/index.js'
import { until } from '../processes/cluster.js'
import { serveMaster } from './served.js'

const TASKS = `export default {
  talk: async ({ lines }, ctx) => {
    for (let line = 1; line <= lines; line += 1) { ctx.log('line ' + line); ctx.progress(100 * line / lines, 'at ' + line) }
    return { lines }
  },
}`

interface Said {
  readonly event: string
  readonly id: string
  // biome-ignore lint/suspicious/noExplicitAny: that is what JSON is
  readonly data: any
}

function eventsOf(text: string): Said[] {
  return [...text.matchAll(/event: (\w+)\nid: ([\d.]+)\ndata: (.*)\n\n/g)].map(
    ([, event = '', id = '', data = '']) => ({
      ...{ event, id },
      data: JSON.parse(data) as unknown,
    }),
  )
}

/** The feed of a gateway that listens, event by event. */
async function feedOf(address: string, place?: string) {
  const leave = new AbortController()
  const headers: Record<string, string> = place === undefined ? {} : { 'last-event-id': place }
  const answer = await fetch(`${address}/events`, { headers, signal: leave.signal })
  const pieces = answer.body!.pipeThrough(new TextDecoderStream())[Symbol.asyncIterator]()
  let text = ''
  const feed = {
    place: '',
    gaps: 0,
    leave: () => leave.abort(),
    // biome-ignore lint/suspicious/noExplicitAny: that is what JSON is
    next: async (): Promise<any> => {
      for (;;) {
        const [whole, id = '', data = ''] = /event: feed\nid: (.*)\ndata: (.*)\n\n/.exec(text) ?? []
        if (whole === undefined) {
          const { value, done } = await pieces.next()
          if (done === true) throw new Error('the feed has ended')
          text += value
          continue
        }
        text = text.slice(text.indexOf(whole) + whole.length)
        feed.place = id
        const told = JSON.parse(data)
        if (told.gap) feed.gaps += 1
        return told
      }
    },
    // biome-ignore lint/suspicious/noExplicitAny: that is what JSON is
    attempt: async (what: string): Promise<any> => {
      for (;;) {
        const found = (await feed.next()).attempts.find((attempt: { what: string }) => attempt.what === what)
        if (found !== undefined) return found
      }
    },
  }
  return feed
}

t.test('a task from its state to its end, and what was said is not said again', async (t) => {
  const served = await serveMaster(t)
  const { data, workerPorts } = served.place
  const module = join(data, '../talk.mjs')
  writeFileSync(module, TASKS)
  const { id } = (await served.ask('POST', '/tasks', { type: 'talk', payload: { lines: 3 } })).body
  const streamed = served.ask('GET', `/tasks/${id}/events`)
  const worker = await startWorker({ data, workerPorts, id: 'w1', tasks: [module] })
  t.teardown(() => worker.kill())
  const { status, headers, text } = await streamed
  t.equal(status, 200)
  t.equal(headers['content-type'], 'text/event-stream')
  const events = eventsOf(text)
  t.match(events[0], { event: 'state', data: { id, state: 'pending' } })
  t.match(events.at(-1), { event: 'ended', data: { id, state: 'completed', result: { lines: 3 } } })
  const log = events.filter(({ event }) => event === 'log').map(({ data }) => data.text)
  t.match(log.join(''), /line 1\n.*line 2\n.*line 3/s)

  const logs = await served.ask('GET', `/tasks/${id}/logs`)
  t.match(logs.body, [{ attempt: 1, text: log.join(''), skipped: 0, ended_at: String }])

  const [first] = events.filter(({ event }) => event === 'log')
  const again = await served.ask('GET', `/tasks/${id}/events`, undefined, { headers: { 'last-event-id': first!.id } })
  const rest = eventsOf(again.text).filter(({ event }) => event === 'log')
  t.equal([first!.data.text, ...rest.map(({ data }) => data.text)].join(''), log.join(''), 'the rest, byte for byte')
  t.match(eventsOf((await served.ask('GET', `/events?ids=${id}`)).text).at(-1), { event: 'ended' })
  t.match(await served.ask('GET', '/tasks/unknown/events'), { status: 404 }, 'no stream of nothing')
  t.match(await served.ask('GET', `/events?ids=${id},unknown`), { status: 404 })
})

t.test('the whole cluster, and after a break the rest of it', async (t) => {
  const served = await serveMaster(t)
  const { data, workerPorts } = served.place
  const module = join(data, '../talk.mjs')
  writeFileSync(module, TASKS)
  const address = await served.app.listen({ port: 0, host: '127.0.0.1' })
  t.teardown(() => served.app.server.closeAllConnections())
  const first = await feedOf(address)
  t.match(await first.next(), { gap: true, attempts: [] })
  const { place } = first
  const worker = await startWorker({ data, workerPorts, id: 'w1', tasks: [module] })
  t.teardown(() => worker.kill())
  const { id } = (await served.ask('POST', '/tasks', { type: 'talk', payload: { lines: 1 } })).body
  const began = await first.attempt('began')
  t.match(began, { task_id: id, worker_id: 'w1', incarnation: /^w1#/, type: 'talk', attempt: 1, lease_id: String })
  first.leave()
  await until('the end', async () => (await served.ask('GET', `/tasks/${id}`)).body.state === 'completed')
  const again = await feedOf(address, place)
  t.match(await again.attempt('completed'), { task_id: id, lease_id: began.lease_id })
  t.equal(again.gaps, 0, 'it goes on where it was')
  again.leave()
  const fresh = await feedOf(address, 'another#1 5')
  t.match(await fresh.next(), { gap: true, counts: { completed: 1 } })
  fresh.leave()
})

t.test('who has gone is forgotten, also while nothing happens', async (t) => {
  const served = await serveMaster(t)
  const { id } = (await served.ask('POST', '/tasks', { type: 'nobody' })).body
  const leave = new AbortController()
  const seen: string[] = []
  for await (const event of served.client.watch(id, { signal: leave.signal })) {
    seen.push(event.kind)
    leave.abort()
  }
  t.same(seen, ['state'])
  const streamed = served.ask('GET', `/tasks/${id}/events`)
  await until('the stream', async () => (await served.ask('GET', '/metrics')).text.includes('dtr_http_streams 1'))
  served.stopping.abort()
  t.equal((await streamed).status, 200, 'a gateway that ends, ends its streams')
})

t.test('the log of an attempt goes on in the middle of what was told', async (t) => {
  const event = (text: string, more = {}) => ({ kind: 'log', id: 'x', attempt: 2, text, ...more }) as const
  const all = new TaskEvents()
  t.match(all.next(event('héllo')), { id: '2.6' })
  t.match(all.next(event(' you', { skipped: 3 })), {
    id: '2.13',
    data: '{"id":"x","attempt":2,"text":" you","skipped":3}',
  })
  const rest = new TaskEvents(readTold('2.4'))
  t.equal(rest.next({ ...event('of the first'), attempt: 1 }), undefined)
  t.match(rest.next(event('héllo')), { id: '2.6', data: '{"id":"x","attempt":2,"text":"lo"}' })
  t.equal(readTold('x'), undefined)
})

t.test('a reader that does not read costs a bounded amount, and its stream ends', async (t) => {
  const stream = new EventStream()
  const pieces = stream.pieces()
  await pieces.next()
  let taken = 0
  while (stream.push({ event: 'log', data: 'x'.repeat(1_000) })) taken += 1
  t.ok(taken > 10 && taken < 70, `${taken} KB`)
  t.ok(String((await pieces.next()).value).length > 10_000, 'what waits is still taken')
  t.same(await pieces.next(), { value: undefined, done: true })
})
