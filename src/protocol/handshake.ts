// Who is at the other end (PROTOCOL.md 2): two small machines that take parsed lines and give the line to send back.
// No I/O, clock or randomness: nonces come in, time limits are kept by whoever drives them.
//
//   acceptor                                dialler
//      | -- greeting (nonce) ----------------> |     a dialler that hears anything else has sent not one byte
//      | <----------- hello (nonce, dialled) -- |
//      | -- proof ---------------------------> |     the acceptor proves itself first
//      | <---------------------------- proof -- |
//      =              proven                   =
//
// What always holds:
// - a proof is bound to its side, both roles, both lives, both nonces and the address that was dialled, so that one
//   which is reflected, replayed or relayed from another port proves nothing;
// - the acceptor believes `dialled` only where it is its own end of the socket;
// - what the acceptor says of a key, also that it has ended, nobody can read but who has that key;
// - after `failed` or `proven` a machine takes nothing more.
import type { TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import type { Verifier } from './access-key.js'
import { flawOf } from './checker.js'
import type { JsonObject } from './json.js'
import { Greeting, Hello, PROTOCOL_VERSION, Proof, Refused } from './messages.js'
import { type Credential, isAccessKey, keeperOf, nobodysVerifier, type Prover, proverOf } from './proofs.js'

export type Role = 'master' | 'worker' | 'client'

/** What one side is, told in greeting or hello and proven with the secret, or with a key. */
export interface Identity {
  readonly role: Role
  /** Names this life of the process. */
  readonly incarnation: string
  readonly key: Credential
}

/** A key that was given out, as the side that keeps it knows it. */
export interface KeptKey {
  readonly verifier: Verifier
  /** Why it opens nothing, or not this. */
  readonly refusal?: Refusal | undefined
}

/** What is wrong with a key that is right. */
export const REFUSALS = {
  revoked: 'this key was revoked',
  expired: 'this key has expired',
  forbidden: 'this key is for another role',
} as const
export type Refusal = keyof typeof REFUSALS

export type FindKey = (keyId: string, role: Role) => KeptKey | undefined

/** Who the other side has proven to be. */
export interface ProvenPeer {
  readonly role: Role
  readonly incarnation: string
  /** That of the secret, or of the key that it came with. */
  readonly keyId: string
  /** It reads lists that come as columns. */
  readonly readsColumns: boolean
}

/** Why there is no session. A `stranger` did not speak as we do, an `other` is not who was looked for. */
export type HandshakeFailure =
  | { readonly kind: 'stranger'; readonly why: string }
  | {
      readonly kind: 'other'
      readonly role: 'worker' | 'master'
      readonly cluster: string
      readonly incarnation: string
    }
  | { readonly kind: 'unproven'; readonly why: string }

export type HandshakeStep =
  | { readonly kind: 'wait'; readonly send: Hello | Proof }
  | { readonly kind: 'proven'; readonly peer: ProvenPeer; readonly send?: Proof }
  | { readonly kind: 'failed'; readonly failure: HandshakeFailure; readonly send?: Refused }

export interface Handshake {
  /** Takes the next line of the other side, as it was parsed. */
  receive(line: JsonObject): HandshakeStep
}

// --- Accepting -------------------------------------------------------------------------------------------------------

export interface AcceptorTerms {
  readonly identity: Identity & { readonly role: 'master' | 'worker' }
  /** Who may dial in here. */
  readonly roles: readonly Role[]
  /** This end of the socket, `ip:port`. */
  readonly local: string
  /** 32 random hex digits. */
  readonly nonce: string
  /** The keys that it has given out; where it is missing only the secret opens it. */
  readonly keys?: FindKey | undefined
}

export class AcceptorHandshake implements Handshake {
  readonly greeting: Greeting
  readonly #terms: AcceptorTerms
  #hello: Hello | undefined
  #prover: Prover | undefined
  #refusal: Refusal | undefined

  constructor(terms: AcceptorTerms) {
    const { role, incarnation, key } = terms.identity
    this.#terms = terms
    this.greeting = {
      dtr: PROTOCOL_VERSION,
      role,
      cluster: key.cluster,
      incarnation,
      nonce: terms.nonce,
      readsColumns: true,
    }
  }

  receive(line: JsonObject): HandshakeStep {
    if (this.#hello === undefined || this.#prover === undefined) return this.#hear(line)
    return this.#verify(line, this.#hello, this.#prover)
  }

  #hear(line: JsonObject): HandshakeStep {
    if (!helloCheck.Check(line)) return stranger(`instead of a hello: ${flawOf(helloCheck, line)}`)
    const hello = line as unknown as Hello
    const { identity, roles, local } = this.#terms
    if (hello.version !== PROTOCOL_VERSION) return refuse('unsupported', versionsDiffer(hello.version))
    if (hello.cluster !== identity.key.cluster) {
      return refuse('unauthorised', `this ${identity.role} is of cluster ${identity.key.cluster}, not of yours`)
    }
    if (!roles.includes(hello.role)) {
      return refuse('unauthorised', `a ${identity.role} takes no ${hello.role}: only ${roles.join(', ')}`)
    }
    if (hello.dialled !== local) {
      return refuse('unauthorised', `you dialled ${JSON.stringify(hello.dialled)}, and this is ${local}`)
    }
    if (isAccessKey(identity.key)) {
      return refuse('unauthorised', `this ${identity.role} has a key and not the secret: it dials its master itself`)
    }
    this.#hello = hello
    this.#prover = proverOf(identity.key)
    if (hello.keyId !== undefined && hello.keyId !== identity.key.id) {
      const kept = this.#terms.keys?.(hello.keyId, hello.role)
      this.#prover = keeperOf(hello.keyId, kept?.verifier ?? nobodysVerifier(identity.key, hello.keyId))
      this.#refusal = kept?.refusal
    }
    return { kind: 'wait', send: proofOf(this.#refusal ?? 'acceptor', this.#prover, this.greeting, hello) }
  }

  #verify(line: JsonObject, hello: Hello, prover: Prover): HandshakeStep {
    const flaw = proofFlaw(line, prover, textOf('dialler', this.greeting, hello))
    if (flaw !== undefined) return refuse('unauthorised', flaw)
    if (this.#refusal !== undefined) return refuse('unauthorised', REFUSALS[this.#refusal])
    const { role, incarnation, readsColumns = false } = hello
    return { kind: 'proven', peer: { role, incarnation, keyId: prover.keyId, readsColumns } }
  }
}

// --- Dialling --------------------------------------------------------------------------------------------------------

export interface DiallerTerms {
  readonly identity: Identity
  readonly expect: 'master' | 'worker'
  /** The other end of the socket, `ip:port`. */
  readonly dialled: string
  /** 32 random hex digits. */
  readonly nonce: string
  /** Decides from the greeting whether to go on. */
  readonly wanted?: ((incarnation: string) => boolean) | undefined
}

export class DiallerHandshake implements Handshake {
  readonly #terms: DiallerTerms
  #greeting: Greeting | undefined
  #hello: Hello | undefined

  constructor(terms: DiallerTerms) {
    this.#terms = terms
  }

  /** Whether the other side has greeted as one of ours does. */
  get greeted(): boolean {
    return this.#greeting !== undefined
  }

  receive(line: JsonObject): HandshakeStep {
    if (this.#greeting === undefined || this.#hello === undefined) return this.#hear(line)
    return this.#verify(line, this.#greeting, this.#hello)
  }

  #hear(line: JsonObject): HandshakeStep {
    const { dtr } = line
    if (Number.isSafeInteger(dtr) && dtr !== PROTOCOL_VERSION) return stranger(versionsDiffer(Number(dtr)))
    if (!greetingCheck.Check(line)) return stranger(`instead of a greeting: ${flawOf(greetingCheck, line)}`)
    const greeting = line as unknown as Greeting
    const { identity, expect, wanted, nonce, dialled } = this.#terms
    const { role, cluster, incarnation } = greeting
    const ours = cluster === identity.key.cluster && role === expect && (wanted?.(incarnation) ?? true)
    if (!ours) return { kind: 'failed', failure: { kind: 'other', role, cluster, incarnation } }
    const { role: ownRole, incarnation: ownIncarnation } = identity
    this.#greeting = greeting
    this.#hello = {
      type: 'hello',
      version: PROTOCOL_VERSION,
      role: ownRole,
      cluster,
      incarnation: ownIncarnation,
      nonce,
      dialled,
      ...(isAccessKey(identity.key) && { keyId: identity.key.id }),
      readsColumns: true,
    }
    return { kind: 'wait', send: this.#hello }
  }

  #verify(line: JsonObject, greeting: Greeting, hello: Hello): HandshakeStep {
    const prover = proverOf(this.#terms.identity.key)
    if (refusedCheck.Check(line)) return unproven(`it refused: ${(line as unknown as Refused).message}`)
    const flaw = proofFlaw(line, prover, textOf('acceptor', greeting, hello))
    if (flaw !== undefined) return unproven(this.#refusalIn(line, prover, greeting, hello) ?? flaw)
    const { role, incarnation, readsColumns = false } = greeting
    const send = proofOf('dialler', prover, greeting, hello)
    return { kind: 'proven', peer: { role, incarnation, keyId: prover.keyId, readsColumns }, send }
  }

  /** A master that has the key says in its proof, to its owner alone, why it does not open. */
  #refusalIn(line: JsonObject, prover: Prover, greeting: Greeting, hello: Hello): string | undefined {
    if (hello.keyId === undefined) return undefined
    const refusal = (Object.keys(REFUSALS) as Refusal[]).find(
      (each) => proofFlaw(line, prover, textOf(each, greeting, hello)) === undefined,
    )
    return refusal && REFUSALS[refusal]
  }
}

// --- Proofs ----------------------------------------------------------------------------------------------------------

/** Whose proof it is; of an acceptor also that it has the key, which does not open. */
type Side = 'acceptor' | 'dialler' | Refusal

/** Lines that hold no newline, so that no two handshakes give the same bytes. PROTOCOL.md 2.2 has a worked example. */
function textOf(side: Side, greeting: Greeting, hello: Hello): string {
  return [
    `dtr ${side}`,
    String(hello.version),
    greeting.cluster,
    greeting.role,
    hello.role,
    greeting.incarnation,
    hello.incarnation,
    greeting.nonce,
    hello.nonce,
    hello.dialled,
  ].join('\n')
}

function proofOf(side: Side, { keyId, prove }: Prover, greeting: Greeting, hello: Hello): Proof {
  return { type: 'proof', keyId, proof: prove(textOf(side, greeting, hello)) }
}

function proofFlaw(line: JsonObject, { keyId, accepts }: Prover, text: string): string | undefined {
  if (!proofCheck.Check(line)) return `instead of a proof: ${flawOf(proofCheck, line)}`
  const given = line as unknown as Proof
  if (given.keyId !== keyId) return 'the proof names another key'
  return accepts(text, given.proof) ? undefined : 'the proof is wrong'
}

const compile = (schema: TSchema) => Compile(schema)
const greetingCheck = compile(Greeting)
const helloCheck = compile(Hello)
const proofCheck = compile(Proof)
const refusedCheck = compile(Refused)

// --- Verdicts --------------------------------------------------------------------------------------------------------

function stranger(why: string): HandshakeStep {
  return { kind: 'failed', failure: { kind: 'stranger', why } }
}

function unproven(why: string): HandshakeStep {
  return { kind: 'failed', failure: { kind: 'unproven', why } }
}

/** The other side speaks as we do, so that it may be told why not. */
function refuse(code: 'unsupported' | 'unauthorised', message: string): HandshakeStep {
  return {
    kind: 'failed',
    failure: { kind: 'unproven', why: message },
    send: { type: 'refused', code, message },
  }
}

function versionsDiffer(theirs: number): string {
  return `it speaks version ${theirs} of the protocol, and this side version ${PROTOCOL_VERSION}: update the older of the two`
}
