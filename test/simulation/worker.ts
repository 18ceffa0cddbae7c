// One life of a worker: dtr's own core and machine in a process of the simulation, with simulated hosts.
import { Reception } from '../../src/net/accept.js'
import type { Connection } from '../../src/net/connection.js'
import { MASTER_TO_WORKER_MESSAGES, type Message } from '../../src/protocol/messages.js'
import { WorkerCore } from '../../src/worker/core.js'
import { join } from '../../src/worker/join.js'
import { dialFrom } from './dialling.js'
import { SimulatedHost } from './host.js'
import type { Computer, Process } from './machine.js'
import { HOST, type Listener, MASTER_PORT } from './network.js'
import type { WorkerPlan } from './plan.js'
import type { Scene } from './scene.js'
import { Tapped } from './tap.js'

export const FIRST_WORKER_PORT = 5_000
/** Where no master looks. */
const FIRST_JOINING_PORT = 6_000
export const MASTER_TIMEOUT_MS = 30_000
const SUSPECT_MS = 5_000
/** Much more than code takes that is not to be ended for it. */
const SLOT_BYTES_MAX = 1024 ** 2
/** Clocks of workers are not quite right. */
const CLOCK_RATE_MIN = 0.99

export interface WorkerOptions {
  readonly name: string
  readonly life: number
  readonly plan: WorkerPlan
  readonly computer: Computer
  readonly modules: Modules
}

/** What the task modules of a worker serve, as they are on disk; undefined where they cannot be loaded. */
export interface Modules {
  types: readonly string[] | undefined
}

export class WorkerLife {
  readonly process: Process
  readonly incarnation: string
  readonly hosts = new Set<SimulatedHost>()
  readonly listener: Listener
  /** In true time: when a master was last heard, or seen to go. Since when masters may come, before that. */
  contactAt: number | undefined
  drainsSince: number | undefined
  stoppedAt: number | undefined
  /** When it sent what a master has confirmed last: its lease counts from there. */
  confirmedAt: number | undefined
  /** When it was told to end the code of a lease. */
  readonly cancelsHeard = new Map<string, number>()
  exitCode: number | undefined
  readonly #core: WorkerCore
  #left = false
  /** That which it registered through last. */
  #session: ReadonlyMap<number, number> | undefined
  /** Whose session that is, while it is open. */
  #master: string | undefined
  #stopJoining = (): void => {}

  constructor(
    private readonly scene: Scene,
    readonly options: WorkerOptions,
  ) {
    const { name, life, computer, plan } = options
    this.incarnation = `${name}#${life}`
    const process = scene.process(computer, this.incarnation)
    this.process = process
    this.listener = scene.network.listen(plan.joins ? FIRST_JOINING_PORT : FIRST_WORKER_PORT, process)
    this.#core = new WorkerCore({
      config: {
        ...{ name, slots: plan.slots, version: '0', pid: process.pid, hostname: computer.id, machine: computer.id },
        queues: ['default'],
        isolate: plan.isolate,
        tellsDebug: true,
        masterTimeoutMs: MASTER_TIMEOUT_MS,
        killGraceMs: scene.plan.killGraceMs,
        defaultTimeoutMs: undefined,
        care: { slotBytesMax: SLOT_BYTES_MAX, recycleAfter: plan.recycleAfter },
      },
      clock: process.clock,
      log: scene.log(name),
      hosts: {
        ...{ name, modules: [], builtins: false, listeningFd: 'ignore' },
        start: (hostOptions) => new SimulatedHost(scene, this, hostOptions),
      },
      rawMonoMs: () => computer.monoMs,
      accept: () => this.#accept(),
      addressFor: () => `${HOST}:${this.port}`,
      exit: (code) => void this.#leave(code),
    })
    scene.tell({ kind: 'worker-started', worker: this })
    process.onDeath(() => {
      this.exitCode = this.#left ? this.exitCode : undefined
      scene.tell({ kind: 'worker-ended', worker: this, code: this.exitCode })
    })
    scene.timeline.after(0, () => process.deliver(() => this.#core.post({ kind: 'tick' })))
  }

  get port(): number {
    return this.listener.port
  }

  get draining(): boolean {
    return this.drainsSince !== undefined
  }

  /** As by SIGTERM. */
  drain(): void {
    this.process.deliver(() => {
      this.drainsSince ??= this.scene.timeline.now
      this.scene.tell({ kind: 'worker-drains', worker: this })
      this.#core.post({ kind: 'drain', graceMs: this.scene.plan.drainMs })
    })
  }

  /** As by a second signal. */
  stop(): void {
    this.process.deliver(() => {
      this.stoppedAt ??= this.scene.timeline.now
      this.scene.tell({ kind: 'worker-stops', worker: this })
      this.#core.post({ kind: 'stop' })
    })
  }

  /** The modules have changed on disk. */
  reload(): void {
    this.process.deliver(() => this.#core.post({ kind: 'reload' }))
  }

  #accept(): void {
    const { scene, process, incarnation } = this
    const log = scene.log(this.options.name)
    this.contactAt = scene.timeline.now
    const reception = new Reception({
      identity: { role: 'worker', incarnation, key: scene.key },
      accepts: { master: MASTER_TO_WORKER_MESSAGES },
      unauthenticatedMax: 64,
      connectionsMax: 64,
      connected: (connection) => void this.#core.connected(this.#tap(connection)),
      rejected: (remote, why) => log.warn(`refused a connection from ${remote}: ${why}`),
      clock: process.clock,
    })
    this.listener.accept((end) => reception.take(end))
    if (this.options.plan.joins) this.#join()
  }

  #join(): void {
    const { scene, process, incarnation } = this
    this.#stopJoining = join({
      master: `${HOST}:${MASTER_PORT}`,
      identity: { role: 'worker', incarnation, key: scene.key },
      clock: process.clock,
      log: scene.log(this.options.name),
      dial: (options) => dialFrom(process, scene.network, options),
      connected: (connection) => this.#core.connected(this.#tap(connection)),
    })
  }

  #tap(connection: Connection): Connection {
    const { scene } = this
    const { timeline } = scene
    const master = connection.peer.incarnation
    /** Of each beat, and of the registration as beat 0. */
    const sentAt = new Map<number, number>()
    return new Tapped(connection, {
      sent: (message) => {
        if (message.type === 'register') {
          // A master that it does not refuse: from here on this is its session.
          const sinceMs = timeline.now - (this.contactAt ?? 0)
          const leaves = this.#master !== undefined && this.#master !== master && sinceMs < SUSPECT_MS * CLOCK_RATE_MIN
          scene.tell({ kind: 'registers', worker: this, master, leaves: leaves ? this.#master : undefined })
          this.#session = sentAt
          this.#master = master
          this.contactAt = timeline.now
          sentAt.set(0, timeline.now)
        } else if (message.type === 'beat') sentAt.set(message.n, timeline.now)
      },
      heard: (messages) => {
        if (this.#session !== sentAt) return
        this.contactAt = timeline.now
        for (const message of messages) this.#heard(message, sentAt)
      },
      closed: () => {
        // Where it was silent before, the master is lost since its last line.
        if (this.#session !== sentAt) return
        this.#master = undefined
        if (timeline.now - (this.contactAt ?? 0) < SUSPECT_MS) this.contactAt = timeline.now
      },
    })
  }

  #heard(message: Message, sentAt: ReadonlyMap<number, number>): void {
    const { now } = this.scene.timeline
    if (message.type === 'drain') this.drainsSince ??= now
    if (message.type === 'cancel') for (const { lease } of message.list) this.cancelsHeard.set(lease, now)
    if (message.type === 'welcome') for (const { lease } of message.stale) this.cancelsHeard.set(lease, now)
    const beat = message.type === 'welcome' ? 0 : message.type === 'heard' ? message.durable : undefined
    const at = beat === undefined ? undefined : sentAt.get(beat)
    if (at !== undefined) this.confirmedAt = Math.max(at, this.confirmedAt ?? at)
  }

  async #leave(code: number): Promise<void> {
    this.#stopJoining()
    await this.#core.leave()
    this.#left = true
    this.exitCode = code
    this.process.die()
  }
}
