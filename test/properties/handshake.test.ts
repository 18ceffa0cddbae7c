// Mutual proof against whoever sits between: all that was said in any handshake may be said again anywhere, changed,
// swapped, reflected or relayed. What the attacker does not have is the secret, and the keys of those who dial with one.
import fc from 'fast-check'
import { makeAccessKey, readAccessKey, verifierOf } from '../../src/protocol/access-key.js'
import {
  AcceptorHandshake,
  DiallerHandshake,
  type FindKey,
  type Handshake,
  type HandshakeStep,
  type ProvenPeer,
  type Role,
} from '../../src/protocol/handshake.js'
import { readKey } from '../../src/protocol/key.js'
import { Greeting, Hello, Proof } from '../../src/protocol/messages.js'
import type { Credential } from '../../src/protocol/proofs.js'
import type { Schema } from '../protocol/tables.js'
import { holds } from './holds.js'
import { type Json, valueFor } from './values.js'

const KEY = readKey('0'.repeat(64))
const [GIVEN, REVOKED] = [KEY, KEY].map(({ cluster }) => readAccessKey(makeAccessKey(cluster))) as [
  ReturnType<typeof readAccessKey>,
  ReturnType<typeof readAccessKey>,
]
/** What masters have kept. */
const keys: FindKey = (id) => {
  if (id === GIVEN.id) return { verifier: verifierOf(GIVEN) }
  return id === REVOKED.id ? { verifier: verifierOf(REVOKED), refusal: 'revoked' } : undefined
}
const ADDRESSES = ['127.0.0.1:5000', '127.0.0.1:5001']

/** An honest side with its secret, and what it has said and come to believe. */
class Side {
  readonly said: Json[] = []
  peer: ProvenPeer | undefined
  #over = false
  #heard: Json | undefined

  constructor(
    readonly about: {
      readonly role: Role
      readonly incarnation: string
      readonly address: string
      readonly keyId: string
    },
    readonly accepts: boolean,
    readonly handshake: Handshake,
  ) {}

  get awaits(): string {
    const first = this.accepts ? 'hello' : 'greeting'
    return this.said.length === (this.accepts ? 1 : 0) ? first : 'proof'
  }

  /** Both sides' own random numbers, as this side knows them: they name a conversation. */
  nonces(): string {
    return [this.said[0]?.nonce, this.#heard?.nonce].sort().join()
  }

  hear(line: Json): void {
    if (this.#over) return
    this.#heard ??= line
    const step: HandshakeStep = this.handshake.receive(line)
    if (step.send !== undefined) this.said.push(arrived(step.send))
    if (step.kind === 'proven') this.peer = step.peer
    this.#over = step.kind !== 'wait'
  }
}

/** As it arrives: through JSON. */
function arrived(line: object): Json {
  return JSON.parse(JSON.stringify(line)) as Json
}

function acceptor(n: number, role: 'master' | 'worker', address: string): Side {
  const incarnation = `${role}#1`
  const handshake = new AcceptorHandshake({
    identity: { role, incarnation, key: KEY },
    roles: ['master', 'worker', 'client'],
    local: address,
    nonce: String(n).padStart(32, 'a'),
    keys: role === 'master' ? keys : undefined,
  })
  const side = new Side({ role, incarnation, address, keyId: KEY.id }, true, handshake)
  side.said.push(arrived(handshake.greeting))
  return side
}

function dialler(n: number, role: Role, expect: 'master' | 'worker', address: string, key: Credential): Side {
  const incarnation = `${role}-${n % 2}#1`
  const identity = { role, incarnation, key }
  const nonce = String(n).padStart(32, 'b')
  return new Side(
    { role, incarnation, address, keyId: key.id },
    false,
    new DiallerHandshake({ identity, expect, dialled: address, nonce }),
  )
}

const ROLE = fc.constantFrom<Role>('master', 'worker', 'client')
/** Mostly such that they fit together, or nobody would come to believe anybody. */
const ACCEPTING = fc.constantFrom<'master' | 'worker'>('master', 'master', 'master', 'worker')
const CREDENTIAL = fc.constantFrom<Credential>(KEY, KEY, KEY, GIVEN, GIVEN, GIVEN, REVOKED)
const ADDRESS = fc.constantFrom(...ADDRESSES, ADDRESSES[0]!, ADDRESSES[0]!)
const SIDES = fc
  .tuple(
    fc.array(fc.tuple(ACCEPTING, ADDRESS), { minLength: 1, maxLength: 2 }),
    fc.array(fc.tuple(ROLE, ACCEPTING, ADDRESS, CREDENTIAL), { minLength: 1, maxLength: 4 }),
  )
  .map(([accepting, dialling]) => (): Side[] => [
    ...accepting.map(([role, address], n) => acceptor(n, role, address)),
    ...dialling.map(([role, expect, address, key], n) => dialler(n, role, expect, address, key)),
  ])

/** What may be changed on the way: any field, to any value that its schema allows. */
const FIELDS = [Greeting, Hello, Proof].flatMap((schema) => {
  // That it reads columns is proven by nobody: it changes how lists are written, and not who is believed.
  const { readsColumns: _unproven, ...properties } = (schema as Schema).properties ?? {}
  return Object.entries(properties).map(([name, field]) =>
    fc.record({ name: fc.constant(name), value: valueFor(field) }),
  )
})
const CHANGE = fc.oneof(
  ...FIELDS,
  fc.record({ name: fc.constant('dialled'), value: ADDRESS }),
  fc.record({ name: fc.constant('role'), value: ROLE }),
)
const RARELY = fc.oneof({ weight: 9, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: CHANGE })

/** To this side, one of the lines that were said so far, changed or not: mostly one of the kind that it waits for. */
const MOVE = fc.record({ to: fc.nat(), line: fc.nat(), change: RARELY, blindly: fc.nat(9).map((n) => n === 0) })

interface Move {
  readonly to: number
  readonly line: number
  readonly change: { readonly name: string; readonly value: unknown } | undefined
  readonly blindly: boolean
}

function play(sides: readonly Side[], moves: readonly Move[]): void {
  for (const { to, line, change, blindly } of moves) {
    const side = sides[to % sides.length]!
    const said = sides.flatMap((one) => one.said)
    const awaited = said.filter((one) => (one.type ?? 'greeting') === side.awaits)
    const from = blindly || awaited.length === 0 ? said : awaited
    const chosen = from[line % from.length]!
    side.hear(change === undefined ? chosen : { ...chosen, [change.name]: change.value })
  }
}

/** The honest other side of the very conversation in which `side` has come to believe somebody. */
function partnersOf(side: Side, sides: readonly Side[]): Side[] {
  return sides.filter((other) => {
    const { role, incarnation, address } = other.about
    const named = side.peer?.role === role && side.peer.incarnation === incarnation
    const here = other.accepts !== side.accepts && address === side.about.address
    const together = other.nonces() === side.nonces()
    // Of a session both think that it came about by the same key, and the dialler has it.
    const keyed = side.peer?.keyId === (side.accepts ? other : side).about.keyId
    // The dialler speaks last: where the acceptor believes it, it believed the acceptor before.
    return named && here && together && keyed && (other.peer !== undefined || !side.accepts)
  })
}

let [proven, keyed, honest] = [0, 0, 0]
holds(
  'whoever is believed is who it says, dialled this very address, and believes the same: replayed, swapped, reflected, relayed',
  fc.property(SIDES, fc.array(MOVE, { minLength: 10, maxLength: 40 }), (make, moves) => {
    const sides = make()
    play(sides, moves)
    for (const side of sides) {
      if (side.peer === undefined) continue
      proven += 1
      if (side.peer.keyId === REVOKED.id) throw new Error(`${side.about.incarnation} believes a key that was revoked`)
      if (side.peer.keyId === GIVEN.id) keyed += 1
      if (partnersOf(side, sides).length !== 1)
        throw new Error(`${side.about.incarnation} believes ${side.peer.incarnation}`)
    }
  }),
  10_000,
  (t) => t.ok(proven > 800 && keyed > 200, `${proven} were believed, ${keyed} of them by a key`),
)

holds(
  'a change to any field of any step, on the way or by a relay, is seen by whoever hears it, and nobody after it is believed',
  fc.property(
    ROLE,
    ACCEPTING,
    ADDRESS,
    fc.nat(3),
    CHANGE,
    CREDENTIAL,
    (role, accepting, dialled, step, change, key) => {
      const [near, far] = [acceptor(0, accepting, ADDRESSES[0]!), dialler(0, role, accepting, dialled, key)]
      let changed = false
      for (let n = 0; n < 4; n += 1) {
        const [from, to] = n % 2 === 0 ? [near, far] : [far, near]
        const line = from.said[n >> 1]
        if (line === undefined) break
        const other =
          n === step && change !== undefined && Object.hasOwn(line, change.name) && line[change.name] !== change.value
        to.hear(other ? { ...line, [change.name]: change.value } : line)
        changed ||= other
        if (changed && to.peer !== undefined)
          throw new Error(`${change?.name} of step ${n} was changed, and ${to.about.role} believes`)
      }
      if (changed || dialled !== ADDRESSES[0]) return
      if (key === REVOKED || (key === GIVEN && accepting === 'worker')) {
        if (near.peer !== undefined || far.peer !== undefined) throw new Error('a key opened what it does not')
        return
      }
      if (near.peer === undefined || far.peer === undefined) throw new Error('an honest handshake failed')
      honest += 1
    },
  ),
  3_000,
  (t) => t.ok(honest > 300 && honest < 2_700, `${honest} were left alone`),
)
