// BullMQ on a Redis of its own. Bulk adds, and two workers with a concurrency of 100 to 300 each, as its documentation
// advises; results are kept. Events cost it throughput: only who waits for a job, or is told the results, listens to them.
import { Queue, QueueEvents } from 'bullmq'
import { Children } from '../children.js'
import { Redis } from '../servers/redis.js'
import { bulks, oneByOne, PAYLOAD, type System, versionOf } from '../system.js'

export interface BullmqSettings {
  readonly port: number
  readonly queue: string
  readonly concurrency: number
}

const QUEUE = 'bench'
const CONCURRENCY = 100
const EVENTS_KEPT = 1_000_000

export class Bullmq implements System {
  readonly name: string
  readonly settings: string
  readonly expected: number | undefined
  readonly #appendfsync: 'always' | 'everysec'
  readonly #told: boolean
  readonly #children = new Children()
  #redis: Redis | undefined
  #queue: Queue | undefined
  #events: QueueEvents | undefined
  #port = 0

  /** @param told the client is told each result, as it is by dtr; else its workers say how many they have done */
  constructor(appendfsync: 'always' | 'everysec', told = false) {
    this.#appendfsync = appendfsync
    this.#told = told
    this.expected = told ? undefined : { everysec: 6_200, always: 6_500 }[appendfsync]
    this.name = told ? `BullMQ, ${appendfsync}, results told` : `BullMQ, ${appendfsync}`
    const known = told
      ? `QueueEvents tell the client each result, of events ${EVENTS_KEPT.toLocaleString('en')} are kept`
      : 'QueueEvents for latency alone'
    this.settings = `Redis with appendonly yes, appendfsync ${appendfsync}; addBulk of 1,000, all on their way; concurrency ${CONCURRENCY} a worker; ${known}`
  }

  version(): string {
    return `${versionOf('bullmq')}, ${Redis.version()}`
  }

  async start(): Promise<void> {
    this.#redis = await Redis.start({ appendfsync: this.#appendfsync })
    const { port } = this.#redis
    this.#port = port
    // Of its last 10,000 events and no more each is told to who listens, unless it is said otherwise.
    const streams = { events: { maxLen: EVENTS_KEPT } }
    this.#queue = new Queue(QUEUE, { connection: { port }, ...(this.#told && { streams }) })
    const settings: BullmqSettings = { port, queue: QUEUE, concurrency: CONCURRENCY }
    await this.#children.start(2, 'bullmq-worker.js', settings)
  }

  async throughput(count: number): Promise<number> {
    const all = this.#told ? untilTold(await this.#listen(), count) : this.#children.more(count)
    const began = performance.now()
    const jobs = (size: number) => Array.from({ length: size }, () => ({ name: 'noop', data: PAYLOAD }))
    await Promise.all(bulks(count).map((size) => this.#queue?.addBulk(jobs(size))))
    await all
    return performance.now() - began
  }

  async latency(count: number): Promise<readonly number[]> {
    if (this.#told) return []
    const events = await this.#listen()
    return oneByOne(count, async () => {
      const job = await this.#queue?.add('noop', PAYLOAD)
      await job?.waitUntilFinished(events)
    })
  }

  async #listen(): Promise<QueueEvents> {
    // From the first event on: what comes before it has begun to listen for new ones, ready or not, is never heard of else.
    this.#events ??= new QueueEvents(QUEUE, { connection: { port: this.#port }, lastEventId: '0-0' })
    await this.#events.waitUntilReady()
    return this.#events
  }

  async stop(): Promise<void> {
    await this.#children.end()
    await this.#events?.close()
    await this.#queue?.close()
    await this.#redis?.end()
  }
}

function untilTold(events: QueueEvents, count: number): Promise<void> {
  let told = 0
  return new Promise((resolve) => {
    const completed = (): void => {
      told += 1
      if (told < count) return
      events.off('completed', completed)
      resolve()
    }
    events.on('completed', completed)
  })
}
