// What goes wrong, and when: drawn from the seed, carried out on whoever is there.
import type { Cluster } from './cluster.js'
import type { Process } from './machine.js'
import { nodeOf } from './network.js'
import type { Fault } from './plan.js'
import { TYPES } from './plan-tasks.js'
import type { Random } from './random.js'
import { Rival } from './rival.js'
import type { WorkerLife } from './worker.js'

const WAYS = ['in', 'out'] as const

export class Faults {
  readonly #random: Random

  constructor(private readonly cluster: Cluster) {
    this.#random = cluster.scene.random.fork()
    this.#next()
  }

  get #scene() {
    return this.cluster.scene
  }

  #next(): void {
    const { timeline, plan, healed } = this.#scene
    if (healed || !Number.isFinite(plan.faultEveryMs)) return
    const waitMs = -Math.log(1 - this.#random.unit()) * plan.faultEveryMs
    timeline.after(waitMs, () => {
      if (this.#scene.healed) return
      this.#strike(this.#random.whole(0, plan.workers.length - 1))
      this.#next()
    })
  }

  /** One fault, and sometimes another soon after it that meets the same worker. */
  #strike(index: number): void {
    const { timeline, plan } = this.#scene
    const fault = this.#random.weighted(plan.faults)
    if (this.#scene.healed || fault === undefined) return
    this.#commit(fault, index)
    if (this.#random.chance(plan.companyShare)) timeline.after(this.#random.skewed(0, 3_000), () => this.#strike(index))
  }

  /** Nothing goes wrong from here on, and what had gone wrong is mended. */
  heal(): void {
    const { scene, disk } = this.cluster
    scene.healed = true
    disk.failing = false
    disk.slowUntil = 0
    scene.network.unblockAll()
    scene.home.catchUp()
    for (const { modules, life } of this.cluster.workers) {
      modules.types = life.options.plan.types
      life.reload()
    }
    for (const process of this.cluster.processes) process.thaw()
    scene.tell({ kind: 'healed' })
  }

  #commit(fault: Fault, index: number): void {
    const { cluster } = this
    const random = this.#random
    const worker = cluster.workers[index]!.life
    const client = random.pick(cluster.clients).life
    const master = cluster.master.life
    switch (fault) {
      case 'kill-worker':
        return this.#kill(worker.process)
      case 'kill-worker-and-reset':
        // A process that dies with something unread resets its connections: what it had said last is lost with them.
        for (const connection of this.#scene.network.connections) if (connection.joins(worker.process)) connection.cut()
        return this.#kill(worker.process)
      case 'kill-host': {
        const hosts = [...worker.hosts]
        if (hosts.length > 0) this.#kill(random.pick(hosts).process)
        return
      }
      case 'kill-two':
        return this.#killTwo(worker)
      case 'kill-master':
        return this.#kill(master.process)
      case 'kill-client':
        return this.#kill(client.process)
      case 'freeze-worker':
        return this.#freeze([worker.process])
      case 'freeze-host':
        return this.#freeze([...worker.hosts].map(({ process }) => process))
      case 'freeze-both':
        return this.#freeze([worker.process, ...[...worker.hosts].map(({ process }) => process)])
      case 'freeze-master':
        return this.#freeze([master.process])
      case 'cut':
      case 'stall':
        return this.#disturb(fault, worker.process)
      case 'block':
      case 'block-one-way':
        return this.#block(random.chance(0.8) ? worker.process : client.process, fault === 'block')
      case 'flap':
        return random.chance(0.6) ? this.#flap(worker.process) : this.#strand(worker)
      case 'slow-disk':
        return this.#slowDisk()
      case 'step-wall-clock': {
        const computer = random.pick(cluster.processes).computer
        const stepMs = Math.round(random.between(-1, 1) * random.pick([2_000, 3_600_000, 86_400_000]))
        computer.stepWallClock(stepMs)
        return this.#tell(`the wall clock of ${computer.id} steps by ${stepMs} ms`)
      }
      case 'drain-worker':
        return worker.process.alive ? worker.drain() : undefined
      case 'end-worker-now':
        return this.#again(
          'drain',
          () => worker.drain(),
          () => worker.stop(),
        )
      case 'restart-master':
        this.#tell(`${master.incarnation} is asked to stop`)
        return master.stop()
      case 'end-master-now':
        this.#tell(`${master.incarnation} is asked to stop`)
        return this.#again(
          'stop',
          () => master.stop(),
          () => master.stop(true),
        )
      case 'change-modules':
        return this.#changeModules(index)
      case 'reload-worker':
        this.#tell(`${client.process.name} asks for a reload of ${worker.incarnation}`)
        return client.reload(worker.incarnation)
      case 'rival':
        return new Rival(this.#scene, random.fork()).court(worker, random.between(1_000, 20_000))
    }
  }

  /** As a person does who kills what he finds: a host with code, and soon after it something else there, or the master. */
  #killTwo({ hosts, process: { computer } }: WorkerLife): void {
    const alone = [...hosts].filter(({ running }) => running === 1)
    if (alone.length === 0) return
    this.#kill(this.#random.pick(alone).process)
    this.#scene.timeline.after(this.#random.between(0, 6_000), () => {
      const { processes, master } = this.cluster
      const there = processes.filter((process) => process.alive && process.computer === computer)
      if (!this.#scene.healed) this.#kill(this.#random.pick([...there, master.life.process]))
    })
  }

  /** A signal, and a second one while the first is obeyed. */
  #again(what: string, first: () => void, second: () => void): void {
    first()
    this.#scene.timeline.after(this.#random.skewed(0, this.#scene.plan.drainMs), () => {
      this.#tell(`a second signal (${what})`)
      second()
    })
  }

  #changeModules(index: number): void {
    const { modules, life } = this.cluster.workers[index]!
    modules.types = this.#random.pick([undefined, ['a'], ['b'], TYPES])
    this.#tell(`the modules of ${life.incarnation} serve ${modules.types?.join(', ') ?? 'nothing: they are broken'}`)
    // Or whoever changed them does not say so, and the next host loads them.
    if (this.#random.chance(0.7)) life.reload()
  }

  #kill(process: Process): void {
    if (!process.alive) return
    this.#tell(`${process.name} (${process.pid}) is killed`)
    process.die()
  }

  #freeze(processes: readonly Process[]): void {
    const frozen = processes.filter(({ alive, frozen }) => alive && !frozen)
    if (frozen.length === 0) return
    const ms = this.#random.skewed(50, this.#scene.plan.pausesMsMax)
    this.#tell(`${frozen.map(({ name }) => name).join(', ')} frozen for ${Math.round(ms)} ms`)
    for (const process of frozen) process.freeze()
    this.#scene.timeline.after(ms, () => {
      for (const process of frozen) process.thaw()
    })
  }

  #disturb(how: 'cut' | 'stall', process: Process): void {
    const { network, timeline } = this.#scene
    const all = [...network.connections]
    const own = all.filter((connection) => connection.joins(process))
    const connections = own.length > 0 && this.#random.chance(0.7) ? own : all
    if (connections.length === 0) return
    const connection = this.#random.pick(connections)
    const between = `${connection.near.process.name} - ${connection.far.process.name}`
    if (how === 'cut') {
      this.#tell(`connection ${between} is cut`)
      return connection.cut()
    }
    const ms = this.#random.skewed(100, 20_000)
    this.#tell(`connection ${between} stalls for ${Math.round(ms)} ms`)
    connection.stall(timeline.now + ms)
  }

  /** Between a process and the master. */
  #block(process: Process, both: boolean): void {
    const ms = this.#random.skewed(200, 40_000)
    for (const way of both ? WAYS : [this.#random.pick(WAYS)]) this.#blockWay(process, way, ms)
  }

  #slowDisk(): void {
    const { disk, scene } = this.cluster
    disk.slowMs = this.#random.pick([500, 2_000, 20_000])
    disk.slowUntil = scene.timeline.now + this.#random.between(1_000, 20_000)
    this.#tell(`the disk takes up to ${disk.slowMs} ms`)
  }

  /**
   * First answers do not come, then nothing leaves either; and answers come late, to what was said long ago. Sometimes the disk
   * is slow at the end of it: what the master decided meanwhile takes its time.
   */
  #flap(process: Process): void {
    const answersMs = this.#random.between(3_000, 14_000)
    this.#blockWay(process, 'in', answersMs)
    const silentAfterMs = this.#random.between(0, answersMs)
    const silentMs = this.#random.between(1_000, 30_000)
    this.#scene.timeline.after(silentAfterMs, () => {
      if (!this.#scene.healed) this.#blockWay(process, 'out', silentMs)
    })
    if (!this.#random.chance(0.5)) return
    this.#scene.timeline.after(silentAfterMs + silentMs / 2, () => {
      if (!this.#scene.healed) this.#slowDisk()
    })
  }

  /** Work that has come cannot begin, for its hosts stand still; and before it can it is somebody else's. */
  #strand({ process, hosts }: WorkerLife): void {
    this.#freeze([...hosts].map((host) => host.process))
    const ms = this.#random.between(15_500, 30_000)
    this.#scene.timeline.after(this.#random.between(500, 4_500), () => {
      if (!this.#scene.healed) for (const way of WAYS) this.#blockWay(process, way, ms)
    })
  }

  #blockWay(process: Process, way: (typeof WAYS)[number], ms: number): void {
    const { network, timeline } = this.#scene
    const node = nodeOf(process)
    const [from, to] = way === 'out' ? [node, 'master'] : ['master', node]
    this.#tell(`nothing goes from ${from} to ${to} for ${Math.round(ms)} ms`)
    network.block(from, to)
    timeline.after(ms, () => network.unblock(from, to))
  }

  #tell(what: string): void {
    this.#scene.tell({ kind: 'fault', what })
  }
}
