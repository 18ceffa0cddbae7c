// One master, one worker, and code that never ends by itself: the real machines and the real store in memory, each with
// a clock of its own, over a network that delays, holds back and cuts, in processes that stand still when they like.
import { START, Stage } from '../master/stage.js'
import { Life } from '../worker/life.js'

export interface Timings {
  readonly heartbeatMs: number
  readonly suspectMs: number
  readonly codeDeadMs: number
  readonly leaseMs: number
}

/** How things are for a while. */
export interface Phase {
  readonly ms: number
  /** From the worker to the master and back: how long a message takes. */
  readonly upMs: number
  readonly downMs: number
  /** What is sent one way waits until the phase is over. */
  readonly held: 'up' | 'down' | 'both' | 'none'
  /** It begins with the end of the connection, of which each side hears so much later. */
  readonly cut: { readonly masterMs: number; readonly workerMs: number } | undefined
  /** It begins with a standstill. */
  readonly masterPauseMs: number
  readonly workerPauseMs: number
  readonly commitMs: number
}

/** How fast the worker's clock goes. */
export interface Clocks {
  readonly rate: number
}

interface Due {
  readonly at: number
  readonly order: number
  readonly who: 'master' | 'worker' | 'nobody'
  readonly act: () => void | Promise<void>
}

const RECONNECT_MS = 300
const HOST_READY_MS = 100
/** Of one phase; the longest of them has a tenth of that. */
const STEPS_MAX = 50_000

export class LeaseWorld {
  now = 0
  /** Expiries that left for the disk, and ends of code by the lease. */
  expiries = 0
  leaseEnds = 0
  /** What was still running when the master gave its task up. */
  readonly overlaps: string[] = []
  readonly #life: Life
  readonly #due: Due[] = []
  readonly #frozenUntil = { master: 0, worker: 0, nobody: 0 }
  /** Until when the watchdog lets the code of each host run, and the leases that run there. */
  readonly #deadlines = new Map<number, number>()
  readonly #running = new Map<string, number>()
  #phase: Phase
  #order = 0
  /** The connection: its number at either end, and when what was sent last arrives. */
  #line: { readonly worker: number; readonly master: number; up: number; down: number; over: boolean } | undefined
  #heardUpTo = 0
  #committing = false

  static async play(timings: Timings, clocks: Clocks, phases: readonly Phase[]): Promise<LeaseWorld> {
    const { heartbeatMs, suspectMs, codeDeadMs, leaseMs } = timings
    const stage = await Stage.open({ settings: { heartbeatMs, suspectMs, codeDeadMs, leaseMs } })
    const world = new LeaseWorld(stage, timings, clocks, phases[0]!)
    const client = stage.connect('client', 'c#1')
    stage.submit(client, [{ type: 'work', maxAttempts: 1_000 }])
    for (const phase of phases) await world.#live(phase)
    return world
  }

  private constructor(
    private readonly stage: Stage,
    private readonly timings: Timings,
    private readonly clocks: Clocks,
    phase: Phase,
  ) {
    this.#phase = phase
    this.#life = new Life({ slots: 1, masterTimeoutMs: undefined })
    this.#life.masterAnswers = false
    this.#workerDid(this.#life.happened.splice(0).map(({ effect }) => effect))
    this.#reconnect(RECONNECT_MS)
    this.#beWell()
  }

  async #live(phase: Phase): Promise<void> {
    this.#phase = phase
    const end = this.now + phase.ms
    if (phase.cut !== undefined) this.#cut(phase.cut)
    this.#frozenUntil.master = Math.max(this.#frozenUntil.master, this.now + phase.masterPauseMs)
    this.#frozenUntil.worker = Math.max(this.#frozenUntil.worker, this.now + phase.workerPauseMs)
    for (let steps = 0; ; steps += 1) {
      const next = this.#next()
      if (next.at > end) break
      if (steps > STEPS_MAX) throw new Error(`time stands still at ${this.now}: a deadline that nothing comes of`)
      this.now = Math.max(this.now, next.at)
      await next.act()
      await this.#commit()
    }
    this.now = end
  }

  /** What happens next: a message, a timer, or what was put off; not before its process is awake. */
  #next(): { at: number; act: () => void | Promise<void> } {
    const timers: Due[] = [
      { at: this.#masterTime(this.stage.machine.nextDeadline()), order: 0, who: 'master', act: () => this.#master() },
      { at: this.#workerTime(this.#life.machine.nextDeadline()), order: 0, who: 'worker', act: () => this.#worker() },
    ]
    let first: Due | undefined
    let firstAt = Number.POSITIVE_INFINITY
    for (const due of [...timers, ...this.#due]) {
      const at = Math.max(due.at, this.#frozenUntil[due.who])
      if (at < firstAt || (at === firstAt && due.order < first!.order)) [first, firstAt] = [due, at]
    }
    if (first === undefined) return { at: firstAt, act: () => {} }
    const index = this.#due.indexOf(first)
    const { act } = first
    return {
      at: firstAt,
      act: () => {
        if (index >= 0) this.#due.splice(index, 1)
        return act()
      },
    }
  }

  #at(at: number, who: Due['who'], act: () => void | Promise<void>): void {
    this.#order += 1
    this.#due.push({ at, order: this.#order, who, act })
  }

  #masterTime(monoMs: number | undefined): number {
    return monoMs === undefined ? Number.POSITIVE_INFINITY : Math.ceil(monoMs - START.monoMs)
  }

  #workerTime(monoMs: number | undefined): number {
    return monoMs === undefined ? Number.POSITIVE_INFINITY : Math.ceil(monoMs / this.clocks.rate + 1e-6)
  }

  // --- The master ------------------------------------------------------------------------------------------------------

  #master(act: () => void = () => this.stage.step({ kind: 'tick' })): void {
    this.stage.monoMs = START.monoMs + this.now
    this.stage.wallMs = START.wallMs + this.now
    act()
    const line = this.#line
    if (line === undefined) return
    const sent = (this.stage.sent.get(line.master) ?? []).slice(this.#heardUpTo)
    this.#heardUpTo += sent.length
    if (sent.length > 0) {
      line.down = Math.max(line.down, this.now + this.#delay('down'))
      this.#at(line.down, 'worker', () => {
        if (!line.over) this.#worker({ kind: 'messages', session: line.worker, messages: sent as never })
      })
    }
    if (!line.over && this.stage.closed.some(({ session }) => session === line.master)) {
      this.#cut({ masterMs: 0, workerMs: this.#delay('down') })
    }
  }

  async #commit(): Promise<void> {
    if (this.#committing || this.now < this.#frozenUntil.master) return
    this.stage.monoMs = START.monoMs + this.now
    const batch = this.stage.depart()
    if (batch === undefined) return
    if (batch.operations.some(({ kind }) => kind === 'expire')) {
      this.expiries += 1
      this.#judge('given up')
    }
    this.#committing = true
    this.#at(this.now + this.#phase.commitMs, 'master', async () => {
      this.#committing = false
      this.stage.monoMs = START.monoMs + this.now
      const { operations } = await this.stage.land()
      if (operations.some(({ kind }) => kind === 'expire')) this.#judge('given away')
      this.#master(() => {})
    })
  }

  /** From here on its tasks may be anybody's. */
  #judge(what: string): void {
    for (const [lease, host] of this.#running) {
      this.overlaps.push(`${lease} is ${what} at ${this.now}, and its watchdog ends it at ${this.#deadlines.get(host)}`)
    }
  }

  // --- The worker ------------------------------------------------------------------------------------------------------

  #worker(event: Parameters<Life['post']>[0] = { kind: 'tick' }): void {
    this.#life.now = this.now * this.clocks.rate
    this.#workerDid(this.#life.post(event))
    this.#life.clear()
  }

  #workerDid(effects: ReturnType<Life['post']>): void {
    const line = this.#line
    for (const effect of effects) {
      if (effect.kind === 'send' && line?.worker === effect.session) {
        line.up = Math.max(line.up, this.now + this.#delay('up'))
        const { message } = effect
        this.#at(line.up, 'master', () => {
          if (!line.over) this.#master(() => this.stage.say(line.master, message))
        })
      } else if (effect.kind === 'spawn') this.#spawn(effect.host)
      else if (effect.kind === 'deadline') this.#deadlines.set(effect.host, this.#workerTime(effect.at))
      else if (effect.kind === 'run') {
        const { host, attempts } = effect
        const leaseIds = attempts.map(({ leaseId }) => leaseId)
        for (const leaseId of leaseIds) this.#running.set(leaseId, host)
        this.#at(this.now, 'worker', () => this.#worker({ kind: 'host-began', host, leaseIds }))
      } else if (effect.kind === 'kill') this.#kill(effect.host)
      else if (effect.kind === 'close' && line?.worker === effect.session && !line.over) {
        this.#cut({ masterMs: this.#delay('up'), workerMs: 0 })
      }
    }
  }

  #spawn(host: number): void {
    this.#at(this.now + HOST_READY_MS, 'worker', () => {
      this.#worker({ kind: 'host-spawned', host, pid: 100 + host })
      this.#worker({ kind: 'host-ready', host, types: [{ type: 'work' }] })
    })
  }

  #kill(host: number): void {
    for (const [lease, where] of this.#running) {
      if (where === host && this.#running.delete(lease)) this.leaseEnds += 1
    }
    this.#deadlines.delete(host)
    this.#at(this.now, 'worker', () => this.#worker({ kind: 'host-ended', host, signal: 'SIGKILL' }))
  }

  /** Hosts are well: they say so all the time. */
  #beWell(): void {
    for (const host of this.#deadlines.keys())
      this.#worker({ kind: 'host-alive', host, begun: 0, memoryBytes: 0, blockedMs: 0 })
    this.#at(this.now + this.timings.suspectMs / 3, 'worker', () => this.#beWell())
  }

  // --- The network -----------------------------------------------------------------------------------------------------

  #delay(way: 'up' | 'down'): number {
    const { held, ms, upMs, downMs } = this.#phase
    if (held === way || held === 'both') return ms
    return way === 'up' ? upMs : downMs
  }

  #cut({ masterMs, workerMs }: { readonly masterMs: number; readonly workerMs: number }): void {
    const line = this.#line
    if (line === undefined || line.over) return
    line.over = true
    this.#at(this.now + masterMs, 'master', () => this.#master(() => this.stage.drop(line.master, false)))
    this.#at(this.now + workerMs, 'worker', () =>
      this.#worker({ kind: 'closed', session: line.worker, reason: 'cut by the test' }),
    )
    this.#reconnect(Math.max(masterMs, workerMs) + RECONNECT_MS)
  }

  #reconnect(inMs: number): void {
    this.#at(this.now + inMs, 'nobody', () => {
      if (this.#phase.held !== 'none') return this.#reconnect(RECONNECT_MS)
      this.#master(() => {
        const worker = (this.#line?.worker ?? 0) + 1
        this.#heardUpTo = 0
        this.#line = { worker, master: this.stage.connect('worker', 'w#1'), up: this.now, down: this.now, over: false }
      })
      const session = this.#line!.worker
      this.#at(this.now, 'worker', () =>
        this.#worker({ kind: 'opened', session, master: 'master#1', address: '127.0.0.1:5000' }),
      )
    })
  }
}
