// This side of the store's thread: sends calls, hands back their answers, and knows when the thread is gone.
import { Worker } from 'node:worker_threads'
import { DtrError, messageOf } from '../../errors.js'
import { type Answers, type Call, errorOf, type Reply, type ThreadOptions } from './calls.js'

const YOUNG_MIB_MAX = 24

interface Waiting {
  resolve(answer: unknown): void
  reject(error: Error): void
}

export class Connection {
  readonly #worker: Worker
  readonly #waiting: Waiting[] = []
  #gone: DtrError | undefined
  /** When the thread is gone and the data file closed. */
  readonly ended: Promise<void>

  private constructor(options: ThreadOptions) {
    // Nothing of this process's flags and environment concerns it; preloaded modules would only make it start slowly.
    const bare = { execArgv: [], env: {} }
    // Payloads pass through: what is done with is let go of soon, and not when there are 48 MiB of it (P23).
    const resourceLimits = { maxYoungGenerationSizeMb: YOUNG_MIB_MAX }
    this.#worker = new Worker(new URL('./thread.js', import.meta.url), {
      ...{ workerData: options, name: 'store', resourceLimits },
      ...bare,
    })
    let why = 'it ended'
    this.#worker.on('error', (error) => {
      why = messageOf(error)
    })
    this.#worker.on('message', (reply: Reply) => this.#replied(reply))
    this.ended = new Promise((resolve) => {
      this.#worker.on('exit', () => {
        this.#gone = new DtrError('store_failed', `the thread of the data file is gone: ${why}`)
        resolve()
        for (const waiting of this.#waiting.splice(0)) waiting.reject(this.#gone)
      })
    })
  }

  /** Opens the data file. Where it cannot, it rejects with the reason, and nothing stays behind. */
  static async open(options: ThreadOptions): Promise<Connection> {
    const connection = new Connection(options)
    await connection.#reply()
    return connection
  }

  call<Kind extends Call['kind']>(call: Extract<Call, { kind: Kind }>): Promise<Answers[Kind]> {
    const reply = this.#reply()
    this.#worker.postMessage(call)
    return reply as Promise<Answers[Kind]>
  }

  #reply(): Promise<unknown> {
    if (this.#gone !== undefined) return Promise.reject(this.#gone)
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject })
    })
  }

  #replied(reply: Reply): void {
    const waiting = this.#waiting.shift()
    if (reply.ok) return waiting?.resolve(reply.answer)
    const error = errorOf(reply)
    // The thread ends itself now; whoever hears of the failure may open anew at once.
    if (reply.code === 'store_failed') void this.ended.then(() => waiting?.reject(error))
    else waiting?.reject(error)
  }
}
