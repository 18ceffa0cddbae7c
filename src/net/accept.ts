// Accepting: whoever connects is greeted, has HANDSHAKE_MS_MAX to prove itself, and becomes a session or is cut.
//
// What always holds:
// - at most `unauthenticatedMax` sockets are unproven; one more cuts the oldest, so strangers cannot lock ours out;
// - at most `connectionsMax` sessions; one more is told `busy`;
// - a peer that broke the rules is told of once; one that left without a word is not (other masters' scanners do that).
import { randomBytes } from 'node:crypto'
import type { Socket } from 'node:net'
import { systemClock } from '../clock.js'
import { AcceptorHandshake, type Role } from '../protocol/handshake.js'
import type { AcceptOptions, Acceptor } from './connection.js'
import { NONCE_BYTES } from './dial.js'
import { type ExchangeResult, exchange } from './exchange.js'
import type { Listening } from './ports.js'
import { Session } from './session.js'
import { TcpTransport } from './tcp.js'
import type { Transport } from './transport.js'

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
  /** Oldest first. */
  readonly #unproven = new Set<Transport>()
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
    return this.#unproven.size
  }

  take(transport: Transport): void {
    if (this.#closed) {
      transport.destroy()
      return
    }
    this.#unproven.add(transport)
    if (this.#unproven.size > this.#options.unauthenticatedMax) this.#cutOldest()
    void this.#meet(transport)
  }

  close(reason: string): void {
    this.#closed = true
    for (const transport of this.#unproven) transport.destroy()
    this.#unproven.clear()
    for (const session of this.#sessions) session.destroy(reason)
  }

  async #meet(transport: Transport): Promise<void> {
    const { identity, clock = systemClock } = this.#options
    const nonce = randomBytes(NONCE_BYTES).toString('hex')
    const handshake = new AcceptorHandshake({ identity, roles: this.#roles, local: transport.local, nonce })
    const result = await exchange(transport, handshake, clock, handshake.greeting)
    // One that was cut from here is spoken of already.
    if (!this.#unproven.delete(transport)) transport.destroy()
    else if (result.kind === 'proven') this.#admit(transport, result)
    else if (result.kind === 'failed') this.#reject(transport, 'why' in result.failure ? result.failure.why : '')
    else if (result.heard || result.late) this.#reject(transport, result.why)
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

  #cutOldest(): void {
    const [oldest] = this.#unproven
    if (oldest === undefined) return
    this.#unproven.delete(oldest)
    oldest.destroy()
    this.#reject(oldest, `${this.#options.unauthenticatedMax} others wait to prove themselves, and it was the oldest`)
  }

  #reject(transport: Transport, why: string): void {
    this.#options.rejected(transport.remote, why)
  }
}
