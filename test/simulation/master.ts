// One life of the master: dtr's own core and machine in a process of the simulation.

import { MasterCore } from '../../src/master/core.js'
import { MasterMachine } from '../../src/master/machine.js'
import { Reception } from '../../src/net/accept.js'
import { CLIENT_MESSAGES, WORKER_MESSAGES } from '../../src/protocol/messages.js'
import { dialFrom } from './dialling.js'
import type { Disk } from './disk.js'
import type { Process } from './machine.js'
import { HOST, MASTER_PORT } from './network.js'
import type { Scene } from './scene.js'
import { Tapped } from './tap.js'
import { FIRST_WORKER_PORT } from './worker.js'

export const LEASE_MS = 15_000
export const CODE_DEAD_MS = 12_000
export const PULL = { leaseMs: 10_000, staleMs: 6_000, sweepMs: 1_000, maxAttempts: 5 }
/** Whoever does not read what was sent last is cut. */
const LINGER_MS = 500

export interface MasterOptions {
  readonly life: number
  readonly disk: Disk
  /** Its workers are left to the next master when it is stopped. */
  readonly keepWorkers: boolean
  readonly ports: number
}

export class MasterLife {
  readonly process: Process
  readonly incarnation: string
  /** When it last heard each worker, in true time. */
  readonly heardAt = new Map<string, number>()
  /** Workers that have registered and were not told that they are welcome. */
  readonly waiting = new Set<string>()
  readonly startedAt: number
  #core: MasterCore | undefined
  #stopped = false

  constructor(
    private readonly scene: Scene,
    private readonly options: MasterOptions,
  ) {
    this.incarnation = `master#${options.life}`
    this.process = scene.process(scene.home, this.incarnation)
    this.startedAt = scene.timeline.now
    scene.tell({ kind: 'master-started', master: this })
    this.process.onDeath(() => {
      if (!this.#stopped) scene.tell({ kind: 'master-ended', master: this, code: undefined })
    })
    void this.#start()
  }

  /** As by SIGTERM; `now`: as by a second one. */
  stop(now = false): void {
    this.process.deliver(() => {
      const { drainMs } = this.scene.plan
      this.#core?.post({ kind: 'stop', reason: 'asked to', graceMs: drainMs, now })
    })
  }

  async #start(): Promise<void> {
    const { scene, process, incarnation } = this
    const { disk, keepWorkers, ports, life } = this.options
    const store = disk.for(process)
    const [holders, keys] = [await store.holders(), await store.keys()]
    const { quarantined } = await store.reputations()
    const machine = new MasterMachine(process.clock.now(), {
      ...{ incarnation, pid: process.pid, keepWorkers, holders, keys, quarantined },
      version: '0',
      address: `${HOST}:${MASTER_PORT}`,
      machine: process.computer.id,
      heartbeatMs: 2_000,
      suspectMs: 5_000,
      leaseMs: LEASE_MS,
      codeDeadMs: CODE_DEAD_MS,
      drainMs: scene.plan.drainMs,
      tellsDebug: true,
      keep: scene.plan.keep,
      pull: PULL,
    })
    const random = scene.random.fork()
    const identity = { role: 'master', incarnation, key: scene.key } as const
    const log = scene.log('master')
    const listener = scene.network.listen(MASTER_PORT, process)
    let batches = 0
    const core = new MasterCore(machine, {
      ...{ identity, log, store, clock: process.clock, random: () => random.unit() },
      hosts: [HOST],
      ports: { first: FIRST_WORKER_PORT, last: FIRST_WORKER_PORT + ports - 1 },
      roundMs: 1_000,
      own: `${HOST}:${MASTER_PORT}`,
      dial: async (options) => {
        const result = await dialFrom(process, scene.network, options)
        return result.kind === 'connected' ? { ...result, connection: this.#tap(result.connection) } : result
      },
      batchId: () => {
        batches += 1
        return `b${life}-${batches}`
      },
      afterArrivals: (callback) => void scene.timeline.after(random.between(0, 0.1), () => process.deliver(callback)),
      exit: (code) => void this.#exit(code),
      failed: (error) => {
        throw error
      },
    })
    this.#core = core
    const reception = new Reception({
      identity,
      accepts: { client: CLIENT_MESSAGES, worker: WORKER_MESSAGES },
      unauthenticatedMax: 64,
      connectionsMax: 10_000,
      connected: (connection) => core.accepted(this.#tap(connection)),
      rejected: (remote, why) => log.warn(`refused a connection from ${remote}: ${why}`),
      clock: process.clock,
    })
    listener.accept((end) => reception.take(end))
    core.start()
  }

  #tap(connection: Tapped['inner']): Tapped {
    const { scene } = this
    const to = connection.peer.incarnation
    return new Tapped(connection, {
      sent: (message) => {
        if (message.type === 'welcome') this.waiting.delete(to)
        scene.tell({ kind: 'said', by: this, to, message })
      },
      heard: (messages) => {
        if (connection.peer.role !== 'worker' || messages.every(({ type }) => type === 'refused')) return
        this.heardAt.set(to, scene.timeline.now)
        if (messages.some(({ type }) => type === 'register')) this.waiting.add(to)
        scene.tell({ kind: 'heard', by: this, from: to, messages })
      },
      closed: () => void this.waiting.delete(to),
    })
  }

  async #exit(code: number): Promise<void> {
    const { scene, process } = this
    await this.#core?.close()
    this.#core?.endSessions()
    process.clock.wakeAt(process.clock.now().monoMs + LINGER_MS, () => {
      this.#stopped = true
      process.die()
      scene.tell({ kind: 'master-ended', master: this, code })
    })
  }
}
