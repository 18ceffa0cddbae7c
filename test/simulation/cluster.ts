// All processes of a scene, and the operator who starts again what has ended.
import { type Batch, type Outcome, PAGE_MAX } from '../../src/store/store.js'
import { isTerminal } from '../../src/task/task.js'
import { ClientLife } from './client.js'
import { Disk } from './disk.js'
import type { Row } from './happenings.js'
import type { Computer, Process } from './machine.js'
import { MasterLife } from './master.js'
import { PullerLife } from './puller.js'
import type { Random } from './random.js'
import type { Scene } from './scene.js'
import { type Modules, WorkerLife } from './worker.js'

interface WorkerSeat extends Seat<WorkerLife> {
  readonly modules: Modules
}

interface Seat<Life> {
  readonly name: string
  readonly computer: Computer
  life: Life
  lives: number
}

/** What the operator takes to notice that a process has ended. */
const NOTICED_MS = [20, 20_000] as const
const NOTICED_AT_ONCE_MS = 500

export class Cluster {
  readonly workers: WorkerSeat[] = []
  readonly clients: Seat<ClientLife>[] = []
  readonly pullers: Seat<PullerLife>[] = []
  master!: Seat<MasterLife>
  disk!: Disk
  /** What each client has heard the end of. */
  readonly #ended: Set<string>[] = []
  readonly #retried: Set<string>[] = []
  readonly #random: Random
  /** What the disk held after the last batch. */
  #last: ReadonlyMap<string, Row> = new Map()
  /** All that there ever were. */
  readonly #replicas = new Set<string>()

  constructor(readonly scene: Scene) {
    this.#random = scene.random.fork()
  }

  async start(): Promise<void> {
    const { scene } = this
    const { plan, home } = scene
    this.disk = await Disk.open(scene.random.fork(), plan.disk, plan.pendingMax, {
      taken: (batch) => scene.tell({ kind: 'taken', batch, by: this.master.life }),
      applied: (batch, apply) => this.#applied(batch, apply),
    })
    this.master = { name: 'master', computer: home, lives: 0, life: this.#startMaster(0) }
    plan.workers.forEach((worker, index) => {
      const computer = worker.besideMaster ? home : scene.computer(`computer-${index}`, worker.clockRate)
      const name = `worker-${index}`
      const modules: Modules = { types: worker.types }
      const life = this.#startWorker(name, index, 0, computer, modules)
      this.workers.push({ name, computer, modules, lives: 0, life })
    })
    for (let index = 0; index < plan.clients; index += 1) {
      const name = `client-${index}`
      const computer = scene.computer(name, 1)
      this.#ended.push(new Set())
      this.#retried.push(new Set())
      this.clients.push({ name, computer, lives: 0, life: this.#startClient(name, index, 0, computer) })
    }
    for (const index of plan.pullers.keys()) {
      const name = `puller-${index}`
      const computer = scene.computer(name, 1)
      this.pullers.push({ name, computer, lives: 0, life: this.#startPuller(name, index, 0, computer) })
    }
  }

  get processes(): Process[] {
    const hosts = this.workers.flatMap(({ life }) => [...life.hosts].map(({ process }) => process))
    return [this.master, ...this.workers, ...this.clients].map(({ life }) => life.process).concat(hosts)
  }

  /** Whether everything has ended, and every client knows how all ended that it submitted. */
  get over(): boolean {
    const { tasks } = this.scene.plan
    const told = tasks.every(({ client, spec }) => this.#ended[client]!.has(spec.id))
    return told && [...this.#last.values()].every(({ task }) => isTerminal(task.state))
  }

  /** With the replicas of those that are voted on, which may be kept for longer. */
  async rows(): Promise<ReadonlyMap<string, Row>> {
    const rows = await this.#rows(this.scene.plan.tasks.map(({ spec }) => spec.id))
    for (const { poll } of rows.values()) for (const { taskId } of poll?.replicas ?? []) this.#replicas.add(taskId)
    const replicas = [...this.#replicas]
    for (let from = 0; from < replicas.length; from += PAGE_MAX) {
      for (const row of await this.#rows(replicas.slice(from, from + PAGE_MAX))) rows.set(...row)
    }
    return rows
  }

  // --- Lives -----------------------------------------------------------------------------------------------------------

  #startMaster(life: number): MasterLife {
    const { scene } = this
    const { plan } = scene
    const keepWorkers = this.#random.chance(0.5)
    const master = new MasterLife(scene, { life, disk: this.disk, keepWorkers, ports: plan.workers.length + 2 })
    master.process.onDeath(() =>
      this.#again(() => {
        this.master.lives += 1
        this.master.life = this.#startMaster(this.master.lives)
      }),
    )
    return master
  }

  #startWorker(name: string, index: number, life: number, computer: Computer, modules: Modules): WorkerLife {
    const plan = this.scene.plan.workers[index]!
    const worker = new WorkerLife(this.scene, { name, life, plan, computer, modules })
    worker.process.onDeath(() =>
      this.#again(() => {
        const seat = this.workers[index]!
        seat.lives += 1
        seat.life = this.#startWorker(name, index, seat.lives, computer, modules)
      }),
    )
    return worker
  }

  #startClient(name: string, index: number, life: number, computer: Computer): ClientLife {
    const tasks = this.scene.plan.tasks.filter(({ client }) => client === index)
    const [ended, retried] = [this.#ended[index]!, this.#retried[index]!]
    const client = new ClientLife(this.scene, { name, life, computer, tasks, ended, retried })
    client.process.onDeath(() =>
      this.#again(() => {
        const seat = this.clients[index]!
        seat.lives += 1
        seat.life = this.#startClient(name, index, seat.lives, computer)
      }),
    )
    return client
  }

  #startPuller(name: string, index: number, life: number, computer: Computer): PullerLife {
    const { scene } = this
    const plan = scene.plan.pullers[index]!
    const puller = new PullerLife(scene, { name, life, computer, plan })
    if (Number.isFinite(plan.livesMs)) {
      scene.timeline.after(this.#random.between(0, 2 * plan.livesMs), () => {
        if (!scene.healed) puller.process.die()
      })
    }
    puller.process.onDeath(() =>
      this.#again(() => {
        const seat = this.pullers[index]!
        seat.lives += 1
        seat.life = this.#startPuller(name, index, seat.lives, computer)
      }),
    )
    return puller
  }

  /** After a while, and soon once nothing goes wrong any more. */
  #again(start: () => void): void {
    const { timeline } = this.scene
    const at = timeline.now + this.#random.skewed(...NOTICED_MS)
    const look = (): void => {
      if (timeline.now < at && !this.scene.healed) timeline.after(Math.min(NOTICED_AT_ONCE_MS, at - timeline.now), look)
      else start()
    }
    timeline.after(Math.min(NOTICED_AT_ONCE_MS, at - timeline.now), look)
  }

  // --- What the disk does ------------------------------------------------------------------------------------------------

  async #applied(batch: Batch, apply: () => Promise<Outcome>): Promise<Outcome> {
    const by = this.master.life
    const outcome = await apply()
    const rows = await this.rows()
    const after = new Map([...rows].filter(([id, row]) => !isSame(this.#last.get(id), row)))
    const before = new Map([...this.#last].filter(([id]) => after.has(id)))
    const forgotten = new Map([...this.#last].filter(([id]) => !rows.has(id)))
    this.#last = rows
    this.scene.tell({ kind: 'applied', batch, outcome, before, after, forgotten, rows, by })
    return outcome
  }

  async #rows(ids: readonly string[]): Promise<Map<string, Row>> {
    const rows = await this.disk.store.get(ids)
    return new Map(rows.map((row) => [row.task.id, row]))
  }
}

function isSame(one: Row | undefined, { task, story }: Row): boolean {
  if (one?.story.length !== story.length) return false
  const before = one.task
  return (
    before.seq === task.seq &&
    before.state === task.state &&
    before.leaseId === task.leaseId &&
    before.attempt === task.attempt &&
    before.uncharged === task.uncharged &&
    before.runAt === task.runAt &&
    before.endedAt === task.endedAt &&
    before.result === task.result &&
    before.cancelRequested === task.cancelRequested &&
    before.error?.message === task.error?.message
  )
}
