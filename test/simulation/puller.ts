// A worker that pulls, as somebody would write one: it asks for work over a client of its own, runs it, says that it lives, and
// says what came of it. While things go wrong it also loses answers, is late, forgets its leases, and repeats itself. Its name
// outlives it; what it ran does not.
import { Link } from '../../src/client/link.js'
import { type ClientEffect, type ClientEvent, ClientMachine } from '../../src/client/machine.js'
import type { Request } from '../../src/client/requests.js'
import type { Connection } from '../../src/net/connection.js'
import type { MasterToClient, PullEndingField, PulledTaskField } from '../../src/protocol/messages.js'
import { dialFrom } from './dialling.js'
import type { Computer, Process } from './machine.js'
import { HOST, MASTER_PORT } from './network.js'
import type { PullerPlan } from './plan.js'
import type { RunPlan, TaskPlan } from './plan-tasks.js'
import { resultOf } from './plan-votes.js'
import type { Random } from './random.js'
import type { Scene } from './scene.js'

export interface PullerOptions {
  readonly name: string
  readonly life: number
  readonly computer: Computer
  readonly plan: PullerPlan
}

type Answer = MasterToClient | { readonly type: 'failed'; readonly code: string }

const AGAIN_MS = [100, 1_500] as const

export class PullerLife {
  readonly process: Process
  readonly #machine = new ClientMachine()
  readonly #random: Random
  readonly #answers = new Map<number, (answer: Answer) => void>()
  /** What runs, by task. */
  readonly #running = new Map<string, PulledTaskField>()
  #connection: Connection | undefined
  #ticket = 0
  #cancelTick = (): void => {}

  constructor(
    private readonly scene: Scene,
    private readonly options: PullerOptions,
  ) {
    const { name, life, computer } = options
    this.process = scene.process(computer, `${name}-client#${life}`)
    this.#random = scene.random.fork()
    scene.timeline.after(0, () => this.process.deliver(() => this.#start()))
  }

  get #worker(): string {
    return this.options.name
  }

  get #isOdd(): boolean {
    return !this.scene.healed && this.#random.chance(this.options.plan.oddShare)
  }

  #start(): void {
    this.#connect()
    this.#register()
    this.#beat()
  }

  #register(): void {
    const { types, slots } = this.options.plan
    const asked = { type: 'pull-register', worker: this.#worker, slots, ...(types && { types: [...types] }) } as const
    this.#ask(asked, () => this.#claim())
  }

  #claim(): void {
    const { slots, leaseMs, waitMs } = this.options.plan
    const free = slots - this.#running.size
    if (free <= 0) return this.#later(() => this.#claim())
    const asked = { type: 'pull-claim', worker: this.#worker, max: free, leaseMs, waitMs } as const
    this.#ask(asked, (answer) => {
      if (answer.type === 'failed' && answer.code === 'not_found') return this.#register()
      // As where the answer was lost on its way.
      if (answer.type === 'pull-claimed' && !this.#isOdd) for (const task of answer.list) this.#run(task)
      this.#later(() => this.#claim())
    })
  }

  #run(task: PulledTaskField): void {
    const { id: taskId, lease: leaseId, attempt } = task
    const { runs } = this.#planOf(task)
    const run = runs[Math.min(attempt, runs.length) - 1]!
    this.#running.set(taskId, task)
    this.scene.tell({ kind: 'pull-began', taskId, leaseId, attempt, holder: `${this.#worker}#pull` })
    const lateMs = this.#isOdd ? this.#random.between(0, 2 * this.options.plan.leaseMs) : 0
    const ms = run.end === 'never-ends' ? (task.timeoutMs ?? run.ms) : run.ms
    this.#after(ms + lateMs, () => this.#settle(task, run))
  }

  #settle(task: PulledTaskField, run: RunPlan): void {
    const { id, lease } = task
    // It was told that the task is somebody else's: a good worker says nothing more.
    if (this.#running.get(id) !== task && !this.#isOdd) return
    // Without its lease this may count for a later attempt that it holds by now: so it brings no result.
    const named = this.#isOdd ? {} : { lease }
    const ending: PullEndingField = named.lease === undefined ? { outcome: 'returned' } : this.#endingOf(task, run)
    const say = (): void =>
      this.#ask({ type: 'pull-settle', worker: this.#worker, id, ...named, ending }, (answer) => {
        if (this.#running.get(id) === task) this.#running.delete(id)
        if (answer.type !== 'pull-settled') return
        const { status } = answer
        this.scene.tell({ kind: 'pull-settled', taskId: id, leaseId: named.lease, ending: ending.outcome, status })
      })
    say()
    if (this.#isOdd) this.#later(say)
  }

  #planOf({ payload }: PulledTaskField): TaskPlan {
    return this.scene.plan.tasks[(JSON.parse(payload) as { task: number }).task]!
  }

  #endingOf(task: PulledTaskField, { end, bytes }: RunPlan): PullEndingField {
    const failed = (final: boolean): PullEndingField => ({
      ...{ outcome: 'failed', final },
      error: { code: 'task_failed', message: 'it broke' },
    })
    if (this.#isOdd) return { outcome: 'returned' }
    if (end === 'fails' || end === 'never-ends') return failed(false)
    if (end === 'fails-for-good' || end === 'refuses') return failed(true)
    return { outcome: 'completed', result: resultOf(this.#planOf(task), task.lease, this.options.plan.lies, bytes) }
  }

  /** It names what it runs, and ends what is not its own any more. */
  #beat(): void {
    const { beatMs } = this.options.plan
    const tasks = [...this.#running.values()].map(({ id, lease }) => (this.#isOdd ? { id } : { id, lease }))
    this.#ask({ type: 'pull-beat', worker: this.#worker, tasks }, (answer) => {
      if (answer.type === 'pull-heard') for (const id of answer.lost) this.#running.delete(id)
    })
    this.#after(beatMs * (this.#isOdd ? 10 : 1), () => this.#beat())
  }

  #later(run: () => void): void {
    this.#after(this.#random.between(...AGAIN_MS), run)
  }

  #after(ms: number, run: () => void): void {
    this.scene.timeline.after(ms, () => this.process.deliver(run))
  }

  // --- The client through which it speaks ------------------------------------------------------------------------------

  #ask(request: Request, answered: (answer: Answer) => void): void {
    this.#ticket += 1
    this.#answers.set(this.#ticket, answered)
    this.#step({ kind: 'request', ticket: this.#ticket, request })
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
        gaveUp: () => {},
      },
    )
    link.start().catch(() => {})
  }

  #step(event: ClientEvent): void {
    const { clock } = this.process
    for (const effect of this.#machine.step(clock.now(), event)) this.#apply(effect)
    this.#cancelTick()
    const deadline = this.#machine.nextDeadline(clock.now().monoMs)
    if (deadline !== undefined) this.#cancelTick = clock.wakeAt(deadline, () => this.#step({ kind: 'tick' }))
  }

  #apply(effect: ClientEffect): void {
    if (effect.kind === 'send') this.#connection?.send(effect.message)
    else if (effect.kind === 'answered') this.#answered(effect.ticket, effect.message)
    else if (effect.kind === 'request-failed')
      this.#answered(effect.ticket, { type: 'failed', code: effect.error.code })
  }

  #answered(ticket: number, answer: Answer): void {
    const answered = this.#answers.get(ticket)
    this.#answers.delete(ticket)
    // In its own time: what it does next is no part of what it has heard.
    this.scene.timeline.after(0, () => this.process.deliver(() => answered?.(answer)))
  }
}
