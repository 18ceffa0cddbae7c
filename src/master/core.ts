// A master without its sockets and files: its sessions and the search for its workers around the machine and its driver.
// It decides nothing. The node gives it the real ports, a simulation those of a world of its own.
import type { Connection } from '../net/connection.js'
import type { WorkerMessage } from '../protocol/messages.js'
import { Discovery, type DiscoveryOptions } from './discovery.js'
import { Driver, type DriverPorts } from './driver.js'
import type { MasterDecisions, MasterEffect, MasterEvent, SessionId } from './events.js'

export interface CoreOptions
  extends Omit<DiscoveryOptions, 'connected' | 'probed'>,
    Omit<DriverPorts, 'act' | 'clock' | 'log' | 'hasRoom'> {
  /** The machine wants the process to end. */
  exit(code: number): void
}

/** Who has so much to read is asked about nothing more. */
const UNREAD_BYTES_MAX = 1024 * 1024
/** And is told nothing more of what tasks do while they run. */
const LOSSY_UNREAD_BYTES_MAX = 256 * 1024

export class MasterCore {
  readonly #options: CoreOptions
  readonly #sessions = new Map<SessionId, Connection>()
  readonly #driver: Driver
  readonly #discovery: Discovery
  #lastSession = 0
  #closed = false

  constructor(machine: MasterDecisions, options: CoreOptions) {
    this.#options = options
    this.#driver = new Driver(machine, {
      ...options,
      act: (effect) => this.#act(effect),
      hasRoom: (session) => (this.#sessions.get(session)?.queuedBytes ?? 0) <= UNREAD_BYTES_MAX,
    })
    this.#discovery = new Discovery({
      ...options,
      connected: (connection) => this.#take(connection),
      probed: (incarnation, met) => this.post({ kind: 'probed', incarnation, met }),
    })
  }

  start(): void {
    this.#driver.start()
    this.#discovery.start()
  }

  post(event: MasterEvent): void {
    this.#driver.post(event)
  }

  /** Somebody has dialled in. */
  accepted(connection: Connection): void {
    if (connection.peer.role === 'worker') this.#discovery.joined(connection.peer.incarnation)
    this.#take(connection)
  }

  /** Decides nothing more and takes nobody; resolves when the batch in flight has its outcome. */
  close(): Promise<void> {
    this.#closed = true
    this.#discovery.stop()
    return this.#driver.close()
  }

  /** What was sent leaves first. */
  endSessions(): void {
    for (const connection of this.#sessions.values()) connection.end()
  }

  #take(connection: Connection): void {
    const { role, incarnation, remote, keyId } = connection.peer
    const withKey = keyId !== this.#options.identity.key.id && { keyId }
    if (role === 'master' || this.#closed) return connection.destroy('no place for it here')
    this.#lastSession += 1
    const session = this.#lastSession
    this.#sessions.set(session, connection)
    this.post({ kind: 'opened', session, peer: { role, incarnation, remote, ...withKey } })
    connection.open({
      messages: (messages) => {
        for (const message of messages) {
          // The connection has checked it against WORKER_MESSAGES or CLIENT_MESSAGES, by the role that was proven.
          this.post({ kind: 'message', session, message: message as WorkerMessage })
        }
      },
      closed: (reason, heardAll) => {
        this.#sessions.delete(session)
        if (!this.#isConnected(incarnation)) this.#discovery.left(incarnation)
        this.post({ kind: 'closed', session, reason, heardAll })
      },
    })
  }

  #send({ session, message, lossy }: Extract<MasterEffect, { kind: 'send' }>): void {
    const connection = this.#sessions.get(session)
    if (lossy === true && (connection?.queuedBytes ?? 0) > LOSSY_UNREAD_BYTES_MAX) return
    connection?.send(message)
  }

  /** A worker that connected anew is there although its old session has just ended. */
  #isConnected(incarnation: string): boolean {
    return [...this.#sessions.values()].some(({ peer }) => peer.incarnation === incarnation)
  }

  #act(effect: Exclude<MasterEffect, { kind: 'read' } | { kind: 'log' }>): void {
    switch (effect.kind) {
      case 'send':
        this.#send(effect)
        return
      case 'close':
        this.#options.log.info(`closed a connection: ${effect.reason}`, {
          remote: this.#sessions.get(effect.session)?.peer.remote,
        })
        this.#sessions.get(effect.session)?.end()
        return
      case 'probe':
        this.#discovery.probe(effect.incarnation, effect.address)
        return
      case 'exit':
        this.#options.exit(effect.code)
    }
  }
}
