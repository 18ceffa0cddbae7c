// A worker's machine in virtual time: events in, effects out with the time at which they came, no sockets, no waiting.
import type { Assignment, MasterToWorker, Settlement, WorkerMessage } from '../../src/protocol/messages.js'
import type { AttemptOutcome } from '../../src/runner/runner.js'
import type { HostEnd, WorkerEffect, WorkerEvent } from '../../src/worker/events.js'
import { WorkerMachine } from '../../src/worker/machine.js'
import type { WorkerConfig } from '../../src/worker/state.js'

export const TYPES = [{ type: 'work' }, { type: 'brief', timeoutMs: 1_000 }]
export const TIMINGS = { heartbeatMs: 2_000, suspectMs: 5_000, leaseMs: 15_000, codeDeadMs: 12_000 }

type Kind<Name extends WorkerEffect['kind']> = Extract<WorkerEffect, { kind: Name }>
interface Happened {
  readonly at: number
  readonly effect: WorkerEffect
}

export class Life {
  readonly machine: WorkerMachine
  readonly happened: Happened[] = []
  now = 0
  /** Hosts that are alive and well, and give signs of life by themselves as time goes by. */
  readonly well = new Set<number>()
  /** As all hosts have it in their signs of life. */
  begun = 0
  /** By host; what is not there has nothing. */
  readonly memoryBytes = new Map<number, number>()
  blockedMs = 0
  /** Of the worker itself; it has not looked yet. */
  ownBytes: number | undefined
  /** Answers beats by itself. */
  masterAnswers = true
  session = 0
  master = 'm#1'

  constructor(config: Partial<WorkerConfig> = {}) {
    const defaults: WorkerConfig = {
      name: 'w',
      pid: 1,
      hostname: 'here',
      machine: 'm',
      version: '0',
      slots: 2,
      queues: ['default'],
      isolate: false,
      tellsDebug: true,
      masterTimeoutMs: 30_000,
      killGraceMs: 5_000,
      defaultTimeoutMs: undefined,
      care: {},
    }
    this.machine = new WorkerMachine({ ...defaults, ...config })
    this.post({ kind: 'tick' })
  }

  private get instant() {
    return { monoMs: this.now, wallMs: 1_700_000_000_000 + this.now }
  }

  post(event: WorkerEvent): readonly WorkerEffect[] {
    const effects = this.machine.step(this.instant, event)
    for (const effect of effects) {
      this.happened.push({ at: this.now, effect })
      if (effect.kind === 'kill') this.well.delete(effect.host)
      if (effect.kind !== 'send' || effect.message.type !== 'beat' || !this.masterAnswers) continue
      const { n } = effect.message
      this.hear({ type: 'heard', n, durable: n })
    }
    return effects
  }

  /** Lets time pass, with a tick whenever the machine wants one. */
  until(monoMs: number): void {
    for (;;) {
      const sign = this.well.size > 0 ? (Math.floor(this.now / 500) + 1) * 500 : Number.POSITIVE_INFINITY
      const next = Math.min(this.machine.nextDeadline() ?? Number.POSITIVE_INFINITY, sign)
      if (next > monoMs) break
      this.now = Math.max(this.now, next)
      if (next === sign) for (const host of [...this.well]) this.sign(host)
      this.post({ kind: 'tick' })
    }
    this.now = monoMs
    this.post({ kind: 'tick' })
  }

  sign(host: number): void {
    const { begun, blockedMs, ownBytes } = this
    this.post({ kind: 'host-alive', host, begun, blockedMs, ownBytes, memoryBytes: this.memoryBytes.get(host) ?? 0 })
  }

  /** Time passes, and the process sees nothing of it. */
  stall(ms: number): void {
    this.now += ms
  }

  /** The last host that was spawned is ready. */
  hostReady(host = this.last('spawn').host): number {
    this.well.add(host)
    this.post({ kind: 'host-spawned', host, pid: 100 + host })
    this.post({ kind: 'host-ready', host, types: TYPES })
    return host
  }

  hostEnds(host: number, how: HostEnd = { signal: 'SIGKILL' }): void {
    this.well.delete(host)
    this.post({ kind: 'host-ended', host, ...how })
  }

  open(master = this.master): void {
    this.session += 1
    this.master = master
    this.post({ kind: 'opened', session: this.session, master, address: '127.0.0.1:5000' })
  }

  hear(...messages: MasterToWorker[]): void {
    this.post({ kind: 'messages', session: this.session, messages })
  }

  welcome(stale: string[] = [], master = 'm#1'): void {
    const list = stale.map((lease) => ({ id: `task-${lease}`, lease }))
    this.hear({ type: 'welcome', master, ...TIMINGS, stale: list })
  }

  /** A master, a host, and both are well. */
  meet(): number {
    const host = this.hostReady()
    this.open()
    this.welcome()
    return host
  }

  private assigns = 0
  assign(...leases: (string | (Partial<Assignment> & { lease: string }))[]): void {
    this.assigns += 1
    const list = leases.map((given) => {
      const { lease, type = 'work', ...rest } = typeof given === 'string' ? { lease: given } : given
      return {
        ...{ id: `task-${lease}`, lease, type, queue: 'default', payload: '1', encoding: 'json' as const },
        ...{ attempt: 1, maxAttempts: 5, ...rest },
      }
    })
    this.hear({ type: 'assign', seq: this.assigns, list })
  }

  /** Its code begins in the host that it was given to. */
  began(...leases: string[]): void {
    for (const leaseId of leases) this.post({ kind: 'host-began', host: this.hostOf(leaseId), leaseIds: [leaseId] })
  }

  hostOf(leaseId: string): number {
    const run = this.all('run').findLast(({ attempts }) => attempts.some((attempt) => attempt.leaseId === leaseId))
    if (run === undefined) throw new Error(`${leaseId} was not begun`)
    return run.host
  }

  says(
    leaseId: string,
    outcome: AttemptOutcome = { kind: 'completed', result: '1', encoding: 'json' },
    tookMs = 1_000,
  ): void {
    this.post({ kind: 'host-outcomes', host: this.hostOf(leaseId), outcomes: [{ leaseId, outcome, tookMs }] })
  }

  recordAll(status: 'recorded' | 'stale' = 'recorded'): void {
    this.hear({ type: 'recorded', list: this.settled.map(({ lease }) => ({ lease, status })) })
  }

  all<Name extends WorkerEffect['kind']>(kind: Name): Kind<Name>[] {
    return this.happened.map(({ effect }) => effect).filter((effect): effect is Kind<Name> => effect.kind === kind)
  }

  last<Name extends WorkerEffect['kind']>(kind: Name): Kind<Name> {
    const effect = this.all(kind).at(-1)
    if (effect === undefined) throw new Error(`no ${kind}`)
    return effect
  }

  /** When the last effect of this kind came. */
  timeOf(kind: WorkerEffect['kind']): number | undefined {
    return this.happened.findLast(({ effect }) => effect.kind === kind)?.at
  }

  sent<Name extends WorkerMessage['type']>(type: Name) {
    type Sent = Extract<Kind<'send'>['message'], { type: Name }>
    return this.all('send')
      .map(({ message }) => message)
      .filter((message): message is Sent => message.type === type)
  }

  /** Every settlement that was sent, in order. */
  get settled(): Settlement[] {
    return this.sent('results').flatMap(({ list }) => list)
  }

  settlementOf(lease: string): Settlement | undefined {
    return this.settled.find((settlement) => settlement.lease === lease)
  }

  /** What it holds, as it tells a new session of the same master. */
  get held(): string[] {
    this.open()
    return (
      this.sent('register')
        .at(-1)
        ?.leases.map(({ lease }) => lease) ?? []
    )
  }

  get running(): string[] {
    return this.all('run').flatMap(({ attempts }) => attempts.map(({ leaseId }) => leaseId))
  }

  /** Forgets what happened so far. */
  clear(): void {
    this.happened.length = 0
  }
}
