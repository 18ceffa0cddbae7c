// Keys: what a client asks about them, and what a master answers.
import Type, { type Static } from 'typebox'
import { KEY_ROLES } from '../task/roles.js'
import { Count, Hex, list, Millis, Name, Re, Text } from './fields.js'

const KeyId = Hex(6)
const KEY = {
  id: KeyId,
  role: Type.Enum(KEY_ROLES),
  /** It submits, or serves, these types only. */
  types: Type.Optional(Type.Array(Name, { maxItems: 32 })),
  name: Type.Optional(Text(100)),
}
/** What may be told of a key. */
export const KeyField = Type.Object({
  ...KEY,
  createdAt: Millis,
  expiresAt: Type.Optional(Millis),
  revokedAt: Type.Optional(Millis),
})

// --- Client to master --------------------------------------------------------------------------------------------------

/** The client makes the key and keeps its text: only what checks it travels. The same again is the same key. */
export const CreateKey = Type.Object({
  type: Type.Literal('create-key'),
  re: Re,
  ...KEY,
  expiresMs: Type.Optional(Type.Integer({ minimum: 1, maximum: 100 * 366 * 24 * 3_600_000 })),
  storedKey: Hex(32),
  serverKey: Hex(32),
})
export const ListKeys = Type.Object({ type: Type.Literal('list-keys'), re: Re })
export const RevokeKey = Type.Object({ type: Type.Literal('revoke-key'), re: Re, id: KeyId })
/** Is this key, which somebody else gave to the client, good? */
export const CheckKey = Type.Object({
  type: Type.Literal('check-key'),
  re: Re,
  id: KeyId,
  nonce: Hex(16),
  proof: Hex(32),
})

// --- Master to client --------------------------------------------------------------------------------------------------

export const KeyCreated = Type.Object({
  type: Type.Literal('key-created'),
  re: Re,
  /** `conflict`: the id is that of another key. `full`: there are too many. */
  status: Type.Enum(['created', 'existing', 'conflict', 'full']),
  key: Type.Optional(KeyField),
})
export const Keys = Type.Object({ type: Type.Literal('keys'), re: Re, list: list(KeyField) })
export const KeyRevoked = Type.Object({
  type: Type.Literal('key-revoked'),
  re: Re,
  status: Type.Enum(['revoked', 'unknown']),
})
export const KeyChecked = Type.Object({
  type: Type.Literal('key-checked'),
  re: Re,
  /** Missing where it is not good: unknown, revoked, expired, or not proven. */
  key: Type.Optional(KeyField),
  /** For so long this answer may be believed, counted from the question. */
  validMs: Count,
})

export type KeyField = Static<typeof KeyField>
export type CreateKey = Static<typeof CreateKey>
export type CheckKey = Static<typeof CheckKey>
