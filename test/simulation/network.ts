// TCP between processes: listening ports and dials. What a connection does stands in tcp.ts.
//
// A listening socket lives as long as one process that holds it: a worker's port refuses only when its hosts are dead too.
import type { ConnectResult } from '../../src/net/tcp.js'
import type { Process } from './machine.js'
import type { Random } from './random.js'
import { Connection, type End } from './tcp.js'
import type { Timeline } from './timeline.js'

export const HOST = '127.0.0.1'
export const MASTER_PORT = 4_999

export interface NetworkOptions {
  readonly delayMs: readonly [number, number]
  /** How often a delivery is only a part of what has arrived. */
  readonly splitShare: number
  /** What the systems of both sides hold between them. */
  readonly windowBytes: number
}

export class Listener {
  readonly #holders = new Set<Process>()
  readonly #early: End[] = []
  #accept: ((end: End) => void) | undefined
  #closed = false

  constructor(
    readonly port: number,
    readonly owner: Process,
    private readonly gone: () => void,
  ) {
    this.hold(owner)
  }

  hold(process: Process): void {
    this.#holders.add(process)
    process.onDeath(() => this.#release(process))
  }

  /** Connections that came before wait for this. */
  accept(take: (end: End) => void): void {
    this.#accept = take
    for (const end of this.#early.splice(0)) take(end)
  }

  /** The owner closes it; who else holds it still does. */
  close(): void {
    this.#release(this.owner)
  }

  take(end: End): void {
    if (this.#accept === undefined) this.#early.push(end)
    else this.owner.deliver(() => this.#accept?.(end))
  }

  #release(process: Process): void {
    this.#holders.delete(process)
    if (this.#holders.size > 0 || this.#closed) return
    this.#closed = true
    for (const end of this.#early) end.destroy()
    this.gone()
  }
}

export class Network {
  readonly connections = new Set<Connection>()
  readonly #listeners = new Map<number, Listener>()
  /** `from>to` of computers between which nothing goes through. */
  readonly #blocked = new Set<string>()
  #ephemeral = 40_000

  constructor(
    readonly timeline: Timeline,
    readonly random: Random,
    readonly options: NetworkOptions,
  ) {}

  /** The first free port of a range. */
  listen(first: number, owner: Process): Listener {
    let port = first
    while (this.#listeners.has(port)) port += 1
    const listener = new Listener(port, owner, () => this.#listeners.delete(port))
    this.#listeners.set(port, listener)
    return listener
  }

  isListening(port: number): boolean {
    return this.#listeners.has(port)
  }

  delay(): number {
    const [min, max] = this.options.delayMs
    return this.random.skewed(min, max)
  }

  /** @param port of the other side */
  connect(from: Process, port: number, connectMs: number): Promise<ConnectResult> {
    return new Promise((resolve) => {
      const { clock } = from
      let over = false
      const settle = (result: ConnectResult): void =>
        from.deliver(() => {
          if (over) return
          over = true
          cancelTimer()
          resolve(result)
        })
      const cancelTimer = clock.wakeAt(clock.now().monoMs + connectMs, () =>
        settle({ kind: 'unreachable', why: `no answer within ${connectMs} ms` }),
      )
      this.timeline.after(this.delay(), () => this.#arrive(from, port, settle))
    })
  }

  #arrive(from: Process, port: number, settle: (result: ConnectResult) => void): void {
    const listener = this.#listeners.get(port)
    if (listener !== undefined && !this.open(from, listener.owner)) return
    if (listener === undefined) {
      this.timeline.after(this.delay(), () => settle({ kind: 'refused' }))
      return
    }
    this.#ephemeral += 1
    const near = `${HOST}:${this.#ephemeral}`
    const connection = new Connection(this, from, listener.owner, near, `${HOST}:${port}`)
    this.connections.add(connection)
    listener.take(connection.far)
    this.timeline.after(this.delay(), () => settle({ kind: 'open', transport: connection.near }))
  }

  /** Whether packets go through in both directions. */
  open(one: Process, other: Process): boolean {
    return this.passes(one, other) && this.passes(other, one)
  }

  passes(from: Process, to: Process): boolean {
    return this.#blocked.size === 0 || !this.#blocked.has(`${nodeOf(from)}>${nodeOf(to)}`)
  }

  /** Nothing goes from one to the other; nobody is told. Names as of nodeOf. */
  block(from: string, to: string): void {
    this.#blocked.add(`${from}>${to}`)
  }

  unblock(from: string, to: string): void {
    this.#blocked.delete(`${from}>${to}`)
    for (const connection of this.connections) connection.flow()
  }

  unblockAll(): void {
    this.#blocked.clear()
    for (const connection of this.connections) connection.unstall()
  }
}

/** The place of a process in the network: `worker-1` for all its lives. */
export function nodeOf({ name }: Process): string {
  return name.split('#')[0] ?? name
}
