// A session: one connection from greeting to close, in messages. Who is at the other end is proven before either side
// sees a message (PROTOCOL.md 2); what arrives was checked against the table of messages that this side accepts.
import type { Clock } from '../clock.js'
import type { FindKey, Identity, Role } from '../protocol/handshake.js'
import type { Message, MessageTable } from '../protocol/messages.js'

export type { Identity, Role } from '../protocol/handshake.js'
export type { ClusterKey } from '../protocol/key.js'

export interface Peer {
  readonly role: Role
  readonly incarnation: string
  readonly keyId: string
  /** It reads lists that come as columns. */
  readonly readsColumns?: boolean
  /** `ip:port` of the other end of the socket. */
  readonly remote: string
  /** `ip:port` of this end. */
  readonly local: string
}

export interface Connection {
  readonly peer: Peer
  /** What was sent and waits for the peer to read: whoever has much to say looks here before saying more. */
  readonly queuedBytes: number
  /**
   * What is sent in one turn leaves in one write. Where more than WRITE_QUEUE_BYTES_MAX wait already the connection
   * closes instead. @throws DtrError `too_large` for a message beyond LINE_BYTES_MAX
   */
  send(message: Message): void
  /** Hands what was sent to the system now: `started` must be there before the code begins (P9). */
  flush(): void
  /** Everything sent before leaves, then the connection ends. */
  end(): void
  /** Ends it now, whatever is under way. */
  destroy(reason: string): void
  /**
   * Starts the flow; nothing is called before it has returned. Messages that came in one chunk come in one call.
   * `closed` is called exactly once, and nothing after it; after end() or destroy() there are no more messages.
   */
  open(handlers: ConnectionHandlers): void
}

export interface ConnectionHandlers {
  messages(messages: readonly Message[]): void
  /**
   * @param heardAll the other side ended it, and every message that it had sent was delivered. Where this side ended it,
   * or the connection broke, some may be lost
   */
  closed(reason: string, heardAll: boolean): void
}

/** How a dial ended. Only `refused` says that nobody listens; `silent` says nothing about who does. */
export type DialResult =
  | { readonly kind: 'connected'; readonly connection: Connection }
  | { readonly kind: 'refused' }
  | { readonly kind: 'unreachable'; readonly why: string }
  | { readonly kind: 'silent' }
  | { readonly kind: 'stranger'; readonly why: string }
  /** It speaks dtr, but is not who was looked for: `role` differs, another cluster, or not `wanted`. */
  | {
      readonly kind: 'other'
      readonly role: 'worker' | 'master'
      readonly cluster: string
      readonly incarnation: string
    }
  /** It greeted well, and then the connection or the time ended: nothing is proven or disproved. */
  | { readonly kind: 'broken'; readonly why: string }
  /** It greeted well and then could not prove that it knows the secret, or refused ours. */
  | { readonly kind: 'unproven'; readonly why: string }

export interface DialOptions {
  readonly host: string
  readonly port: number
  readonly identity: Identity
  readonly expect: 'worker' | 'master'
  /** Messages that this side accepts once connected. */
  readonly accepts: MessageTable
  readonly connectMs: number
  /** Decides from the greeting, before a byte was sent, whether to go on. */
  readonly wanted?: (incarnation: string) => boolean
  /** Keeps the time limits; the system's where none is given. */
  readonly clock?: Clock
}

export interface AcceptOptions {
  readonly identity: Identity & { readonly role: 'master' | 'worker' }
  /** The keys that were given out; none, only the secret opens it. */
  readonly keys?: FindKey
  /** By the role of the dialler: the messages that this side accepts from it; a role that is missing is refused. */
  readonly accepts: Partial<Record<Role, MessageTable>>
  readonly unauthenticatedMax: number
  readonly connectionsMax: number
  connected(connection: Connection): void
  /** A stranger, a bad proof, a broken frame before authentication: one line for the log. */
  rejected(remote: string, why: string): void
  /** Keeps the time limits; the system's where none is given. */
  readonly clock?: Clock
}

/** What takes connections at a listening socket. The socket itself stays its owner's. */
export interface Acceptor {
  /** Those that have proven themselves. */
  readonly connections: number
  readonly unauthenticated: number
  /** Takes no more, and cuts all that is there. */
  close(reason: string): void
}
