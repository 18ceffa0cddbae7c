// The secret of a cluster, and what is derived from it. Whoever knows the secret may be master, worker or client; it
// never leaves the process (P29): the wire carries proofs made with it, and two names that say which secret is meant.
import { createHash, createHmac, randomBytes } from 'node:crypto'
import { DtrError } from '../errors.js'

export interface ClusterKey {
  /** 8 hex digits: says which key a proof was made with, so that keys can be changed one day. */
  readonly id: string
  /** 256 bits. Never logged, never in argv. */
  readonly secret: Buffer
  /** 16 hex digits: greets, and keeps two clusters on one host apart. */
  readonly cluster: string
}

const SECRET_BYTES = 32
const SECRET_CHARS_MIN = 32

/** A new secret as it stands in a file: 64 hex digits. */
export function makeSecret(): string {
  return randomBytes(SECRET_BYTES).toString('hex')
}

/**
 * Reads a secret as a person or a file gives it: 64 hex digits as they are, any other text of at least 32 characters
 * by its SHA-256. White space around it does not count.
 * @throws DtrError `bad_input`, which does not repeat the text
 */
export function readKey(text: string): ClusterKey {
  if (typeof text !== 'string') throw new DtrError('bad_input', 'secret: it is not a text')
  const trimmed = text.trim()
  if (/^[0-9a-f]{64}$/i.test(trimmed)) return keyOf(Buffer.from(trimmed, 'hex'))
  if (trimmed.length >= SECRET_CHARS_MIN) return keyOf(createHash('sha256').update(trimmed, 'utf8').digest())
  throw new DtrError(
    'bad_input',
    `the secret has ${trimmed.length} characters, and at least ${SECRET_CHARS_MIN} are needed`,
    { hint: 'take the 64 hex digits that `dtr start` wrote to .dtr/secret, or a long random text' },
  )
}

function keyOf(secret: Buffer): ClusterKey {
  return { id: derive(secret, 'dtr key id', 8), secret, cluster: derive(secret, 'dtr cluster', 16) }
}

/** What may be told of a secret: the HMAC is one-way, and its label keeps it apart from every proof. */
function derive(secret: Buffer, label: string, digits: number): string {
  return createHmac('sha256', secret).update(label, 'utf8').digest('hex').slice(0, digits)
}
