// Handshakes with a key in place of the secret (PROTOCOL.md 2.3).
import { createHash, createHmac } from 'node:crypto'
import t from 'tap'
import { type AccessKey, makeAccessKey, readAccessKey, verifierOf } from '../../src/protocol/access-key.js'
import {
  AcceptorHandshake,
  type AcceptorTerms,
  DiallerHandshake,
  type DiallerTerms,
  type HandshakeStep,
  type KeptKey,
  REFUSALS,
  type Refusal,
} from '../../src/protocol/handshake.js'
import type { JsonObject } from '../../src/protocol/json.js'
import { readKey } from '../../src/protocol/key.js'

const SECRET = readKey('0'.repeat(64))
const ADDRESS = '127.0.0.1:4999'
const KEY = readAccessKey(makeAccessKey(SECRET.cluster))
const OTHER = readAccessKey(makeAccessKey(SECRET.cluster))

/** A master that has given out KEY. */
function master(kept: Partial<KeptKey> = {}, terms: Partial<AcceptorTerms> = {}): AcceptorHandshake {
  return new AcceptorHandshake({
    identity: { role: 'master', incarnation: 'master#a', key: SECRET },
    roles: ['client', 'worker'],
    local: ADDRESS,
    nonce: 'a'.repeat(32),
    keys: (id) => (id === KEY.id ? { verifier: verifierOf(KEY), ...kept } : undefined),
    ...terms,
  })
}

function client(key: AccessKey = KEY, terms: Partial<DiallerTerms> = {}): DiallerHandshake {
  const identity = { role: 'client', incarnation: 'client#b', key } as const
  return new DiallerHandshake({ identity, expect: 'master', dialled: ADDRESS, nonce: 'b'.repeat(32), ...terms })
}

function sent(step: HandshakeStep): JsonObject {
  if (!('send' in step) || step.send === undefined) throw new Error(`nothing was sent: ${JSON.stringify(step)}`)
  return JSON.parse(JSON.stringify(step.send)) as JsonObject
}

interface Played {
  readonly acceptor: HandshakeStep
  readonly dialler: HandshakeStep
  /** All that crossed the wire. */
  readonly wire: string
}

/** One handshake to its end; a dialler that believes nothing sends no proof. */
function play(acceptor: AcceptorHandshake, dialler: DiallerHandshake): Played {
  const greeting = JSON.parse(JSON.stringify(acceptor.greeting)) as JsonObject
  const hello = sent(dialler.receive(greeting))
  const first = acceptor.receive(hello)
  const second = dialler.receive(sent(first))
  const last = 'send' in second && second.send !== undefined ? acceptor.receive(sent(second)) : first
  return { acceptor: last, dialler: second, wire: JSON.stringify([greeting, hello, first, second, last]) }
}

t.test('both prove themselves, and the key does not cross the wire', async (t) => {
  const { acceptor, dialler, wire } = play(master(), client())
  t.match(dialler, { kind: 'proven', peer: { role: 'master', incarnation: 'master#a', keyId: KEY.id } })
  t.match(acceptor, { kind: 'proven', peer: { role: 'client', incarnation: 'client#b', keyId: KEY.id } })
  const { storedKey, serverKey } = verifierOf(KEY)
  for (const part of [KEY.clientKey.toString('hex'), storedKey, serverKey]) t.notOk(wire.includes(part))
  t.match(play(master(), client(undefined, { identity: { role: 'worker', incarnation: 'w#1', key: KEY } })).acceptor, {
    kind: 'proven',
    peer: { role: 'worker', keyId: KEY.id },
  })
})

t.test('the secret opens as before, beside keys', async (t) => {
  const identity = { role: 'client', incarnation: 'client#b', key: SECRET } as const
  t.match(play(master(), client(KEY, { identity })), {
    acceptor: { kind: 'proven', peer: { keyId: SECRET.id } },
    dialler: { kind: 'proven', peer: { keyId: SECRET.id } },
  })
})

t.test('who guesses learns nothing: an unknown id and a wrong key are answered alike', async (t) => {
  const guess = (id: string): unknown[] => {
    const acceptor = master()
    const hello = { ...sent(client(OTHER).receive({ ...acceptor.greeting })), keyId: id }
    const first = acceptor.receive(hello)
    const last = acceptor.receive({ type: 'proof', keyId: id, proof: 'c'.repeat(64) })
    return [Object.keys(sent(first)), { ...sent(first), proof: '', keyId: '' }, last]
  }
  t.same(guess('0'.repeat(12)), guess(KEY.id))
  t.match(guess(KEY.id)[2], { kind: 'failed', send: { code: 'unauthorised', message: 'the proof is wrong' } })
  const proofOf = (id: string): unknown => {
    const acceptor = master()
    return sent(acceptor.receive({ ...sent(client().receive({ ...acceptor.greeting })), keyId: id })).proof
  }
  t.not(proofOf('0'.repeat(12)), proofOf('1'.repeat(12)), 'one id like the other, each has a proof of its own')
  t.equal(proofOf('0'.repeat(12)), proofOf('0'.repeat(12)), 'and the same one, as a key that is there')
})

t.test('a key that does not open says so to its owner, and to nobody else', async (t) => {
  for (const [refusal, why] of Object.entries(REFUSALS) as [Refusal, string][]) {
    const { dialler, wire } = play(master({ refusal }), client())
    t.match(dialler, { kind: 'failed', failure: { kind: 'unproven', why } }, 'before a session began')
    t.notOk('send' in dialler && dialler.send)
    t.notOk(wire.slice(0, wire.lastIndexOf('failed')).includes(why), 'it crosses the wire in no words')

    const guessed = master({ refusal })
    guessed.receive(sent(client().receive({ ...guessed.greeting })))
    const wrong = guessed.receive({ type: 'proof', keyId: KEY.id, proof: 'c'.repeat(64) })
    t.match(wrong, { kind: 'failed', send: { message: 'the proof is wrong' } })

    // Who does not read it, and goes on, is told in words.
    const acceptor = master({ refusal })
    const dull = client()
    const hello = sent(dull.receive({ ...acceptor.greeting }))
    acceptor.receive(hello)
    const proof = sent(dull.receive(sent(master().receive(hello))))
    t.match(acceptor.receive(proof), { kind: 'failed', send: { code: 'unauthorised', message: why } })
  }
})

t.test('what the master keeps is not enough to log in', async (t) => {
  const { storedKey, serverKey } = verifierOf(KEY)
  const stolen = [storedKey, serverKey].map((hex) => Buffer.from(hex, 'hex'))
  for (const clientKey of [...stolen, ...stolen.map((part) => createHash('sha256').update(part).digest())]) {
    const thief = { ...KEY, clientKey }
    t.match(play(master(), client(thief)).acceptor, { kind: 'failed', send: { message: 'the proof is wrong' } })
  }
  // Nor is a proof of the other kind, as the secret's owner would make it.
  const acceptor = master()
  const hello = sent(client().receive({ ...acceptor.greeting }))
  acceptor.receive(hello)
  const plain = createHmac('sha256', stolen[0]!).update('anything').digest('hex')
  t.match(acceptor.receive({ type: 'proof', keyId: KEY.id, proof: plain }), { kind: 'failed' })
})

t.test('replayed, reflected, for another key, for the secret: none is believed', async (t) => {
  const acceptor = master()
  const hello = sent(client().receive({ ...acceptor.greeting }))
  const proof = sent(acceptor.receive(hello))
  t.match(acceptor.receive(proof), { kind: 'failed', send: { message: 'the proof is wrong' } }, 'reflected')

  const dialler = client()
  const heard = master()
  const first = sent(dialler.receive({ ...heard.greeting }))
  const good = sent(dialler.receive(sent(heard.receive(first))))
  const later = master({}, { nonce: 'd'.repeat(32) })
  later.receive(first)
  t.match(later.receive(good), { kind: 'failed', send: { message: 'the proof is wrong' } }, 'replayed')

  const named = master()
  named.receive(first)
  t.match(named.receive({ ...good, keyId: SECRET.id }), { kind: 'failed', send: { message: /another key/ } })
})

t.test('a false master, without the key, is not believed, and hears no proof', async (t) => {
  const { dialler } = play(master({}, { keys: () => ({ verifier: verifierOf(OTHER) }) }), client())
  t.match(dialler, { kind: 'failed', failure: { kind: 'unproven', why: 'the proof is wrong' } })
  const forgotten = play(master({}, { keys: undefined }), client())
  t.match(forgotten.dialler, { kind: 'failed', failure: { kind: 'unproven' } }, 'one that keeps no keys')
})

t.test('a master of an older program, which reads no keyId, is told from one that refuses (P27)', async (t) => {
  const acceptor = master()
  const dialler = client()
  const { keyId: _unread, ...hello } = sent(dialler.receive({ ...acceptor.greeting }))
  const step = dialler.receive(sent(acceptor.receive(hello)))
  t.match(step, { kind: 'failed', failure: { kind: 'unproven', why: 'the proof names another key' } })
  t.notOk('send' in step && step.send)
})

t.test('a key is for its own cluster, and nothing is said to another', async (t) => {
  const elsewhere = readAccessKey(makeAccessKey(readKey('1'.repeat(64)).cluster))
  const step = client(elsewhere).receive({ ...master().greeting })
  t.match(step, { kind: 'failed', failure: { kind: 'other', cluster: SECRET.cluster } })
})

t.test('a worker that has only a key takes nobody in', async (t) => {
  const identity = { role: 'worker', incarnation: 'worker#a', key: KEY } as const
  const worker = new AcceptorHandshake({ identity, roles: ['master'], local: ADDRESS, nonce: 'a'.repeat(32) })
  t.match(worker.greeting, { role: 'worker', cluster: SECRET.cluster })
  const scanner = new DiallerHandshake({
    identity: { role: 'master', incarnation: 'master#a', key: SECRET },
    ...{ expect: 'worker', dialled: ADDRESS, nonce: 'b'.repeat(32) },
  })
  const step = worker.receive(sent(scanner.receive({ ...worker.greeting })))
  t.match(step, { kind: 'failed', send: { code: 'unauthorised', message: /has a key and not the secret/ } })
})
