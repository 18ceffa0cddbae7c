// A client: dtr's own machine, link and sessions. It dials until it is answered, submits what the plan has for it, and
// waits for the end of everything that it submitted, over crashes of its own too: then it follows its tasks by their ids.

import { Link } from '../../src/client/link.js'
import { type ClientEffect, type ClientEvent, ClientMachine } from '../../src/client/machine.js'
import type { Request } from '../../src/client/requests.js'
import type { Connection } from '../../src/net/connection.js'
import type { MasterToClient } from '../../src/protocol/messages.js'
import { dialFrom } from './dialling.js'
import type { Computer, Process } from './machine.js'
import { HOST, MASTER_PORT } from './network.js'
import { type TaskPlan, tells } from './plan-tasks.js'
import type { Scene } from './scene.js'

export interface ClientOptions {
  readonly name: string
  readonly life: number
  readonly computer: Computer
  readonly tasks: readonly TaskPlan[]
  /** What a former life of it had heard; this one need not ask again. */
  readonly ended: Set<string>
  /** What it has sent back by hand already. */
  readonly retried: Set<string>
}

interface Asked {
  readonly what: 'submit' | 'cancel' | 'retry' | 'reload' | 'story'
  readonly id: string
}

export class ClientLife {
  readonly process: Process
  readonly #machine = new ClientMachine()
  /** What each ticket asks for, of which task or worker. */
  readonly #tickets = new Map<number, Asked>()
  #connection: Connection | undefined
  #ticket = 0
  #cancelTick = (): void => {}

  constructor(
    private readonly scene: Scene,
    private readonly options: ClientOptions,
  ) {
    const { name, life, computer, tasks, ended } = options
    this.process = scene.process(computer, `${name}#${life}`)
    for (const task of tasks) {
      if (ended.has(task.spec.id)) continue
      this.#at(task.submitAtMs, () => this.#submit(task))
      if (task.cancelAtMs !== undefined) this.#at(task.cancelAtMs, () => this.#cancel(task))
    }
    scene.timeline.after(0, () => this.process.deliver(() => this.#connect()))
  }

  /** At a time of the plan; at once where that is over. */
  #at(ms: number, run: () => void): void {
    this.scene.timeline.at(ms, () => this.process.deliver(run))
  }

  #submit({ spec }: TaskPlan): void {
    const ticket = this.#take('submit', spec.id)
    this.scene.tell({ kind: 'submitted', client: this.process.name, id: spec.id })
    this.#step({ kind: 'submit', request: { ticket, task: spec } })
  }

  #retry({ spec }: TaskPlan): void {
    this.options.retried.add(spec.id)
    this.scene.tell({ kind: 'retries', client: this.process.name, id: spec.id })
    this.#ask('retry', spec.id, { type: 'retry-tasks', ids: [spec.id] })
  }

  /** Asks a worker to load its modules anew. */
  reload(worker: string): void {
    this.process.deliver(() => this.#ask('reload', worker, { type: 'reload-worker', worker }))
  }

  #cancel({ spec }: TaskPlan): void {
    this.scene.tell({ kind: 'cancels', client: this.process.name, id: spec.id })
    this.#ask('cancel', spec.id, { type: 'cancel-tasks', ids: [spec.id] })
  }

  #ask(what: Asked['what'], id: string, request: Request): void {
    this.#step({ kind: 'request', ticket: this.#take(what, id), request })
  }

  #take(what: Asked['what'], id: string): number {
    this.#ticket += 1
    this.#tickets.set(this.#ticket, { what, id })
    return this.#ticket
  }

  #connect(): void {
    const { scene, process } = this
    const random = scene.random.fork()
    const link = new Link(
      {
        identity: { role: 'client', incarnation: process.name, key: scene.key },
        locate: () => ({ host: HOST, port: MASTER_PORT }),
        mayCome: () => true,
        dial: (options) => dialFrom(process, scene.network, options),
        clock: process.clock,
        random: () => random.unit(),
        connectMs: undefined,
        reconnectMs: undefined,
      },
      {
        connected: (connection) => {
          this.#connection = connection
          this.#step({ kind: 'connected' })
        },
        messages: (messages) => this.#step({ kind: 'messages', messages }),
        closed: () => {
          this.#connection = undefined
          this.#step({ kind: 'closed' })
        },
        gaveUp: (error) => this.#gaveUp(error.code),
      },
    )
    link.start().catch((error: { code: string }) => this.#gaveUp(error.code))
  }

  /** All that it still waits for is told so. */
  #gaveUp(code: string): void {
    const client = this.process.name
    for (const { what, id } of this.#tickets.values()) {
      if (what === 'submit') this.scene.tell({ kind: 'refused', client, id, code })
    }
  }

  #step(event: ClientEvent): void {
    const { clock } = this.process
    for (const effect of this.#machine.step(clock.now(), event)) this.#apply(effect)
    this.#cancelTick()
    const deadline = this.#machine.nextDeadline(clock.now().monoMs)
    if (deadline !== undefined) this.#cancelTick = clock.wakeAt(deadline, () => this.#step({ kind: 'tick' }))
  }

  #apply(effect: ClientEffect): void {
    const client = this.process.name
    switch (effect.kind) {
      case 'send':
        return this.#connection?.send(effect.message)
      case 'submitted':
        this.#watch(effect.id)
        if (effect.untold) this.#step({ kind: 'follow', id: effect.id })
        return this.scene.tell({ kind: 'accepted', client, id: effect.id })
      case 'submit-refused':
        return this.scene.tell({ kind: 'refused', client, id: this.#of(effect.ticket).id, code: effect.error.code })
      case 'ended':
        this.#ended(effect.end.id)
        this.#readStory(effect.end.id)
        return this.scene.tell({ kind: 'told-end', client, end: effect.end })
      case 'unknown':
        this.options.ended.add(effect.id)
        return this.scene.tell({ kind: 'unknown', client, id: effect.id })
      case 'answered':
        return this.#answered(this.#of(effect.ticket), effect.message)
      case 'request-failed':
        return this.#answered(this.#of(effect.ticket), effect.error.code)
      case 'withdrawn':
        return
    }
  }

  /** What its code tells while it runs. */
  #watch(id: string): void {
    const payload = this.options.tasks.find(({ spec }) => spec.id === id)?.spec.payload ?? '{}'
    const { task = 1 } = JSON.parse(payload) as { task?: number }
    if (tells(task)) this.#step({ kind: 'watch', ids: [id] })
  }

  #ended(id: string): void {
    const { ended, retried, tasks } = this.options
    ended.add(id)
    const task = tasks.find(({ spec }) => spec.id === id)
    const { now } = this.scene.timeline
    if (task?.retryAfterMs === undefined || retried.has(id)) return
    this.#at(now + task.retryAfterMs, () => this.#retry(task))
  }

  #readStory(id: string): void {
    this.#ask('story', id, { type: 'get', ids: [id], story: true })
  }

  /** With an answer, or with the code of an error. */
  #answered({ what, id }: Asked, message: MasterToClient | string): void {
    const client = this.process.name
    const list =
      typeof message === 'object' && 'list' in message ? (message.list as readonly { status?: string }[]) : []
    const status = typeof message === 'string' ? message : (list[0]?.status ?? message.type)
    switch (what) {
      case 'cancel':
        return this.scene.tell({ kind: 'cancelled', client, id, status })
      case 'retry':
        this.scene.tell({ kind: 'retried', client, id, status })
        // Without an answer it may have been, and nobody knows.
        return status === 'retried' || typeof message === 'string' ? this.#followAnew(id) : undefined
      case 'reload':
        return this.scene.tell({ kind: 'reloaded', client, worker: id, status })
    }
  }

  #followAnew(id: string): void {
    this.options.ended.delete(id)
    this.#step({ kind: 'follow', id })
  }

  #of(ticket: number): Asked {
    return this.#tickets.get(ticket)!
  }
}
