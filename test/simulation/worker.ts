// One life of a worker: dtr's own core and machine in a process of the simulation, with simulated hosts.
import { Reception } from '../../src/net/accept.js'
import type { Connection } from '../../src/net/connection.js'
import { MASTER_TO_WORKER_MESSAGES } from '../../src/protocol/messages.js'
import { WorkerCore } from '../../src/worker/core.js'
import { SimulatedHost } from './host.js'
import type { Computer, Process } from './machine.js'
import { HOST, type Listener } from './network.js'
import type { WorkerPlan } from './plan.js'
import type { Scene } from './scene.js'
import { Tapped } from './tap.js'

export const FIRST_WORKER_PORT = 5_000
export const MASTER_TIMEOUT_MS = 30_000

export interface WorkerOptions {
  readonly name: string
  readonly life: number
  readonly plan: WorkerPlan
  readonly computer: Computer
}

export class WorkerLife {
  readonly process: Process
  readonly incarnation: string
  readonly hosts = new Set<SimulatedHost>()
  readonly listener: Listener
  /** In true time: when a master was last heard, or seen to go. Since when masters may come, before that. */
  contactAt: number | undefined
  drainsSince: number | undefined
  exitCode: number | undefined
  readonly #core: WorkerCore
  #left = false

  constructor(
    private readonly scene: Scene,
    readonly options: WorkerOptions,
  ) {
    const { name, life, computer, plan } = options
    this.incarnation = `${name}#${life}`
    const process = scene.process(computer, this.incarnation)
    this.process = process
    this.listener = scene.network.listen(FIRST_WORKER_PORT, process)
    this.#core = new WorkerCore({
      config: {
        ...{ name, slots: plan.slots, version: '0', pid: process.pid, hostname: computer.id, machine: computer.id },
        queues: ['default'],
        masterTimeoutMs: MASTER_TIMEOUT_MS,
        killGraceMs: scene.plan.killGraceMs,
        defaultTimeoutMs: undefined,
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
  }

  #tap(connection: Connection): Connection {
    const { timeline } = this.scene
    const seen = (): void => {
      this.contactAt = timeline.now
    }
    seen()
    return new Tapped(connection, {
      heard: (messages) => {
        seen()
        if (messages.some(({ type }) => type === 'drain')) this.drainsSince ??= timeline.now
      },
      closed: seen,
    })
  }

  async #leave(code: number): Promise<void> {
    await this.#core.leave()
    this.#left = true
    this.exitCode = code
    this.process.die()
  }
}
