// pg-boss, the last major that runs on Node 20. Bulk inserts; its `work` polls at most twice a second, so the workers
// fetch and complete in batches by themselves, as its documentation offers for speed. Whoever completes a batch, `work` as
// well, gives it one output, which is stored in the row of each of its jobs.
import { setTimeout as pause } from 'node:timers/promises'
import PgBoss from 'pg-boss'
import { Children } from '../children.js'
import { Postgres } from '../servers/postgres.js'
import { bulks, oneByOne, PAYLOAD, type System, versionOf } from '../system.js'

export interface PgBossSettings {
  readonly url: string
  readonly queue: string
  readonly batch: number
}

const BATCH = 500
const POLL_MS = 2
const ENDED = ['completed', 'failed', 'cancelled']

export class PgBossSystem implements System {
  readonly name = 'pg-boss'
  readonly expected = 8_300
  readonly settings =
    `insert of 1,000; fetch and complete of ${BATCH} in a loop (work polls twice a second at most), which stores one output in each row; the client polls for a result each ${POLL_MS} ms`
  readonly #children = new Children()
  #postgres: Postgres | undefined
  #boss: PgBoss | undefined

  async version(): Promise<string> {
    return `${versionOf('pg-boss')}, ${await Postgres.version()} (${await Postgres.settings()})`
  }

  async start(): Promise<void> {
    this.#postgres = await Postgres.start()
    const settings: PgBossSettings = { url: this.#postgres.url, queue: 'bench', batch: BATCH }
    this.#boss = new PgBoss({ connectionString: settings.url, supervise: false, schedule: false })
    this.#boss.on('error', (error) => console.error(error))
    await this.#boss.start()
    await this.#boss.createQueue(settings.queue)
    await this.#children.start(2, 'pg-boss-worker.js', settings)
  }

  async throughput(count: number): Promise<number> {
    const all = this.#children.more(count)
    const began = performance.now()
    for (const size of bulks(count)) {
      await this.#boss?.insert(Array.from({ length: size }, () => ({ name: 'bench', data: PAYLOAD })))
    }
    await all
    return performance.now() - began
  }

  latency(count: number): Promise<readonly number[]> {
    return oneByOne(count, async () => {
      const id = await this.#boss?.send('bench', PAYLOAD)
      for (;;) {
        const job = await this.#boss?.getJobById('bench', id!)
        if (job != null && ENDED.includes(job.state)) break
        await pause(POLL_MS)
      }
    })
  }

  async stop(): Promise<void> {
    await this.#children.end()
    await this.#boss?.stop({ graceful: false })
    await this.#postgres?.end()
  }
}
