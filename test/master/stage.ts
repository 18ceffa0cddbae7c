// A master's machine on a stage: the real machine and the real in-memory store, time and the moment of each commit in
// the hands of the test. What would have left for a peer is kept by session, in order.
import type { MasterEffect, MasterEvent, MasterSettings, ProbeResult } from '../../src/master/events.js'
import { MasterMachine } from '../../src/master/machine.js'
import { ask } from '../../src/master/reads.js'
import type { ClientMessage, Message, Register, SubmittedTask, WorkerMessage } from '../../src/protocol/messages.js'
import { openStore } from '../../src/store/open.js'
import type { Batch, Holder, Outcome, Store } from '../../src/store/store.js'

export const START = { monoMs: 1_000_000, wallMs: 1_800_000_000_000 }
export const MACHINE = 'boot-1/net-1'

export interface StageOptions {
  readonly holders?: readonly Holder[]
  readonly store?: Store
  readonly settings?: Partial<MasterSettings>
}

export class Stage {
  monoMs = START.monoMs
  wallMs = START.wallMs
  readonly sent = new Map<number, Message[]>()
  readonly closed: { session: number; reason: string }[] = []
  readonly probes: string[] = []
  readonly logs: string[] = []
  exitCode: number | undefined
  batches = 0
  lastBatch: Batch | undefined
  readonly #inFlight: Batch[] = []
  #session = 0
  #task = 0
  readonly #reads: Promise<void>[] = []

  private constructor(
    readonly machine: MasterMachine,
    readonly store: Store,
  ) {}

  static async open(options: StageOptions = {}): Promise<Stage> {
    const store = options.store ?? (await openStore({ kind: 'memory', limits: { pendingMax: 100_000 } }))
    const machine = new MasterMachine(START, {
      incarnation: 'master#1',
      pid: 1,
      version: '0',
      address: '127.0.0.1:4999',
      machine: MACHINE,
      heartbeatMs: 2_000,
      suspectMs: 5_000,
      leaseMs: 15_000,
      codeDeadMs: 12_000,
      drainMs: 30_000,
      keepWorkers: false,
      tellsDebug: true,
      keep: { completedMs: 7 * 86_400_000, failedMs: undefined, tasks: 1_000_000, bytes: 2 ** 30 },
      pull: { leaseMs: 75_000, staleMs: 45_000, sweepMs: 1_000, maxAttempts: 5 },
      holders: options.holders ?? [],
      keys: [],
      quarantined: [],
      ...options.settings,
    })
    return new Stage(machine, store)
  }

  get at(): { monoMs: number; wallMs: number } {
    return { monoMs: this.monoMs, wallMs: this.wallMs }
  }

  step(event: MasterEvent): void {
    for (const effect of this.machine.step(this.at, event)) this.#carryOut(effect)
  }

  /** Takes what is gathered, as the driver does; its outcome waits for `land`. `atWork`: the store has not done the last. */
  depart(atWork = false): Batch | undefined {
    this.batches += 1
    this.lastBatch = this.machine.takeBatch(this.at, `batch${this.batches}`, atWork)
    if (this.lastBatch !== undefined) this.#inFlight.push(this.lastBatch)
    return this.lastBatch
  }

  /** Makes the batch in flight durable, the first where there are two, and tells the machine. */
  async land(): Promise<Outcome> {
    const batch = this.#inFlight.shift()
    if (batch === undefined) throw new Error('no batch is in flight')
    const outcome = await this.store.apply(batch)
    this.step({ kind: 'committed', outcome })
    return outcome
  }

  /** Commits until nothing is left to commit. */
  async settle(): Promise<void> {
    while (this.depart() !== undefined) await this.land()
    // What was told may ask for more.
    while (this.#reads.length > 0) await Promise.all(this.#reads.splice(0))
  }

  /** Time passes in one go; `late` says that the timer fires only at its end, as after a standstill. */
  pass(ms: number, late = false): void {
    const end = this.monoMs + ms
    for (;;) {
      const deadline = this.machine.nextDeadline()
      if (late || deadline === undefined || deadline > end) break
      const stepMs = Math.max(1, deadline - this.monoMs)
      this.monoMs += stepMs
      this.wallMs += stepMs
      this.step({ kind: 'tick' })
    }
    this.wallMs += end - this.monoMs
    this.monoMs = end
    this.step({ kind: 'tick' })
  }

  /** As `pass`, committing whatever is gathered on the way. */
  async passAndSettle(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 100) {
      this.pass(Math.min(100, left))
      await this.settle()
    }
  }

  connect(role: 'worker' | 'client', incarnation: string, keyId?: string): number {
    this.#session += 1
    const peer = { role, incarnation, remote: '127.0.0.1:1', ...(keyId !== undefined && { keyId }) }
    this.step({ kind: 'opened', session: this.#session, peer })
    return this.#session
  }

  say(session: number, message: WorkerMessage | ClientMessage): void {
    this.step({ kind: 'message', session, message })
  }

  /** @param heardAll false: the connection broke, and what the peer had said last may be lost */
  drop(session: number, heardAll = true): void {
    const endedHere = this.closed.some((closed) => closed.session === session)
    this.step({ kind: 'closed', session, reason: 'ended by the test', heardAll: heardAll && !endedHere })
  }

  probed(incarnation: string, met: ProbeResult): void {
    this.step({ kind: 'probed', incarnation, met })
  }

  /** A worker that has registered; not welcome before the next commit. */
  register(name: string, about: Partial<Register> = {}): number {
    const session = this.connect('worker', `${name}#1`)
    this.say(session, registration(name, about))
    return session
  }

  /** A worker that is at work. */
  async worker(name: string, about: Partial<Register> = {}): Promise<number> {
    const session = this.register(name, about)
    await this.settle()
    return session
  }

  submit(session: number, tasks: readonly Partial<SubmittedTask>[]): string[] {
    const list = tasks.map((task) => ({ id: this.taskId(), type: 'echo', payload: '{}', ...task }))
    this.say(session, { type: 'submit', re: 1, list })
    return list.map(({ id }) => id)
  }

  taskId(): string {
    this.#task += 1
    return `00000000-0000-7000-8000-${String(this.#task).padStart(12, '0')}`
  }

  /** All messages of one type that left for a session. */
  got<Type extends Message['type']>(session: number, type: Type): Extract<Message, { type: Type }>[] {
    const messages = this.sent.get(session) ?? []
    return messages.filter((message): message is Extract<Message, { type: Type }> => message.type === type)
  }

  /** Assignments that left for a session: the task and its lease. */
  assigned(session: number): { id: string; lease: string; attempt: number }[] {
    return this.got(session, 'assign').flatMap(({ list }) => list)
  }

  async task(id: string): Promise<{ state: string; attempt: number; uncharged: number; cancelRequested: boolean }> {
    const [found] = await this.store.get([id])
    if (found === undefined) throw new Error(`no task ${id}`)
    return found.task
  }

  #carryOut(effect: MasterEffect): void {
    if (effect.kind === 'send') {
      const messages = this.sent.get(effect.session)
      if (messages === undefined) this.sent.set(effect.session, [effect.message])
      else messages.push(effect.message)
    } else if (effect.kind === 'close') this.closed.push(effect)
    else if (effect.kind === 'probe') this.probes.push(effect.incarnation)
    else if (effect.kind === 'log') this.logs.push(effect.entry.text)
    else if (effect.kind === 'exit') this.exitCode = effect.code
    else this.#reads.push(this.#answer(effect))
  }

  async #answer({ read }: Extract<MasterEffect, { kind: 'read' }>): Promise<void> {
    this.step({ kind: 'answered', read, answer: await ask(this.store, read) })
  }
}

export function registration(name: string, about: Partial<Register> = {}): Register {
  return {
    type: 'register',
    name,
    pid: 100,
    hostname: 'here',
    machine: MACHINE,
    address: '127.0.0.1:5000',
    version: '0',
    slots: 1,
    queues: ['default'],
    types: [{ type: 'echo' }],
    hosts: [],
    leases: [],
    draining: false,
    ...about,
  }
}
