// Finds workers: round after round it dials every port of every host that is not connected already, and hands over the
// connections. It decides when whom to look at; what a dial is, and what becomes of a connection, is given to it.
//
// What always holds:
// - an address is never dialled twice at the same time, whoever asks;
// - a round waits for connects, never for a peer that connects and is slow to greet: that one may answer for as long as
//   its handshake has, and the rounds go on without it;
// - who turned out to be none of ours is looked at again, less and less often; a port that refuses, a host that does not
//   answer, and who broke off in the middle, is looked at in every round: a worker may be there any moment;
// - each connection is handed to found() once, or destroyed after stop().
import type { Clock } from '../clock.js'
import type { PortRange } from '../config.js'
import type { Log } from '../log.js'
import { type Address, formatAddress, parseAddress } from './address.js'
import type { Connection, DialResult } from './connection.js'
import { HostNames, type Resolve, resolveAll } from './hosts.js'

export interface ScannerOptions {
  /** Names or IP addresses. */
  readonly hosts: readonly string[]
  readonly ports: PortRange
  /** From the start of one round to that of the next, give or take a tenth. */
  readonly roundMs: number
  /** What the dial gives a connect. */
  readonly connectMs: number
  readonly clock: Clock
  readonly log: Log
  /** A number in [0, 1): two masters shall not look at the same moment for ever. */
  readonly random: () => number
  readonly resolve?: Resolve
  dial(address: Address): Promise<DialResult>
  /** Those that rounds leave alone: connected ones, and one's own. */
  skip(address: string): boolean
  found(connection: Connection, address: string): void
}

const CONNECTS_AT_ONCE = 128
const BACKOFF_MS_MIN = 1_000
const BACKOFF_MS_MAX = 15_000

/** Somebody who is none of ours. */
interface Stranger {
  readonly why: string
  readonly waitMs: number
  readonly notBeforeMs: number
}

export class Scanner {
  readonly #options: ScannerOptions
  readonly #hosts: HostNames
  readonly #underWay = new Map<string, Promise<DialResult>>()
  readonly #strangers = new Map<string, Stranger>()
  #stopped = true
  #cancelTimer = (): void => {}

  constructor(options: ScannerOptions) {
    this.#options = options
    this.#hosts = new HostNames(options.hosts, options.resolve ?? resolveAll, options.log)
  }

  start(): void {
    this.#stopped = false
    this.#hosts.refresh()
    void this.#round()
  }

  /** No more dials. Those under way end within the limits of a dial. */
  stop(): void {
    this.#stopped = true
    this.#cancelTimer()
  }

  /**
   * Dials `host:port` now, whatever rounds think of it: the proof of death, a worker that was lost. The result tells how
   * it went; a connection was handed to found() by then.
   */
  async lookAt(text: string): Promise<DialResult> {
    const address = parseAddress(text)
    for (;;) {
      const earlier = this.#underWay.get(formatAddress(address))
      if (earlier === undefined) return this.#look(address)
      // It began before it was asked for, so that only the best of its results counts.
      const result = await earlier
      if (result.kind === 'connected') return result
    }
  }

  async #round(): Promise<void> {
    const { clock, log, roundMs, random } = this.#options
    const startMs = clock.now().monoMs
    const due = this.#due(startMs)
    this.#hosts.refresh()
    await this.#sweep(due)
    if (this.#stopped) return
    const nowMs = clock.now().monoMs
    log.debug('scanned', { addresses: due.length, ms: Math.round(nowMs - startMs), underWay: this.#underWay.size })
    const nextMs = Math.max(nowMs, startMs + roundMs * (0.9 + 0.2 * random()))
    this.#cancelTimer = clock.wakeAt(nextMs, () => void this.#round())
  }

  #due(nowMs: number): readonly Address[] {
    const due: Address[] = []
    const known = new Set<string>()
    const { first, last } = this.#options.ports
    for (const host of this.#hosts.addresses()) {
      for (let port = first; port <= last; port += 1) {
        const text = formatAddress({ host, port })
        known.add(text)
        const resting = (this.#strangers.get(text)?.notBeforeMs ?? nowMs) > nowMs
        if (!resting && !this.#underWay.has(text) && !this.#options.skip(text)) due.push({ host, port })
      }
    }
    for (const text of this.#strangers.keys()) if (!known.has(text)) this.#strangers.delete(text)
    return due
  }

  /** Begins to dial all of them, and is done when every connect is. */
  async #sweep(due: readonly Address[]): Promise<void> {
    const addresses = due.values()
    const lane = async (): Promise<void> => {
      for (const address of addresses) {
        if (this.#stopped) return
        // A probe may have been faster.
        if (!this.#underWay.has(formatAddress(address))) await this.#connectPhase(this.#look(address))
      }
    }
    await Promise.all(Array.from({ length: Math.min(CONNECTS_AT_ONCE, due.length) }, lane))
  }

  #connectPhase(dialled: Promise<DialResult>): Promise<void> {
    const { clock, connectMs } = this.#options
    return new Promise((resolve, reject) => {
      const cancelTimer = clock.wakeAt(clock.now().monoMs + connectMs, resolve)
      dialled.finally(cancelTimer).then(() => resolve(), reject)
    })
  }

  async #look(address: Address): Promise<DialResult> {
    const text = formatAddress(address)
    const dialled = this.#options.dial(address)
    this.#underWay.set(text, dialled)
    const result = await dialled
    this.#underWay.delete(text)
    this.#note(text, result)
    if (result.kind === 'connected') {
      if (this.#stopped) result.connection.destroy('looks for no workers any more')
      else this.#options.found(result.connection, text)
    }
    return result
  }

  #note(text: string, result: DialResult): void {
    const why = strangeness(result)
    if (why === undefined) {
      this.#strangers.delete(text)
      return
    }
    const { clock, log, random } = this.#options
    const before = this.#strangers.get(text)
    const waitMs = before === undefined ? BACKOFF_MS_MIN : Math.min(BACKOFF_MS_MAX, before.waitMs * 2)
    const notBeforeMs = clock.now().monoMs + waitMs * (0.75 + 0.5 * random())
    this.#strangers.set(text, { why, waitMs, notBeforeMs })
    if (before?.why === why) return
    const entry = `left alone at ${text}, and looked at again less and less often: ${why}`
    if (result.kind === 'unproven') log.warn(entry)
    else log.info(entry)
  }
}

/** What there is to say of somebody who is not a worker of ours; nothing where it is one, or where nobody is. */
function strangeness(result: DialResult): string | undefined {
  switch (result.kind) {
    case 'connected':
    case 'refused':
    case 'unreachable':
    case 'broken':
      return undefined
    case 'silent':
      return 'it says nothing'
    case 'other':
      return `a ${result.role} of cluster ${result.cluster}, ${result.incarnation}`
    default:
      return result.why
  }
}
