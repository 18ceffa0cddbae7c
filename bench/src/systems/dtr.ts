// dtr as `dtr start` starts it: a master and two workers on this machine, the store as it is by default.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Client, Cluster, GivenSettings } from '../../../dist/src/index.js'
import * as dtr from '../../../dist/src/index.js'
import { freePort } from '../free-port.js'
import { CONCURRENCY, oneByOne, PAYLOAD, type System } from '../system.js'

/** Tasks of the client that are under way at the same time. */
const WINDOW = 10_000
const READY_POLL_MS = 20
const COUNT_POLL_MS = 10
/** What has not ended by then never will. */
const PATIENCE_MS = 300_000
const BIN = fileURLToPath(new URL('../../../bin/dtr.js', import.meta.url))
export const TASKS = fileURLToPath(new URL('../tasks.js', import.meta.url))

export type Module = Pick<typeof dtr, 'startCluster'>

export class Dtr implements System {
  readonly name: string = 'dtr'
  readonly settings: string =
    `map with a window of ${WINDOW.toLocaleString('en')}; ${CONCURRENCY} slots a worker; synchronous=FULL`
  readonly #given: GivenSettings
  readonly #module: Module
  #folder = ''
  #cluster: Cluster | undefined
  readonly #workers: ChildProcess[] = []
  #client: Client | undefined

  /** @param module dtr itself, or a copy of it */
  constructor(given: GivenSettings = {}, module: Module = dtr) {
    this.#given = given
    this.#module = module
  }

  version(): string {
    const file = new URL('../../../package.json', import.meta.url)
    return `dtr ${(JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version}`
  }

  get client(): Client {
    if (this.#client === undefined) throw new Error('the cluster was not started')
    return this.#client
  }

  get cluster(): Cluster {
    if (this.#cluster === undefined) throw new Error('the cluster was not started')
    return this.#cluster
  }

  get masterPid(): number {
    return this.cluster.master?.pid ?? 0
  }

  get folder(): string {
    return this.#folder
  }

  /** Tasks that have completed so far. */
  async completed(): Promise<number> {
    const { counts } = await this.client.status()
    return counts.reduce((sum, { state, count }) => sum + (state === 'completed' ? count : 0), 0)
  }

  /** Where the cluster was started without any. */
  async startWorkers(count: number): Promise<void> {
    const { data, logs, workerPorts, slots } = this.cluster.settings
    for (let n = 1; n <= count; n += 1) {
      const flags = { id: `worker-${n}`, data, logs, slots, tasks: TASKS }
      const ports = `${workerPorts.first}-${workerPorts.last}`
      const args = Object.entries({ ...flags, 'worker-ports': ports }).flatMap(([name, value]) => [
        `--${name}`,
        `${value}`,
      ])
      this.#workers.push(spawn(process.execPath, [BIN, 'worker', ...args], { stdio: 'ignore' }))
    }
    await this.#untilReady(count)
  }

  async #untilReady(count: number): Promise<void> {
    for (;;) {
      const { workers } = await this.client.status()
      if (workers.filter(({ state }) => state === 'ready').length === count) return
      await pause(READY_POLL_MS)
    }
  }

  async start(): Promise<void> {
    this.#folder = mkdtempSync(join(tmpdir(), 'dtr-bench-'))
    const port = await freePort()
    this.#cluster = await this.#module.startCluster({
      ...{ workers: 2, slots: CONCURRENCY, tasks: [TASKS], port },
      ...{ workerPorts: { first: 20_000 + (port % 10_000), last: 20_099 + (port % 10_000) } },
      ...{ data: join(this.#folder, 'data'), logs: join(this.#folder, 'logs') },
      ...this.#given,
    })
    this.#client = await this.#cluster.client()
    await this.#untilReady(this.#cluster.workers.length)
  }

  async throughput(count: number): Promise<number> {
    const inputs = Array.from({ length: count }, () => PAYLOAD)
    const began = performance.now()
    let ended = 0
    for await (const { state } of this.client.map('noop', inputs, {
      window: WINDOW,
      signal: AbortSignal.timeout(PATIENCE_MS),
    })) {
      if (state !== 'completed') throw new Error(`a task was ${state}`)
      ended += 1
    }
    if (ended !== count) throw new Error(`${ended} of ${count} tasks ended`)
    return performance.now() - began
  }

  latency(count: number): Promise<readonly number[]> {
    return oneByOne(count, async () => {
      const handle = await this.client.submit('noop', PAYLOAD)
      await handle.result()
    })
  }

  async stop(): Promise<void> {
    this.#client?.close()
    await this.#cluster?.stop()
    // The master has ended them; this is for a start that failed.
    for (const worker of this.#workers.splice(0)) worker.kill('SIGKILL')
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

/** Its client is told of no result: it submits, and asks the master how many tasks have completed. */
export class DtrCounted extends Dtr {
  override readonly name = 'dtr, results counted'
  override readonly settings =
    `submitAll; ${CONCURRENCY} slots a worker; synchronous=FULL; the master is asked each ${COUNT_POLL_MS} ms how many have completed`

  override async throughput(count: number): Promise<number> {
    const before = await this.completed()
    const inputs = Array.from({ length: count }, () => PAYLOAD)
    const began = performance.now()
    await this.client.submitAll('noop', inputs)
    while ((await this.completed()) < before + count) await pause(COUNT_POLL_MS)
    return performance.now() - began
  }

  override async latency(): Promise<readonly number[]> {
    return []
  }
}
