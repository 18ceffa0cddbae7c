// What tasks do, as it happens: server-sent events, which a browser's EventSource and `curl -N` read.
import Type from 'typebox'
import type { FeedPlace } from '../../../client/feed.js'
import { onAbort } from '../../../client/on-abort.js'
import { DtrError } from '../../../errors.js'
import { EVENTS_HEADERS, EVENTS_TYPE, EventStream } from '../event-stream.js'
import { FeedEvents, readPlace } from '../feed-events.js'
import { Params, TaskId } from '../fields.js'
import { type Answer, type Call, type Route, route } from '../route.js'
import { readTold, TaskEvents, type Told } from '../task-events.js'
import { find, known } from './tasks.js'

const STREAMS_MAX = 4_096
const ABOUT =
  'events `state`, `progress`, `log` and last `ended`, each with JSON; what was said before comes first; the stream ends with the tasks'

export const EVENT_ROUTES: readonly Route[] = [
  route({
    method: 'GET',
    path: '/tasks/:id/events',
    role: 'read',
    topic: 'tasks',
    about: 'what a task does, as it happens (server-sent events); `Last-Event-ID` goes on where it was',
    params: Params,
    answers: { 200: { about: ABOUT, type: EVENTS_TYPE } },
    async handle(call) {
      await find(call, call.params.id)
      return follow(call, [call.params.id], readTold(call.headers['last-event-id']))
    },
  }),

  route({
    method: 'GET',
    path: '/events',
    role: 'read',
    topic: 'tasks',
    about:
      'what several tasks do, in one stream; without ids, what goes on in the whole cluster, some times a second: `feed` with counts and attempts',
    query: Type.Object(
      {
        ids: Type.Optional(Type.Array(TaskId, { minItems: 1, maxItems: 500, description: 'with commas between them' })),
      },
      { additionalProperties: false },
    ),
    answers: { 200: { about: ABOUT, type: EVENTS_TYPE } },
    async handle(call) {
      const { ids } = call.query
      if (ids === undefined) return followCluster(call)
      const found = await call.serving.link.ask((client) => client.get(ids))
      for (const id of ids)
        known(
          found.find((task) => task.id === id),
          id,
        )
      return follow(call, ids)
    },
  }),
]

/** @throws DtrError `busy` where so many streams are open already */
function follow({ serving, signal }: Call, ids: readonly string[], told?: Told): Answer {
  checkRoom(serving)
  const stream = new EventStream()
  void pump({ serving, signal }, ids, stream, told)
  return { type: EVENTS_TYPE, headers: EVENTS_HEADERS, pieces: stream.pieces() }
}

/** @throws DtrError `forbidden` for a key that is for some types only: this tells of all */
function followCluster({ serving, signal, headers, rights }: Call): Answer {
  if (rights.types !== undefined) {
    const own = rights.types.join(', ')
    throw new DtrError('forbidden', `your key is for ${own} only, and this tells of all tasks`, {
      hint: 'name tasks with ?ids=',
    })
  }
  checkRoom(serving)
  const stream = new EventStream()
  void pumpFeed({ serving, signal }, stream, readPlace(headers['last-event-id']))
  return { type: EVENTS_TYPE, headers: EVENTS_HEADERS, pieces: stream.pieces() }
}

/** The next is asked for when the one before was taken: who reads slowly is told more at once. */
async function pumpFeed(
  { serving, signal }: Pick<Call, 'serving' | 'signal'>,
  stream: EventStream,
  after: FeedPlace | undefined,
): Promise<void> {
  const events = new FeedEvents()
  try {
    await serving.link.use(async (client) => {
      for await (const told of client.feed({ after, signal })) {
        const said = events.next(told)
        if (said === undefined) continue
        stream.push(said)
        await stream.taken()
      }
    })
  } catch (error) {
    serving.log.debug(`a feed ended: ${error instanceof Error ? error.message : String(error)}`)
  } finally {
    stream.end()
  }
}

function checkRoom({ metrics }: Call['serving']): void {
  if (metrics.openStreams < STREAMS_MAX) return
  throw new DtrError('busy', `${STREAMS_MAX} streams are open here already`, { retryAfterMs: 10_000 })
}

/** Ends when the tasks have, the caller is gone, or does not keep up. */
async function pump(
  { serving, signal }: Pick<Call, 'serving' | 'signal'>,
  ids: readonly string[],
  stream: EventStream,
  told: Told | undefined,
): Promise<void> {
  const slow = new AbortController()
  const leave = onAbort(signal, () => slow.abort())
  const events = new Map(ids.map((id) => [id, new TaskEvents(told)]))
  try {
    await serving.link.use(async (client) => {
      for await (const event of client.watch(ids, { signal: slow.signal })) {
        const said = events.get(event.id)?.next(event)
        if (said !== undefined && !stream.push(said)) slow.abort()
      }
    })
  } catch (error) {
    // A task that was forgotten meanwhile, or a cluster that is gone: whoever asks again is told.
    serving.log.debug(`a stream of events ended: ${error instanceof Error ? error.message : String(error)}`)
  } finally {
    leave()
    stream.end()
  }
}
