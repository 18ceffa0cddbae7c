// Keys: made, taken back, told of, checked; and who came with one (README: Keys, PROTOCOL.md 2.3).
//
// What always holds: a key opens nothing before it is on disk, and nothing once its revocation is; whoever came with one is
// closed the moment it ends, and until then each of its messages needs its role. A plain session pays for none of this.
import type { WallMs } from '../../clock.js'
import { type KeptKey, REFUSALS, type Refusal } from '../../protocol/handshake.js'
import type { CheckKey, ClientMessage, CreateKey, KeyField, WorkerMessage } from '../../protocol/messages.js'
import { checkText, keeperOf } from '../../protocol/proofs.js'
import type { KeyRecord, OperationOutcome } from '../../store/store.js'
import { whyForbidden } from '../../task/roles.js'
import type { SessionId } from '../events.js'
import type { MasterState, Session, Turn } from '../state.js'
import { narrowed, WORKER_RIGHT, whyRefused } from './rights.js'

/** So long whoever asked about a key may believe the answer: a revocation reaches gateways by then. */
const CHECK_VALID_MS = 2_000
/** Looked at in place of a key that is not there, lest the time of an answer tells. No proof fits it. */
const NOBODY = { storedKey: '0'.repeat(64), serverKey: '0'.repeat(64) }

// --- Who comes with a key ----------------------------------------------------------------------------------------------

/** What a handshake is to know of a key. */
export function keptKey(
  { keys }: Pick<MasterState, 'keys'>,
  now: WallMs,
  id: string,
  role: string,
): KeptKey | undefined {
  const key = keys.get(id)
  if (key === undefined) return undefined
  const forbidden = role === 'worker' && whyForbidden(key, WORKER_RIGHT) !== undefined
  return { verifier: key, refusal: whyOver(key, now) ?? (forbidden ? 'forbidden' : undefined) }
}

/** Who votes, where a worker came with a key: whatever it calls itself, that is who it is. */
export function voterOf({ id }: Pick<KeyRecord, 'id'>): string {
  return `key:${id}`
}

/** False, and it is closed, where its key has ended since the handshake. */
export function admitKey(turn: Turn, session: Session, keyId: string): boolean {
  const { state, at } = turn
  const key = state.keys.get(keyId)
  // One that is not there any more was revoked, and has made room for another.
  const over = key === undefined ? 'revoked' : whyOver(key, at.wallMs)
  if (key === undefined || over !== undefined) {
    dismiss(turn, session, over ?? 'revoked')
    return false
  }
  session.key = key
  const { expiresAt } = key
  if (expiresAt !== undefined) state.keysEndAt = Math.min(expiresAt, state.keysEndAt ?? expiresAt)
  return true
}

/** The message as the key of this session allows it; where it does not that is said, and nothing changes. */
export function allowed<Said extends ClientMessage | WorkerMessage>(
  turn: Turn,
  session: Session,
  message: Said,
): Said | undefined {
  if (session.key === undefined) return message
  if (session.closing) return undefined
  const why = whyRefused(session.key, session.peer.role, message)
  if (why === undefined) return narrowed(session.key, message)
  if (session.peer.role === 'worker') {
    turn.log('warn', `refused a worker: ${why}`, { key: session.key.id, worker: session.peer.incarnation })
    turn.send(session.id, { type: 'refused', code: 'forbidden', message: why })
    turn.close(session.id, `refused: ${why}`)
  } else if ('re' in message && message.re !== undefined) {
    turn.send(session.id, { type: 'error', re: message.re, code: 'forbidden', message: why })
  }
  return undefined
}

/** Closes who came with a key that has expired. */
export function endExpired(turn: Turn): void {
  const { state, at } = turn
  if (state.keysEndAt === undefined || at.wallMs < state.keysEndAt) return
  state.keysEndAt = undefined
  for (const session of state.sessions.values()) {
    const { key, closing } = session
    if (key?.expiresAt === undefined || closing) continue
    if (key.expiresAt <= at.wallMs) dismiss(turn, session, 'expired')
    else state.keysEndAt = Math.min(key.expiresAt, state.keysEndAt ?? key.expiresAt)
  }
}

function whyOver({ expiresAt, revokedAt }: KeyRecord, now: WallMs): Refusal | undefined {
  if (revokedAt !== undefined) return 'revoked'
  return expiresAt !== undefined && expiresAt <= now ? 'expired' : undefined
}

function dismiss(turn: Turn, { id }: Session, why: Refusal): void {
  const message = REFUSALS[why]
  turn.send(id, { type: 'refused', code: 'unauthorised', message })
  turn.close(id, message)
}

// --- What clients ask of keys ------------------------------------------------------------------------------------------

export function createKey(turn: Turn, session: Session, message: CreateKey): void {
  const { type: _type, re, ...key } = message
  turn.enqueue({ kind: 'create-key', key }, { kind: 'create-key', session: session.id, re })
}

export function keyCreated(
  turn: Turn,
  asked: { readonly session: SessionId; readonly re: number },
  { status, key, forgotten }: Extract<OperationOutcome, { kind: 'create-key' }>,
): void {
  const { keys } = turn.state
  if (forgotten !== undefined) keys.delete(forgotten)
  if (key !== undefined) keys.set(key.id, key)
  if (key !== undefined && status === 'created') turn.log('info', `a key was made: ${key.id}, for the role ${key.role}`)
  const told = key === undefined ? {} : { key: keyField(key) }
  turn.send(asked.session, { type: 'key-created', re: asked.re, status, ...told })
}

export function revokeKey(turn: Turn, session: Session, re: number, keyId: string): void {
  turn.enqueue({ kind: 'revoke-key', id: keyId }, { kind: 'revoke-key', session: session.id, re })
}

/** On disk: now its sessions end. Who asked hears it first, for it may have revoked its own key. */
export function keyRevoked(
  turn: Turn,
  asked: { readonly session: SessionId; readonly re: number },
  { status, key }: Extract<OperationOutcome, { kind: 'revoke-key' }>,
): void {
  const { state } = turn
  turn.send(asked.session, { type: 'key-revoked', re: asked.re, status })
  if (key === undefined) return
  state.keys.set(key.id, key)
  const open = [...state.sessions.values()].filter((session) => session.key?.id === key.id && !session.closing)
  for (const session of open) dismiss(turn, session, 'revoked')
  turn.log('info', `the key ${key.id} is revoked; ${open.length} of its sessions are closed`)
}

export function listKeys(turn: Turn, session: Session, re: number): void {
  const list = [...turn.state.keys.values()].sort((one, other) => one.createdAt - other.createdAt).map(keyField)
  turn.send(session.id, { type: 'keys', re, list })
}

export function checkKey(turn: Turn, session: Session, { re, id, nonce, proof }: CheckKey): void {
  const { wallMs } = turn.at
  const key = turn.state.keys.get(id)
  const proven = keeperOf(id, key ?? NOBODY).accepts(checkText(id, nonce), proof)
  if (key === undefined || !proven || whyOver(key, wallMs) !== undefined) {
    turn.send(session.id, { type: 'key-checked', re, validMs: CHECK_VALID_MS })
    return
  }
  const validMs = Math.min(CHECK_VALID_MS, (key.expiresAt ?? Number.POSITIVE_INFINITY) - wallMs)
  turn.send(session.id, { type: 'key-checked', re, key: keyField(key), validMs: Math.max(0, Math.round(validMs)) })
}

function keyField({ storedKey: _stored, serverKey: _server, types, ...told }: KeyRecord): KeyField {
  return { ...told, ...(types !== undefined && { types: [...types] }) }
}
