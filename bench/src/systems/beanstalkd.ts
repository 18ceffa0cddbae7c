// beanstalkd with `-b` and `-f0`: whatever it was told is synced before it answers. It stores no results; `results` has
// each worker put its own into a tube that the client reserves from, as its users do.
import type { JackdClient } from 'jackd'
import { Children } from '../children.js'
import { Beanstalkd, beanstalkdClient } from '../servers/beanstalkd.js'
import { bulks, oneByOne, PAYLOAD, type System, versionOf } from '../system.js'

export interface BeanstalkdSettings {
  readonly port: number
  readonly results: boolean
  readonly connections: number
}

export const TASKS = 'tasks'
export const RESULTS = 'results'
const CONNECTIONS = 10

export class BeanstalkdSystem implements System {
  readonly name: string
  readonly settings: string
  readonly slow = true
  readonly expected: number | undefined
  readonly #results: boolean
  readonly #children = new Children()
  #server: Beanstalkd | undefined
  #putter: JackdClient | undefined
  #reserver: JackdClient | undefined

  constructor(results: boolean) {
    this.#results = results
    this.name = results ? 'beanstalkd, results' : 'beanstalkd, no results'
    this.expected = results ? undefined : 1_700
    const stored = results ? 'each result is a job in a tube that the client reserves from' : 'no result is stored'
    this.settings = `-b -f0; puts of 1,000 on their way; ${CONNECTIONS} connections a worker, each reserves and deletes; ${stored}`
  }

  version(): string {
    return `${versionOf('jackd')}, ${Beanstalkd.version()}`
  }

  async start(): Promise<void> {
    this.#server = await Beanstalkd.start()
    const { port } = this.#server
    this.#putter = await beanstalkdClient(port)
    this.#reserver = await beanstalkdClient(port)
    await this.#putter.use(TASKS)
    await this.#reserver.watch(RESULTS)
    const settings: BeanstalkdSettings = { port, results: this.#results, connections: CONNECTIONS }
    await this.#children.start(2, 'beanstalkd-worker.js', settings)
  }

  async throughput(count: number): Promise<number> {
    const began = performance.now()
    const all = this.#results ? this.#reserve(count) : this.#children.more(count)
    for (const size of bulks(count)) {
      await Promise.all(Array.from({ length: size }, () => this.#putter?.put(PAYLOAD)))
    }
    await all
    return performance.now() - began
  }

  /** So many results, whatever they are of. */
  async #reserve(count: number): Promise<void> {
    const reserver = this.#reserver!
    for (let n = 0; n < count; n += 1) {
      const { id } = await reserver.reserve()
      // On its way while the next one is reserved: the result is known already.
      void reserver.delete(id)
    }
  }

  async latency(count: number): Promise<readonly number[]> {
    if (!this.#results) return []
    return oneByOne(count, async () => {
      await this.#putter?.put(PAYLOAD)
      await this.#reserve(1)
    })
  }

  async stop(): Promise<void> {
    await this.#children.end()
    for (const client of [this.#putter, this.#reserver]) client?.socket.destroy()
    await this.#server?.end()
  }
}
