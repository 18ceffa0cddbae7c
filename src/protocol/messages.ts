// Every message on the wire: its shape, who may send it, its limits. PROTOCOL.md tells the same to people; a test holds
// the two together. Unknown fields are ignored and unknown types are answered `unsupported`: that is how versions mix.
import Type, { type Static, type TSchema } from 'typebox'
import type { CLIENT_MESSAGES, MASTER_TO_CLIENT_MESSAGES } from './client-messages.js'
import { Count, Hex, Incarnation, Name, PROTOCOL_VERSION } from './fields.js'
import type { MASTER_TO_WORKER_MESSAGES, WORKER_MESSAGES } from './worker-messages.js'

export * from './client-messages.js'
export * from './fields.js'
export * from './key-messages.js'
export * from './pull-messages.js'
export * from './reputation-messages.js'
export * from './worker-messages.js'

// --- Before authentication -------------------------------------------------------------------------------------------

/** The accepting side speaks first. */
export const Greeting = Type.Object({
  dtr: Type.Literal(PROTOCOL_VERSION),
  role: Type.Enum(['worker', 'master']),
  cluster: Hex(8),
  incarnation: Incarnation,
  nonce: Hex(16),
  /** It reads lists that come as columns. */
  readsColumns: Type.Optional(Type.Boolean()),
})
export const Hello = Type.Object({
  type: Type.Literal('hello'),
  version: Count,
  role: Type.Enum(['master', 'worker', 'client']),
  cluster: Hex(8),
  incarnation: Incarnation,
  nonce: Hex(16),
  /** `ip:port` that was dialled; the acceptor compares it with its own. */
  dialled: Type.String({ maxLength: 64 }),
  /** Of the key that it comes with; none, it has the secret. */
  keyId: Type.Optional(Name),
  /** It reads lists that come as columns. */
  readsColumns: Type.Optional(Type.Boolean()),
})
export const Proof = Type.Object({ type: Type.Literal('proof'), keyId: Name, proof: Hex(32) })

// --- All of them -------------------------------------------------------------------------------------------------------

type MessageOf<Table extends Record<string, TSchema>> = { [Key in keyof Table]: Static<Table[Key]> }[keyof Table]
export type WorkerMessage = MessageOf<typeof WORKER_MESSAGES>
export type ClientMessage = MessageOf<typeof CLIENT_MESSAGES>
export type MasterToWorker = MessageOf<typeof MASTER_TO_WORKER_MESSAGES>
export type MasterToClient = MessageOf<typeof MASTER_TO_CLIENT_MESSAGES>
export type Message = WorkerMessage | ClientMessage | MasterToWorker | MasterToClient
export type Greeting = Static<typeof Greeting>
export type Hello = Static<typeof Hello>
export type Proof = Static<typeof Proof>
/** The set of messages that a side accepts after the handshake, by name. */
export type MessageTable = Readonly<Record<string, TSchema>>
