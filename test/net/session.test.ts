import t from 'tap'
import type { ConnectionHandlers, Peer } from '../../src/net/connection.js'
import { Session } from '../../src/net/session.js'
import { LineReader } from '../../src/protocol/lines.js'
import {
  MASTER_TO_WORKER_MESSAGES,
  type Message,
  type MessageTable,
  WRITE_QUEUE_BYTES_MAX,
} from '../../src/protocol/messages.js'
import { FakeTransport } from './fake-transport.js'
import { ManualClock, settled } from './manual-clock.js'

const PEER: Peer = { role: 'master', incarnation: 'm#1', keyId: 'k', remote: '127.0.0.1:1', local: '127.0.0.1:2' }
const DRAIN = '{"type":"drain","graceMs":1}\n'
const DRAIN_MESSAGE = { type: 'drain', graceMs: 1 }

class Recorder implements ConnectionHandlers {
  readonly calls: (readonly Message[] | string)[] = []
  messages(messages: readonly Message[]): void {
    this.calls.push(messages)
  }
  closed(reason: string): void {
    this.calls.push(reason)
  }
}

function make(glued = '', accepts: MessageTable = MASTER_TO_WORKER_MESSAGES) {
  const transport = new FakeTransport()
  const clock = new ManualClock()
  const lines = new LineReader()
  lines.push(Buffer.from(glued))
  const session = new Session({ peer: PEER, transport, lines, accepts, clock })
  return { session, transport, clock, recorder: new Recorder() }
}

t.test('what came before open() is delivered after it, and not within it', async (t) => {
  const { session, transport, recorder } = make(DRAIN)
  transport.pause()
  transport.receive(DRAIN)
  session.open(recorder)
  t.same(recorder.calls, [])
  await settled()
  t.same(recorder.calls, [[DRAIN_MESSAGE, DRAIN_MESSAGE]])
  t.equal(transport.paused, false)
  t.throws(() => session.open(recorder), /once/)
})

t.test('the messages of a chunk come together', async (t) => {
  const { session, transport, recorder } = make()
  session.open(recorder)
  await settled()
  transport.receive(DRAIN + DRAIN + DRAIN.slice(0, 10))
  transport.receive(DRAIN.slice(10))
  t.same(recorder.calls, [[DRAIN_MESSAGE, DRAIN_MESSAGE], [DRAIN_MESSAGE]])
})

t.test('what the other side closed before open() is told after its messages', async (t) => {
  const { session, transport, recorder } = make(DRAIN)
  transport.close('closed by the other side')
  session.open(recorder)
  await settled()
  t.same(recorder.calls, [[DRAIN_MESSAGE], 'closed by the other side'])
})

t.test('a broken line closes, after what stood before it', async (t) => {
  const { session, transport, recorder } = make()
  session.open(recorder)
  await settled()
  transport.receive(`${DRAIN}{"type":"drain"}\n${DRAIN}`)
  transport.receive(DRAIN)
  t.equal(transport.destroyed, true)
  await settled()
  t.match(recorder.calls, [[DRAIN_MESSAGE], /^protocol: drain: .*graceMs/])
  t.equal(recorder.calls.length, 2)
})

t.test('an unknown type is answered, and what is behind it is delivered', async (t) => {
  const { session, transport, recorder } = make()
  session.open(recorder)
  await settled()
  transport.receive(`{"type":"sing","re":3}\n${DRAIN}`)
  await settled()
  t.same(recorder.calls, [[DRAIN_MESSAGE]])
  t.same(transport.lines(), [{ type: 'unsupported', what: 'sing', re: 3 }])
})

t.test('one write a turn, and flush() for what cannot wait', async (t) => {
  const { session, transport } = make()
  for (let n = 1; n <= 3; n += 1) session.send({ type: 'heard', n, durable: n })
  t.equal(transport.writes.length, 0)
  t.ok(session.queuedBytes > 0)
  await settled()
  t.equal(transport.writes.length, 1)
  t.equal(transport.lines().length, 3)
  t.equal(session.queuedBytes, 0)
  session.send({ type: 'draining' })
  session.flush()
  t.equal(transport.writes.length, 2)
  await settled()
  t.equal(transport.writes.length, 2)
})

t.test('a peer that does not read is cut', async (t) => {
  const { session, transport, recorder } = make()
  session.open(recorder)
  transport.queuedBytes = WRITE_QUEUE_BYTES_MAX
  session.send({ type: 'draining' })
  t.equal(transport.destroyed, false, 'at the limit')
  session.send({ type: 'draining' })
  t.equal(transport.destroyed, true, 'beyond it')
  session.send({ type: 'draining' })
  await settled()
  t.equal(transport.writes.length, 0)
  t.match(recorder.calls, [/does not read/])
})

t.test('end(): all leaves, nothing more is delivered, and the other side has 2 s to end its own', async (t) => {
  const { session, transport, clock, recorder } = make()
  session.open(recorder)
  await settled()
  session.send({ type: 'draining' })
  session.end()
  t.same(transport.lines(), [{ type: 'draining' }])
  t.equal(transport.ended, true)
  transport.receive(DRAIN)
  session.send({ type: 'draining' })
  clock.advance(1_999)
  t.equal(transport.destroyed, false)
  clock.advance(1)
  t.equal(transport.destroyed, true)
  await settled()
  t.same(recorder.calls, ['ended here'])
  t.equal(transport.writes.length, 1)
  t.equal(clock.pending, 0)
})

t.test('destroy() within messages(): closed once, with the first reason', async (t) => {
  const { session, transport } = make()
  const reasons: string[] = []
  let delivered = 0
  session.open({
    messages(messages) {
      delivered += messages.length
      session.destroy('enough')
      session.destroy('twice')
    },
    closed: (reason) => reasons.push(reason),
  })
  await settled()
  transport.receive(DRAIN)
  transport.receive(DRAIN)
  await settled()
  t.same(reasons, ['enough'])
  t.equal(delivered, 1)
})

t.test('whether all that the other side had said was heard', async (t) => {
  const heard = async (end: (made: ReturnType<typeof make>) => void): Promise<boolean | undefined> => {
    const made = make()
    let told: boolean | undefined
    made.session.open({
      messages() {},
      closed: (_reason, heardAll) => {
        told = heardAll
      },
    })
    await settled()
    end(made)
    await settled()
    return told
  }
  t.equal(await heard(({ transport }) => transport.close('closed by the other side', true)), true)
  t.equal(await heard(({ transport }) => transport.close('read ECONNRESET', false)), false)
  t.equal(await heard(({ session }) => session.destroy('enough')), false)
  t.equal(
    await heard(({ session, transport }) => {
      session.end()
      transport.close('closed by the other side', true)
    }),
    false,
    'what came after the end of this side was thrown away',
  )
})
