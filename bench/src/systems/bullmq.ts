// BullMQ on a Redis of its own. Bulk adds, and two workers with a concurrency of 100 to 300 each, as its documentation
// advises; results are kept. Events cost it a sixth of its throughput: only who waits for a job listens to them.
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

export class Bullmq implements System {
  readonly name: string
  readonly settings: string
  readonly expected: number
  readonly #appendfsync: 'always' | 'everysec'
  readonly #children = new Children()
  #redis: Redis | undefined
  #queue: Queue | undefined
  #events: QueueEvents | undefined
  #port = 0

  constructor(appendfsync: 'always' | 'everysec') {
    this.#appendfsync = appendfsync
    this.expected = { everysec: 6_200, always: 6_500 }[appendfsync]
    this.name = `BullMQ, ${appendfsync}`
    this.settings = `Redis with appendonly yes, appendfsync ${appendfsync}; addBulk of 1,000, all on their way; concurrency ${CONCURRENCY} a worker; QueueEvents for latency alone`
  }

  version(): string {
    return `${versionOf('bullmq')}, ${Redis.version()}`
  }

  async start(): Promise<void> {
    this.#redis = await Redis.start({ appendfsync: this.#appendfsync })
    const { port } = this.#redis
    this.#port = port
    this.#queue = new Queue(QUEUE, { connection: { port } })
    const settings: BullmqSettings = { port, queue: QUEUE, concurrency: CONCURRENCY }
    await this.#children.start(2, 'bullmq-worker.js', settings)
  }

  async throughput(count: number): Promise<number> {
    const all = this.#children.more(count)
    const began = performance.now()
    const jobs = (size: number) => Array.from({ length: size }, () => ({ name: 'noop', data: PAYLOAD }))
    await Promise.all(bulks(count).map((size) => this.#queue?.addBulk(jobs(size))))
    await all
    return performance.now() - began
  }

  async latency(count: number): Promise<readonly number[]> {
    // From the first event on: what comes before it has begun to listen for new ones, ready or not, is never heard of else.
    this.#events ??= new QueueEvents(QUEUE, { connection: { port: this.#port }, lastEventId: '0-0' })
    await this.#events.waitUntilReady()
    return oneByOne(count, async () => {
      const job = await this.#queue?.add('noop', PAYLOAD)
      await job?.waitUntilFinished(this.#events!)
    })
  }

  async stop(): Promise<void> {
    await this.#children.end()
    await this.#events?.close()
    await this.#queue?.close()
    await this.#redis?.end()
  }
}
