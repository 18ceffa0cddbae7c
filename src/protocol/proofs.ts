// What a side proves itself with, and how it checks the other (PROTOCOL.md 2.2 and 2.3). Pure.
//
// With the secret of the cluster both sides do the same. With a key they differ, so that what the master keeps of it is not
// enough to log in: its owner sends the client key, hidden by an HMAC that only the two can calculate; the master takes that
// off again and holds the hash of what comes out against what it has kept.
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { AccessKey, Verifier } from './access-key.js'
import type { ClusterKey } from './key.js'

export type Credential = ClusterKey | AccessKey

export interface Prover {
  readonly keyId: string
  /** 64 hex digits. */
  prove(text: string): string
  /** Whether the other side has proven by this that it knows what it must. In constant time. */
  accepts(text: string, proof: string): boolean
}

export function isAccessKey(credential: Credential): credential is AccessKey {
  return 'clientKey' in credential
}

/** Of whoever owns the credential. */
export function proverOf(credential: Credential): Prover {
  if (!isAccessKey(credential)) {
    const { id: keyId, secret } = credential
    return { keyId, prove: (text) => hmac(secret, text).toString('hex'), accepts: acceptsMac(secret) }
  }
  const { id: keyId, clientKey, storedKey, serverKey } = credential
  return {
    keyId,
    prove: (text) => xor(clientKey, hmac(storedKey, text)).toString('hex'),
    accepts: acceptsMac(serverKey),
  }
}

/** Of a master that has kept no more of a key than this. */
export function keeperOf(keyId: string, verifier: Verifier): Prover {
  const storedKey = Buffer.from(verifier.storedKey, 'hex')
  const serverKey = Buffer.from(verifier.serverKey, 'hex')
  return {
    keyId,
    prove: (text) => hmac(serverKey, text).toString('hex'),
    accepts: (text, proof) => {
      const clientKey = xor(Buffer.from(proof, 'hex'), hmac(storedKey, text))
      return timingSafeEqual(createHash('sha256').update(clientKey).digest(), storedKey)
    },
  }
}

/** Stands for a key that is not known: what is answered tells nobody which ids there are, and takes the same time. */
export function nobodysVerifier({ secret }: ClusterKey, keyId: string): Verifier {
  const half = (label: string): string => hmac(secret, `dtr no key ${label} ${keyId}`).toString('hex')
  return { storedKey: half('stored'), serverKey: half('server') }
}

/** What is proven where one that is connected asks whether a key of somebody else is good. */
export function checkText(keyId: string, nonce: string): string {
  return ['dtr check', keyId, nonce].join('\n')
}

function acceptsMac(secret: Buffer): Prover['accepts'] {
  return (text, proof) => timingSafeEqual(hmac(secret, text), Buffer.from(proof, 'hex'))
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text, 'utf8').digest()
}

function xor(one: Buffer, other: Buffer): Buffer {
  return Buffer.from(one.map((byte, index) => byte ^ other[index]!))
}
