// A key for somebody who is not to have the secret of the cluster: `dtr_` and 16 hex digits of the cluster, `_`, 12 of the
// key's id, `_`, 43 letters and digits that are secret, and 8 hex digits of a checksum, so that typos and keys that lie in
// the wrong place are found. Whoever makes it keeps the text; the master has the verifier alone (PROTOCOL.md 2.3).
//
// What always holds: the text never crosses the wire and is in no error (P29); with the verifier nobody can log in.
import { createHash, createHmac, randomBytes } from 'node:crypto'
import { DtrError } from '../errors.js'

export interface AccessKey {
  /** 12 hex digits; may be told. */
  readonly id: string
  /** 16 hex digits: of the cluster that it opens. */
  readonly cluster: string
  readonly clientKey: Buffer
  readonly storedKey: Buffer
  readonly serverKey: Buffer
}

/** What a master keeps of a key, in hex: enough to check a proof and to prove itself, too little to make that proof. */
export interface Verifier {
  readonly storedKey: string
  readonly serverKey: string
}

const FORM = /^(dtr_([0-9a-f]{16})_([0-9a-f]{12})_([0-9A-Za-z]{43}))([0-9a-f]{8})$/
const ID_BYTES = 6
/** So many of 62 signs hold 256 bits. */
const SECRET_CHARS = 43
const SIGNS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
/** Bytes below are so many signs each, and none is likelier than another. */
const FAIR_BELOW = 256 - (256 % SIGNS.length)

/** The text of a new key, which nobody else has ever seen. */
export function makeAccessKey(cluster: string): string {
  const text = `dtr_${cluster}_${randomBytes(ID_BYTES).toString('hex')}_${randomSigns(SECRET_CHARS)}`
  return `${text}${checksumOf(text)}`
}

/**
 * Reads a key as a person or a file gives it. White space around it does not count.
 * @throws DtrError `bad_input`, which does not repeat the text
 */
export function readAccessKey(written: string): AccessKey {
  if (typeof written !== 'string') throw new DtrError('bad_input', 'key: it is not a text')
  const [, text = '', cluster = '', id = '', secret = '', checksum] = FORM.exec(written.trim()) ?? []
  if (text === '') {
    throw new DtrError(
      'bad_input',
      'the key is none of dtr: it is not dtr_, 16 digits, _, 12 digits, _ and 51 more signs',
      {
        hint: 'copy the whole line that dtr key create has printed',
      },
    )
  }
  if (checksum !== checksumOf(text)) {
    throw new DtrError('bad_input', `the key ${id} has a mistake: its checksum differs`, { hint: 'copy it once more' })
  }
  const clientKey = derive(secret, 'dtr client key')
  const storedKey = createHash('sha256').update(clientKey).digest()
  return { id, cluster, clientKey, storedKey, serverKey: derive(secret, 'dtr server key') }
}

export function verifierOf({ storedKey, serverKey }: AccessKey): Verifier {
  return { storedKey: storedKey.toString('hex'), serverKey: serverKey.toString('hex') }
}

function derive(secret: string, label: string): Buffer {
  return createHmac('sha256', secret).update(label, 'utf8').digest()
}

function checksumOf(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex').slice(0, 8)
}

function randomSigns(count: number): string {
  let text = ''
  while (text.length < count) {
    for (const byte of randomBytes(count - text.length)) if (byte < FAIR_BELOW) text += SIGNS[byte % SIGNS.length]
  }
  return text
}
