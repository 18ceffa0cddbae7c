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
// - after `failed` or `proven` a machine takes nothing more.
import { createHmac, timingSafeEqual } from 'node:crypto'
import type { TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import { flawOf } from './checker.js'
import type { JsonObject } from './json.js'
import type { ClusterKey } from './key.js'
import { Greeting, Hello, PROTOCOL_VERSION, Proof, Refused } from './messages.js'

export type Role = 'master' | 'worker' | 'client'

/** What one side is, told in greeting or hello and proven with the secret. */
export interface Identity {
  readonly role: Role
  /** Names this life of the process. */
  readonly incarnation: string
  readonly key: ClusterKey
}

/** Who the other side has proven to be. */
export interface ProvenPeer {
  readonly role: Role
  readonly incarnation: string
  readonly keyId: string
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
}

export class AcceptorHandshake implements Handshake {
  readonly greeting: Greeting
  readonly #terms: AcceptorTerms
  #hello: Hello | undefined

  constructor(terms: AcceptorTerms) {
    const { role, incarnation, key } = terms.identity
    this.#terms = terms
    this.greeting = { dtr: PROTOCOL_VERSION, role, cluster: key.cluster, incarnation, nonce: terms.nonce }
  }

  receive(line: JsonObject): HandshakeStep {
    return this.#hello === undefined ? this.#hear(line) : this.#verify(line, this.#hello)
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
    this.#hello = hello
    return { kind: 'wait', send: proofOf('acceptor', identity.key, this.greeting, hello) }
  }

  #verify(line: JsonObject, hello: Hello): HandshakeStep {
    const { key } = this.#terms.identity
    const flaw = proofFlaw(line, proofOf('dialler', key, this.greeting, hello))
    if (flaw !== undefined) return refuse('unauthorised', flaw)
    return { kind: 'proven', peer: { role: hello.role, incarnation: hello.incarnation, keyId: key.id } }
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
    }
    return { kind: 'wait', send: this.#hello }
  }

  #verify(line: JsonObject, greeting: Greeting, hello: Hello): HandshakeStep {
    const { key } = this.#terms.identity
    if (refusedCheck.Check(line)) return unproven(`it refused: ${(line as unknown as Refused).message}`)
    const flaw = proofFlaw(line, proofOf('acceptor', key, greeting, hello))
    if (flaw !== undefined) return unproven(flaw)
    const { role, incarnation } = greeting
    const send = proofOf('dialler', key, greeting, hello)
    return { kind: 'proven', peer: { role, incarnation, keyId: key.id }, send }
  }
}

// --- Proofs ----------------------------------------------------------------------------------------------------------

/** Lines that hold no newline, so that no two handshakes give the same bytes. PROTOCOL.md 2.2 has a worked example. */
function proofOf(side: 'acceptor' | 'dialler', key: ClusterKey, greeting: Greeting, hello: Hello): Proof {
  const text = [
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
  return { type: 'proof', keyId: key.id, proof: createHmac('sha256', key.secret).update(text, 'utf8').digest('hex') }
}

function proofFlaw(line: JsonObject, expected: Proof): string | undefined {
  if (!proofCheck.Check(line)) return `instead of a proof: ${flawOf(proofCheck, line)}`
  const given = line as unknown as Proof
  if (given.keyId !== expected.keyId) return 'the proof names another key'
  const same = timingSafeEqual(Buffer.from(given.proof, 'hex'), Buffer.from(expected.proof, 'hex'))
  return same ? undefined : 'the proof is wrong'
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
