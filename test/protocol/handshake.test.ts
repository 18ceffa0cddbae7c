import t from 'tap'
import {
  AcceptorHandshake,
  type AcceptorTerms,
  DiallerHandshake,
  type DiallerTerms,
  type HandshakeStep,
} from '../../src/protocol/handshake.js'
import type { JsonObject } from '../../src/protocol/json.js'
import { readKey } from '../../src/protocol/key.js'

const KEY = readKey('0'.repeat(64))
const OTHER_KEY = readKey('1'.repeat(64))
const ADDRESS = '127.0.0.1:5000'

function acceptor(terms: Partial<AcceptorTerms> = {}): AcceptorHandshake {
  const identity = { role: 'worker', incarnation: 'worker-1#a', key: KEY } as const
  return new AcceptorHandshake({ identity, roles: ['master'], local: ADDRESS, nonce: 'a'.repeat(32), ...terms })
}

function dialler(terms: Partial<DiallerTerms> = {}): DiallerHandshake {
  const identity = { role: 'master', incarnation: 'master#b', key: KEY } as const
  return new DiallerHandshake({ identity, expect: 'worker', dialled: ADDRESS, nonce: 'b'.repeat(32), ...terms })
}

/** A line as it arrives: through JSON. */
function arrived(line: object | undefined): JsonObject {
  return JSON.parse(JSON.stringify(line)) as JsonObject
}

function sent(step: HandshakeStep): JsonObject {
  if (!('send' in step) || step.send === undefined) throw new Error(`nothing was sent: ${JSON.stringify(step)}`)
  return arrived(step.send)
}

t.test('both prove themselves, the acceptor first', async (t) => {
  const [worker, master] = [acceptor(), dialler()]
  const hello = master.receive(arrived(worker.greeting))
  t.match(hello, { kind: 'wait', send: { type: 'hello', dialled: ADDRESS } })
  const proof = worker.receive(sent(hello))
  t.match(proof, { kind: 'wait', send: { type: 'proof', keyId: KEY.id } })
  const answer = master.receive(sent(proof))
  t.match(answer, { kind: 'proven', peer: { role: 'worker', incarnation: 'worker-1#a', keyId: KEY.id } })
  t.match(worker.receive(sent(answer)), { kind: 'proven', peer: { role: 'master', incarnation: 'master#b' } })
  t.equal(master.greeted, true)
})

t.test('a dialler goes on only with whom it looked for, and says nothing to others', async (t) => {
  const greeting = arrived(acceptor().greeting)
  const other = { kind: 'failed', failure: { kind: 'other', role: 'worker', incarnation: 'worker-1#a' } }
  const silent = (step: HandshakeStep, expected: object): void => {
    t.match(step, expected)
    t.notOk('send' in step && step.send)
  }
  silent(dialler({ expect: 'master' }).receive(greeting), other)
  silent(dialler({ wanted: (incarnation) => incarnation !== 'worker-1#a' }).receive(greeting), other)
  silent(dialler().receive({ ...greeting, cluster: OTHER_KEY.cluster }), other)
  const stranger = { kind: 'failed', failure: { kind: 'stranger' } }
  silent(dialler().receive({ hello: 'world' }), stranger)
  silent(dialler().receive({ ...greeting, nonce: 'short' }), stranger)
  silent(dialler().receive({ ...greeting, dtr: 2 }), { failure: { why: /version 2 of the protocol.*version 1/ } })
})

t.test('an acceptor says why it refuses one that speaks as we do', async (t) => {
  const hello = sent(dialler().receive(arrived(acceptor().greeting)))
  const refused = (change: object): HandshakeStep => acceptor().receive({ ...hello, ...change })
  t.match(refused({ version: 2 }), { kind: 'failed', send: { code: 'unsupported', message: /version 2/ } })
  t.match(refused({ cluster: OTHER_KEY.cluster }), {
    kind: 'failed',
    send: { code: 'unauthorised', message: /cluster/ },
  })
  t.match(refused({ role: 'client' }), { kind: 'failed', send: { code: 'unauthorised', message: /takes no client/ } })
  t.match(refused({ role: 'guest' }), { kind: 'failed', failure: { kind: 'stranger' }, send: undefined })
  t.match(acceptor().receive({ type: 'register' }), { kind: 'failed', failure: { kind: 'stranger' }, send: undefined })
})

t.test('a wrong proof', async (t) => {
  const greeting = arrived(acceptor().greeting)
  const hello = sent(dialler().receive(greeting))
  const proof = sent(acceptor().receive(hello))
  const wrong = { ...proof, proof: String(proof.proof).replace(/^./, (digit) => (digit === '0' ? '1' : '0')) }
  for (const line of [wrong, { ...proof, keyId: 'another' }, { ...proof, proof: '' }, { type: 'proof' }]) {
    const master = dialler()
    master.receive(greeting)
    t.match(master.receive(line), { kind: 'failed', failure: { kind: 'unproven' } })
    const worker = acceptor()
    worker.receive(hello)
    t.match(worker.receive(line), { kind: 'failed', failure: { kind: 'unproven' }, send: { code: 'unauthorised' } })
  }
})

t.test('a relay: a rogue that was dialled on its own port and passes all on to a real worker', async (t) => {
  const [worker, master] = [acceptor(), dialler({ dialled: '127.0.0.1:5003' })]
  const hello = sent(master.receive(arrived(worker.greeting)))
  t.match(worker.receive(hello), { kind: 'failed', send: { message: /you dialled "127.0.0.1:5003", and this is/ } })
  // It corrects the address: then the worker answers, and its proof is for another address than was dialled.
  const proof = sent(acceptor().receive({ ...hello, dialled: ADDRESS }))
  t.match(master.receive(proof), { kind: 'failed', failure: { kind: 'unproven', why: /proof is wrong/ } })
})

t.test('reflection: the proof of one side does not serve the other', async (t) => {
  const worker = acceptor()
  const hello = sent(dialler().receive(arrived(worker.greeting)))
  t.match(worker.receive(sent(worker.receive(hello))), { kind: 'failed', failure: { kind: 'unproven' } })
})

t.test('replay: what was heard once does not serve again', async (t) => {
  const [worker, master] = [acceptor(), dialler()]
  const hello = sent(master.receive(arrived(worker.greeting)))
  const workerProof = sent(worker.receive(hello))
  const masterProof = sent(master.receive(workerProof))

  const later = acceptor({ nonce: 'c'.repeat(32) })
  later.receive(hello)
  t.match(later.receive(masterProof), { kind: 'failed', failure: { kind: 'unproven' } })

  const laterMaster = dialler({ nonce: 'd'.repeat(32) })
  laterMaster.receive(arrived(worker.greeting))
  t.match(laterMaster.receive(workerProof), { kind: 'failed', failure: { kind: 'unproven' } })
})

t.test('the proof is bound to each thing that was said', async (t) => {
  const proofFor = (change: object, terms: Partial<AcceptorTerms> = {}): unknown => {
    const worker = acceptor({ roles: ['master', 'worker', 'client'], ...terms })
    return sent(worker.receive({ ...sent(dialler().receive(arrived(acceptor().greeting))), ...change })).proof
  }
  const identity = { role: 'worker', incarnation: 'worker-1#a', key: KEY } as const
  const proofs = [
    proofFor({}),
    proofFor({ role: 'worker' }),
    proofFor({ incarnation: 'master#c' }),
    proofFor({ nonce: 'e'.repeat(32) }),
    proofFor({}, { nonce: 'f'.repeat(32) }),
    proofFor({}, { identity: { ...identity, role: 'master' } }),
    proofFor({}, { identity: { ...identity, incarnation: 'worker-1#b' } }),
    proofFor({}, { identity: { ...identity, key: { ...OTHER_KEY, cluster: KEY.cluster } } }),
    proofFor({ dialled: '[::1]:5000' }, { local: '[::1]:5000' }),
  ]
  t.equal(new Set(proofs).size, proofs.length)
})

t.test('a refusal in place of a proof is told', async (t) => {
  const master = dialler()
  master.receive(arrived(acceptor().greeting))
  const refusal = { type: 'refused', code: 'busy', message: 'come back later' }
  t.match(master.receive(refusal), { kind: 'failed', failure: { kind: 'unproven', why: /come back later/ } })
})
