// PROTOCOL.md and messages.ts say the same: every message, field, kind and limit, in both directions, and the worked
// example of the handshake comes out of the code that runs.
import t from 'tap'
import { readAccessKey, verifierOf } from '../../src/protocol/access-key.js'
import {
  AcceptorHandshake,
  type AcceptorTerms,
  DiallerHandshake,
  type DiallerTerms,
} from '../../src/protocol/handshake.js'
import type { JsonObject } from '../../src/protocol/json.js'
import { readKey } from '../../src/protocol/key.js'
import * as messages from '../../src/protocol/messages.js'
import { readMaySend, readTables, type Schema, TableWriter } from './tables.js'

const TABLES = readTables()
const WRITER = new TableWriter(TABLES)

const DIRECTIONS = {
  '2.1 Steps': { greeting: messages.Greeting, hello: messages.Hello, proof: messages.Proof, refused: messages.Refused },
  '3.3 Worker to master': messages.WORKER_MESSAGES,
  '3.4 Master to worker': messages.MASTER_TO_WORKER_MESSAGES,
  '3.5 Client to master': messages.CLIENT_MESSAGES,
  '3.6 Master to client': messages.MASTER_TO_CLIENT_MESSAGES,
} as const satisfies Record<string, messages.MessageTable>

t.test('every message stands in the document, field by field, and no other', async (t) => {
  const known = new Map(Object.values(DIRECTIONS).flatMap((table) => Object.entries(table)))
  for (const [name, schema] of known) {
    const written = TABLES.get(name)?.map(([field, kind]) => [field, kind])
    t.same(written, WRITER.rows(schema as Schema), name)
  }
  const isText = (heading: string): boolean => /^\d|^part: |^The |^Limits$|^example$/.test(heading)
  t.same(
    [...TABLES.keys()].filter((heading) => !isText(heading) && !known.has(heading)),
    [],
  )
})

t.test('who may send what', async (t) => {
  for (const [heading, table] of Object.entries(DIRECTIONS).slice(1)) {
    t.same(readMaySend(heading), Object.keys(table), heading)
  }
})

t.test('every part is used', async (t) => {
  const kinds = [...TABLES.values()].flat().map(([, kind]) => kind ?? '')
  for (const heading of TABLES.keys()) {
    if (!heading.startsWith('part: ')) continue
    const name = heading.slice('part: '.length)
    t.ok(
      kinds.some((kind) =>
        kind
          .replace('list of ', '')
          .split(/ or |, /)
          .includes(name),
      ),
      heading,
    )
  }
})

t.test('the limits', async (t) => {
  const limits = Object.entries(messages).filter(([, value]) => typeof value === 'number')
  const written = TABLES.get('Limits')?.map(([name, value]) => [name, value])
  t.same(new Map(written as [string, string][]), new Map(limits.map(([name, value]) => [`\`${name}\``, String(value)])))
})

const EXAMPLE = cellsOf('example')

function cellsOf(heading: string): (what: string) => string {
  const cells = new Map(TABLES.get(heading)?.map(([what, value]) => [what, value?.replaceAll('`', '')]))
  return (what) => cells.get(what) ?? ''
}

/** Both proofs of the example's handshake. */
function proofs(acceptor: Partial<AcceptorTerms>, dialler: Partial<DiallerTerms>): readonly [JsonObject, JsonObject] {
  const key = readKey(EXAMPLE('secret'))
  const accepting = new AcceptorHandshake({
    identity: { role: 'worker', incarnation: EXAMPLE('incarnation of the acceptor'), key },
    roles: ['master'],
    local: EXAMPLE('dialled'),
    nonce: EXAMPLE('nonce of the acceptor'),
    ...acceptor,
  })
  const dialling = new DiallerHandshake({
    identity: { role: 'master', incarnation: EXAMPLE('incarnation of the dialler'), key },
    expect: 'worker',
    dialled: EXAMPLE('dialled'),
    nonce: EXAMPLE('nonce of the dialler'),
    ...dialler,
  })
  const sent = (step: unknown): JsonObject => (step as { send: JsonObject }).send
  const acceptorProof = sent(accepting.receive(sent(dialling.receive({ ...accepting.greeting }))))
  return [acceptorProof, sent(dialling.receive(acceptorProof))]
}

t.test('the worked example', async (t) => {
  const key = readKey(EXAMPLE('secret'))
  t.equal(key.cluster, EXAMPLE('cluster'))
  t.equal(key.id, EXAMPLE('keyId'))
  const [ofAcceptor, ofDialler] = proofs({}, {})
  t.equal(ofAcceptor.proof, EXAMPLE('proof of the acceptor'))
  t.equal(ofDialler.proof, EXAMPLE('proof of the dialler'))
})

t.test('the worked example of a key', async (t) => {
  const value = cellsOf('2.3 Keys')
  const key = readAccessKey(value('key'))
  const verifier = verifierOf(key)
  t.same(verifier, { storedKey: value('storedKey'), serverKey: value('serverKey') })
  const [ofAcceptor, ofDialler] = proofs(
    {
      identity: {
        role: 'master',
        incarnation: EXAMPLE('incarnation of the acceptor'),
        key: readKey(EXAMPLE('secret')),
      },
      roles: ['client'],
      keys: () => ({ verifier }),
    },
    { identity: { role: 'client', incarnation: EXAMPLE('incarnation of the dialler'), key }, expect: 'master' },
  )
  t.equal(ofAcceptor.proof, value('proof of the acceptor'))
  t.equal(ofDialler.proof, value('proof of the dialler'))
  t.same([ofAcceptor.keyId, ofDialler.keyId], [key.id, key.id])
})
