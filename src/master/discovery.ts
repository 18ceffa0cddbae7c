// How a master meets its workers: the scanner's rounds, and looks at those that went away, which may be proof of death.
import type { Clock } from '../clock.js'
import type { PortRange } from '../config.js'
import type { Log } from '../log.js'
import type { Connection, DialOptions, DialResult, Identity } from '../net/connection.js'
import { Scanner } from '../net/scanner.js'
import { WORKER_MESSAGES } from '../protocol/messages.js'
import type { ProbeResult } from './events.js'

export interface DiscoveryOptions {
  readonly identity: Identity
  readonly hosts: readonly string[]
  readonly ports: PortRange
  readonly roundMs: number
  /** `ip:port` of this master itself. */
  readonly own: string
  readonly clock: Clock
  readonly log: Log
  /** A number in [0, 1). */
  readonly random: () => number
  dial(options: DialOptions): Promise<DialResult>
  connected(connection: Connection): void
  probed(incarnation: string, met: ProbeResult): void
}

const CONNECT_MS = 300
/** A dead worker's host needs a moment to die with it; so the first looks follow each other closely. */
const PROBE_MS = 10
const PROBE_CLOSELY_MS = 2_000
/** A worker that was frozen is looked for so long after it was lost, as often as a round. */
const PROBE_MS_MAX = 60_000

export class Discovery {
  readonly #scanner: Scanner
  /** Address of each worker that is connected, by incarnation; none where it dialled in. */
  readonly #connected = new Map<string, string | undefined>()
  #stopped = false

  constructor(private readonly options: DiscoveryOptions) {
    const { identity, hosts, ports, roundMs, own, clock, log, random, dial } = options
    this.#scanner = new Scanner({
      hosts,
      ports,
      roundMs,
      connectMs: CONNECT_MS,
      clock,
      log,
      random,
      dial: ({ host, port }) =>
        dial({
          host,
          port,
          identity,
          expect: 'worker',
          accepts: WORKER_MESSAGES,
          connectMs: CONNECT_MS,
          wanted: (incarnation) => !this.#connected.has(incarnation),
          clock,
        }),
      skip: (address) => address === own || [...this.#connected.values()].includes(address),
      found: (connection, address) => {
        const { incarnation } = connection.peer
        if (this.#connected.has(incarnation)) return connection.destroy('connected by another address')
        this.#connected.set(incarnation, address)
        options.connected(connection)
      },
    })
  }

  start(): void {
    this.#scanner.start()
  }

  stop(): void {
    this.#stopped = true
    this.#scanner.stop()
  }

  /** A worker has dialled in by itself: rounds need not look for it. */
  joined(incarnation: string): void {
    if (!this.#connected.has(incarnation)) this.#connected.set(incarnation, undefined)
  }

  left(incarnation: string): void {
    this.#connected.delete(incarnation)
  }

  /** Looks at the address of a worker that went away, until it is back or somebody says that it is not there. */
  probe(incarnation: string, address: string): void {
    void this.#probe(incarnation, address, this.options.clock.now().monoMs)
  }

  async #probe(incarnation: string, address: string, startMs: number): Promise<void> {
    const { clock, roundMs, probed } = this.options
    for (;;) {
      const met = proofOf(incarnation, await this.#scanner.lookAt(address))
      if (this.#stopped || met === 'back' || this.#connected.has(incarnation)) return
      if (met !== 'unknown') return probed(incarnation, met)
      const { monoMs } = clock.now()
      if (monoMs - startMs > PROBE_MS_MAX) return
      const waitMs = monoMs - startMs < PROBE_CLOSELY_MS ? PROBE_MS : roundMs
      await new Promise<void>((resolve) => clock.wakeAt(monoMs + waitMs, resolve))
    }
  }
}

/** What a look at an address says about the worker that was there. */
function proofOf(incarnation: string, result: DialResult): ProbeResult | 'back' {
  switch (result.kind) {
    case 'connected':
      return result.connection.peer.incarnation === incarnation ? 'back' : 'other'
    case 'refused':
      return 'refused'
    case 'other':
      return result.incarnation === incarnation ? 'unknown' : 'other'
    default:
      return 'unknown'
  }
}
