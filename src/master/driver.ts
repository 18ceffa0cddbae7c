// Drives a machine: feeds it events, lets its effects out, and commits what it gathers, batch after batch. While one is on
// its way to disk the next gathers: group commit by itself. Where much gathers it leaves before the first is done, so that
// the store finds it at once; outcomes are looked at in the order of the batches. All ports are injected, so that a
// simulation with a virtual clock and a failing store runs this very code.
import type { Clock, Instant } from '../clock.js'
import { DtrError } from '../errors.js'
import type { Log } from '../log.js'
import type { Batch, Outcome, Store } from '../store/store.js'
import type { MasterDecisions, MasterEffect, MasterEvent, SessionId } from './events.js'
import { ReadQueue } from './read-queue.js'

export interface DriverPorts {
  readonly clock: Clock
  readonly store: Store
  readonly log: Log
  /** A random id for a batch. */
  batchId(): string
  /** Calls back once everything that has already arrived was handled: the end of a gathering. */
  afterArrivals(callback: () => void): void
  /** Carries out what the driver does not: connections, probes, the end of the process. */
  act(effect: Exclude<MasterEffect, { kind: 'read' } | { kind: 'log' }>): void
  /** Whether most of what was sent to this session was read: who does not read is told nothing more. */
  hasRoom(session: SessionId): boolean
  /** Something is wrong with the program itself: nothing more is decided, and the process must end. */
  failed(error: unknown): void
}

/** Between two tries to commit a batch whose outcome is unknown. */
const RETRY_MS = 250
/** One that the store is at work on, and one that it finds when that is done. */
const BATCHES_MAX = 2

export class Driver {
  /** Batches that the store has. */
  #underWay = 0
  /** When the last of them has its outcome, and that was looked at. */
  #last: Promise<void> = Promise.resolve()
  #flushing = false
  #cancelWake: () => void = () => {}
  #wakeAt: number | undefined
  #closed = false
  /** Drawn, and of no batch yet: while the store is at work, for whoever waits for the next batch waits for chance as well. */
  #freeId: string
  readonly #reads: ReadQueue

  constructor(
    private readonly machine: MasterDecisions,
    private readonly ports: DriverPorts,
  ) {
    this.#freeId = ports.batchId()
    this.#reads = new ReadQueue({
      ...ports,
      answered: (read, answer) => this.post({ kind: 'answered', read, answer }),
    })
  }

  start(): void {
    this.post({ kind: 'started' })
  }

  post(event: MasterEvent): void {
    if (this.#closed) return
    const effects = this.machine.step(this.#now(), event)
    // What has gathered meanwhile is on its way to disk before anything is written to a socket: the store never waits for that.
    if (event.kind === 'committed') this.#flush()
    for (const effect of effects) this.#carryOut(effect)
    this.#gather()
    this.#setWake()
  }

  /** No more events; resolves when the batches in flight have their outcomes. */
  close(): Promise<void> {
    this.#closed = true
    this.#reads.close()
    this.#cancelWake()
    return this.#last
  }

  #now(): Instant {
    return this.ports.clock.now()
  }

  #carryOut(effect: MasterEffect): void {
    if (effect.kind === 'log') this.ports.log.write(effect.entry)
    else if (effect.kind === 'read') this.#reads.push(effect.read)
    else this.ports.act(effect)
  }

  #gather(): void {
    if (this.#underWay === BATCHES_MAX || this.#flushing || this.#closed) return
    this.#flushing = true
    this.ports.afterArrivals(() => {
      this.#flushing = false
      this.#flush()
    })
  }

  #flush(): void {
    if (this.#underWay === BATCHES_MAX || this.#closed) return
    const batch = this.machine.takeBatch(this.#now(), this.#freeId, this.#underWay > 0)
    if (batch === undefined) return
    this.#underWay += 1
    this.#last = this.#commit(batch, this.#last)
    this.#freeId = this.ports.batchId()
  }

  /** Nothing that this batch justifies leaves before it is durable; so an unknown outcome is applied until it is known. */
  async #commit(batch: Batch, before: Promise<void>): Promise<void> {
    try {
      const outcome = await this.#apply(batch, before)
      await before
      this.#underWay -= 1
      if (outcome === undefined) return
      // What has gathered meanwhile is on its way to disk before this outcome is looked at, as far as the machine allows it.
      this.#flush()
      this.post({ kind: 'committed', outcome })
    } catch (error) {
      this.#closed = true
      this.#cancelWake()
      this.ports.failed(error)
    }
  }

  /** Tried again in the order of the batches. */
  async #apply(batch: Batch, before: Promise<void>): Promise<Outcome | undefined> {
    for (let attempt: Batch = batch; ; attempt = { ...batch, retried: true }) {
      try {
        return await this.ports.store.apply(attempt)
      } catch (error) {
        if (!(error instanceof DtrError)) throw error
        this.ports.log.error(`a batch could not be made durable, nothing of it is acknowledged: ${error.message}`)
        await before
        if (this.#closed) return undefined
        await new Promise<void>((resolve) => this.ports.clock.wakeAt(this.#now().monoMs + RETRY_MS, resolve))
      }
    }
  }

  /** One timer: whatever the machine wants next. One that is set too early costs a tick, and less than setting it anew. */
  #setWake(): void {
    const deadline = this.machine.nextDeadline()
    if (deadline === undefined || this.#closed) return
    if (this.#wakeAt !== undefined && this.#wakeAt <= deadline) return
    this.#cancelWake()
    this.#wakeAt = deadline
    this.#cancelWake = this.ports.clock.wakeAt(deadline, () => {
      this.#wakeAt = undefined
      this.post({ kind: 'tick' })
    })
  }
}
