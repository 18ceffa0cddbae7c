// Accepting: whoever connects is greeted, has HANDSHAKE_MS_MAX to prove itself, and becomes a session or is cut.
//
// What always holds:
// - at most `unauthenticatedMax` peers prove themselves at a time. Who comes meanwhile waits in line, unread, and takes the
//   place of the oldest once that has had FAIR_MS: strangers cannot lock ours out, and ours do not cut each other when a
//   thousand of them come back at once (P26);
// - at most `connectionsMax` sessions; one more is told `busy`;
// - a peer that broke the rules is told of once; one that left without a word is not (other masters' scanners do that).
import { randomBytes } from 'node:crypto'
import type { Socket } from 'node:net'
import { type Clock, type MonoMs, systemClock } from '../clock.js'
import { AcceptorHandshake, type Role } from '../protocol/handshake.js'
import type { AcceptOptions, Acceptor } from './connection.js'
import { NONCE_BYTES } from './dial.js'
import { type ExchangeResult, exchange } from './exchange.js'
import type { Listening } from './ports.js'
import { Session } from './session.js'
import { TcpTransport } from './tcp.js'
import type { Transport } from './transport.js'

/** Within this every peer of ours has proven itself, unless the machine is very busy. */
const FAIR_MS = 100
/** One more, and who has waited longest is cut. */
const WAITING_MAX = 1_024

/** Takes the connections of a listening server, those that came early first, until it is closed. */
export function accept({ server, release }: Pick<Listening, 'server' | 'release'>, options: AcceptOptions): Acceptor {
  const reception = new Reception(options)
  const take = (socket: Socket): void => reception.take(new TcpTransport(socket))
  for (const socket of release()) take(socket)
  server.on('connection', take)
  return {
    get connections() {
      return reception.connections
    },
    get unauthenticated() {
      return reception.unauthenticated
    },
    // Whoever comes later is cut by the reception: the socket stays its owner's.
    close: (reason) => reception.close(reason),
  }
}

/** What accepting is, over any transport. */
export class Reception {
  readonly #options: AcceptOptions
  readonly #roles: readonly Role[]
  /** With the time since which they prove themselves, the oldest first. */
  readonly #unproven = new Map<Transport, MonoMs>()
  readonly #waiting = new Set<Transport>()
  #cancelLook: (() => void) | undefined
  readonly #sessions = new Set<Session>()
  #closed = false

  constructor(options: AcceptOptions) {
    this.#options = options
    this.#roles = Object.keys(options.accepts) as Role[]
  }

  get connections(): number {
    return this.#sessions.size
  }

  get unauthenticated(): number {
    return this.#unproven.size + this.#waiting.size
  }

  take(transport: Transport): void {
    if (this.#closed) {
      transport.destroy()
      return
    }
    transport.pause()
    this.#waiting.add(transport)
    this.#meetNext()
    if (this.#waiting.size > WAITING_MAX) this.#cut(this.#waiting, `more than ${WAITING_MAX} others wait in line`)
  }

  close(reason: string): void {
    this.#closed = true
    this.#cancelLook?.()
    for (const transport of [...this.#unproven.keys(), ...this.#waiting]) transport.destroy()
    this.#unproven.clear()
    this.#waiting.clear()
    for (const session of this.#sessions) session.destroy(reason)
  }

  #meetNext(): void {
    const { unauthenticatedMax, clock = systemClock } = this.#options
    for (const transport of this.#waiting) {
      if (this.#unproven.size >= unauthenticatedMax && !this.#makeRoom(clock)) return
      this.#waiting.delete(transport)
      this.#unproven.set(transport, clock.now().monoMs)
      void this.#meet(transport)
      transport.resume()
    }
  }

  /** False where all of them still have time; then it looks again when the oldest has had its own. */
  #makeRoom(clock: Clock): boolean {
    const [since = 0] = this.#unproven.values()
    if (clock.now().monoMs >= since + FAIR_MS) {
      const most = this.#options.unauthenticatedMax
      this.#cut(this.#unproven, `${most} others wait to prove themselves, and it was the oldest`)
      return true
    }
    this.#cancelLook ??= clock.wakeAt(since + FAIR_MS, () => {
      this.#cancelLook = undefined
      this.#meetNext()
    })
    return false
  }

  async #meet(transport: Transport): Promise<void> {
    const { identity, keys, clock = systemClock } = this.#options
    const nonce = randomBytes(NONCE_BYTES).toString('hex')
    const handshake = new AcceptorHandshake({ identity, keys, roles: this.#roles, local: transport.local, nonce })
    const result = await exchange(transport, handshake, clock, handshake.greeting)
    // One that was cut from here is spoken of already.
    if (!this.#unproven.delete(transport)) transport.destroy()
    else if (result.kind === 'proven') this.#admit(transport, result)
    else if (result.kind === 'failed') this.#reject(transport, 'why' in result.failure ? result.failure.why : '')
    else if (result.heard || result.by === 'time') this.#reject(transport, result.why)
    if (!this.#closed) this.#meetNext()
  }

  #admit(transport: Transport, { peer: proven, lines }: ExchangeResult & { kind: 'proven' }): void {
    const { accepts, connectionsMax, connected, clock = systemClock } = this.#options
    const peer = { ...proven, remote: transport.remote, local: transport.local }
    const session: Session = new Session({
      peer,
      transport,
      lines,
      accepts: accepts[peer.role] ?? {},
      clock,
      gone: () => this.#sessions.delete(session),
    })
    this.#sessions.add(session)
    if (this.#sessions.size <= connectionsMax) {
      connected(session)
      return
    }
    const message = `there are ${connectionsMax} connections already; try again later`
    session.send({ type: 'refused', code: 'busy', message })
    session.end()
    this.#reject(transport, message)
  }

  /** The oldest of them. */
  #cut(of: Set<Transport> | Map<Transport, MonoMs>, why: string): void {
    const [oldest] = of.keys()
    if (oldest === undefined) return
    of.delete(oldest)
    oldest.destroy()
    this.#reject(oldest, why)
  }

  #reject(transport: Transport, why: string): void {
    this.#options.rejected(transport.remote, why)
  }
}
