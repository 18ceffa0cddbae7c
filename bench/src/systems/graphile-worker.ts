// Graphile Worker with a local queue and completions in batches, as its page on performance advises. It stores no
// results; `results` has each task write its own, in the table and with the notification that a user would add.
import { makeWorkerUtils, type WorkerUtils } from 'graphile-worker'
import type pg from 'pg'
import { Children } from '../children.js'
import { Postgres } from '../servers/postgres.js'
import { bulks, oneByOne, PAYLOAD, type System, versionOf } from '../system.js'

export interface GraphileSettings {
  readonly url: string
  readonly results: boolean
  readonly concurrency: number
}

/** A job that waits for its result to be stored keeps nobody busy: more of them, and more results in one insert. */
const CONCURRENT_JOBS = { results: 200, none: 24 }

export class GraphileWorker implements System {
  readonly name: string
  readonly settings: string
  readonly expected: number
  readonly #results: boolean
  readonly #children = new Children()
  readonly #concurrency: number
  #postgres: Postgres | undefined
  #utils: WorkerUtils | undefined
  #listener: pg.PoolClient | undefined

  constructor(results: boolean) {
    this.#results = results
    this.#concurrency = CONCURRENT_JOBS[results ? 'results' : 'none']
    this.name = results ? 'Graphile Worker, results' : 'Graphile Worker, no results'
    this.expected = results ? 6_100 : 22_000
    const stored = results
      ? 'each worker inserts the results of all jobs that end meanwhile at once, and a job ends when its own is stored; it notifies where the client waits for it'
      : 'no result is stored'
    this.settings = `addJobs of 1,000; ${this.#concurrency} jobs a worker, localQueue 500, batched completions; ${stored}`
  }

  async version(): Promise<string> {
    return `${versionOf('graphile-worker')}, ${await Postgres.version()} (${await Postgres.settings()})`
  }

  async start(): Promise<void> {
    this.#postgres = await Postgres.start()
    const { url, pool } = this.#postgres
    this.#utils = await makeWorkerUtils({ pgPool: pool })
    await this.#utils.migrate()
    this.#listener = await pool.connect()
    await this.#listener.query('create table results (id text primary key, result json not null)')
    await this.#listener.query('listen results')
    const settings: GraphileSettings = { url, results: this.#results, concurrency: this.#concurrency }
    await this.#children.start(2, 'graphile-worker-worker.js', settings)
  }

  async throughput(count: number): Promise<number> {
    const all = this.#children.more(count)
    const began = performance.now()
    for (const size of bulks(count)) {
      await this.#utils?.addJobs(Array.from({ length: size }, () => ({ identifier: 'noop', payload: PAYLOAD })))
    }
    await all
    return performance.now() - began
  }

  async latency(count: number): Promise<readonly number[]> {
    if (!this.#results) return []
    let notified = (): void => {}
    this.#listener?.on('notification', () => notified())
    return oneByOne(count, async () => {
      const told = new Promise<void>((resolve) => {
        notified = resolve
      })
      await this.#utils?.addJob('told', PAYLOAD)
      await told
    })
  }

  async stop(): Promise<void> {
    await this.#children.end()
    this.#listener?.release(true)
    await this.#utils?.release()
    await this.#postgres?.end()
  }
}
