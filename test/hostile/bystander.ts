// P25: somebody else's work, which goes on whatever a hostile peer does: small tasks, one after the other.
import { setTimeout as pause } from 'node:timers/promises'
import type { Test } from 'tap'
import type { Client } from '../../src/index.js'
import { Cluster, type ClusterOptions, type Process } from '../processes/cluster.js'
import { keyOf } from './peer.js'

/** It is a few ms on a machine of its own, and some seconds where others keep it busy. */
const GAP_MS_MAX = 20_000

export class Bystander {
  readonly #client: Client
  readonly #cluster: Cluster
  #over = false
  #done = 0
  #longestMs = 0
  readonly #working: Promise<void>

  constructor(cluster: Cluster, client: Client) {
    this.#cluster = cluster
    this.#client = client
    this.#working = this.#work()
    // Told of when it is waited for.
    this.#working.catch(() => {})
  }

  async #work(): Promise<void> {
    for (let lastMs = performance.now(); !this.#over; this.#done += 1) {
      const handle = await this.#client.submit('work', { key: 'bystander', ms: 0, witness: this.#cluster.witnessFile })
      await handle.result()
      const nowMs = performance.now()
      this.#longestMs = Math.max(this.#longestMs, nowMs - lastMs)
      lastMs = nowMs
    }
  }

  /** Its work went on: at least one task from now on, and no gap in which a master that serves nobody else would show. */
  async wentOn(t: Test): Promise<void> {
    const before = this.#done
    while (this.#done < before + 2) await Promise.race([this.#working, pause(5)])
    this.#over = true
    await this.#working
    const gapMs = Math.round(this.#longestMs)
    t.comment(`another client's ${this.#done} tasks went on, with gaps of at most ${gapMs} ms`)
    t.ok(gapMs <= GAP_MS_MAX, `gaps of at most ${GAP_MS_MAX} ms: ${gapMs}`)
  }
}

/** A master, a worker and a bystander that is at work. */
export async function startScene(t: Test, options: ClusterOptions = {}) {
  const cluster = await Cluster.create(t, options)
  const { master, workers, client } = await cluster.start(1)
  const portOf = (name: string): number => cluster.records().find((record) => record.name === name)?.port ?? 0
  const alive = (one: Process): boolean => one.end === undefined
  return {
    ...{ cluster, master, client, key: keyOf(cluster) },
    ...{ masterPort: portOf('master'), workerPort: portOf('w1') },
    worker: workers[0]!,
    bystander: new Bystander(cluster, client),
    /** None of the processes has ended. */
    allAlive: () => alive(master) && workers.every(alive),
  }
}
