// A client: dtr's own machine over dtr's own sessions. It dials until it is answered, submits what the plan has for it, and
// waits for the end of everything that it submitted, over crashes of its own too: then it follows its tasks by their ids.
import { type ClientEffect, type ClientEvent, ClientMachine } from '../../src/client/machine.js'
import type { Connection } from '../../src/net/connection.js'
import { MASTER_TO_CLIENT_MESSAGES, type MasterToClient } from '../../src/protocol/messages.js'
import { dialFrom } from './dialling.js'
import type { Computer, Process } from './machine.js'
import { MASTER_PORT } from './master.js'
import { HOST } from './network.js'
import type { TaskPlan } from './plan.js'
import type { Scene } from './scene.js'

const REDIAL_MS = [100, 1_000] as const

export interface ClientOptions {
  readonly name: string
  readonly life: number
  readonly computer: Computer
  readonly tasks: readonly TaskPlan[]
  /** What a former life of it had heard; this one need not ask again. */
  readonly ended: Set<string>
}

export class ClientLife {
  readonly process: Process
  readonly #machine = new ClientMachine()
  /** What each ticket asks for: a submit or a cancel of this task. */
  readonly #tickets = new Map<number, string>()
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
    scene.timeline.after(0, () => this.process.deliver(() => void this.#keepDialling()))
  }

  /** At a time of the plan; at once where that is over. */
  #at(ms: number, run: () => void): void {
    this.scene.timeline.at(ms, () => this.process.deliver(run))
  }

  #submit({ spec }: TaskPlan): void {
    const ticket = this.#take(spec.id)
    this.scene.tell({ kind: 'submitted', client: this.process.name, id: spec.id })
    this.#step({ kind: 'submit', request: { ticket, task: spec } })
  }

  #cancel({ spec }: TaskPlan): void {
    const ticket = this.#take(spec.id)
    this.scene.tell({ kind: 'cancels', client: this.process.name, id: spec.id })
    this.#step({ kind: 'request', ticket, request: { type: 'cancel-tasks', ids: [spec.id] } })
  }

  #take(id: string): number {
    this.#ticket += 1
    this.#tickets.set(this.#ticket, id)
    return this.#ticket
  }

  async #keepDialling(): Promise<void> {
    const { scene, process } = this
    const result = await dialFrom(process, scene.network, {
      ...{ host: HOST, port: MASTER_PORT, connectMs: 2_000, expect: 'master' },
      identity: { role: 'client', incarnation: process.name, key: scene.key },
      accepts: MASTER_TO_CLIENT_MESSAGES,
    })
    if (result.kind === 'connected') await this.#use(result.connection)
    const waitMs = scene.random.between(...REDIAL_MS)
    process.clock.wakeAt(process.clock.now().monoMs + waitMs, () => void this.#keepDialling())
  }

  /** Resolves when the connection is closed. */
  #use(connection: Connection): Promise<void> {
    this.#connection = connection
    return new Promise((resolve) => {
      connection.open({
        messages: (messages) => this.#step({ kind: 'messages', messages: messages as readonly MasterToClient[] }),
        closed: () => {
          this.#connection = undefined
          this.#step({ kind: 'closed' })
          resolve()
        },
      })
      this.#step({ kind: 'connected' })
    })
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
        return this.scene.tell({ kind: 'accepted', client, id: effect.id })
      case 'submit-refused':
        return this.scene.tell({ kind: 'refused', client, id: this.#of(effect.ticket), code: effect.error.code })
      case 'ended':
        this.options.ended.add(effect.end.id)
        return this.scene.tell({ kind: 'told-end', client, end: effect.end })
      case 'unknown':
        return this.scene.tell({ kind: 'unknown', client, id: effect.id })
      case 'answered': {
        const { message } = effect
        const status = message.type === 'cancelled-tasks' ? (message.list[0]?.status ?? 'nothing') : message.type
        return this.scene.tell({ kind: 'cancelled', client, id: this.#of(effect.ticket), status })
      }
      case 'request-failed':
        return this.scene.tell({ kind: 'cancelled', client, id: this.#of(effect.ticket), status: effect.error.code })
      case 'withdrawn':
        return
    }
  }

  #of(ticket: number): string {
    return this.#tickets.get(ticket) ?? '?'
  }
}
