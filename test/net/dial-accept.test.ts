import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { networkInterfaces } from 'node:os'
import t, { type Test } from 'tap'
import { accept } from '../../src/net/accept.js'
import type {
  AcceptOptions,
  Acceptor,
  ClusterKey,
  Connection,
  DialOptions,
  DialResult,
} from '../../src/net/connection.js'
import { dial } from '../../src/net/dial.js'
import { listenOnFirstFree } from '../../src/net/ports.js'
import { AcceptorHandshake, DiallerHandshake, type HandshakeStep } from '../../src/protocol/handshake.js'
import { readKey } from '../../src/protocol/key.js'
import {
  HANDSHAKE_MS_MAX,
  MASTER_TO_WORKER_MESSAGES,
  type Message,
  WORKER_MESSAGES,
} from '../../src/protocol/messages.js'
import { ManualClock, settled } from './manual-clock.js'

const HOST = '127.0.0.1'
const KEY = readKey('0'.repeat(64))

function hasIpv6(): boolean {
  return Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === '::1'))
}

interface Worker {
  readonly port: number
  readonly acceptor: Acceptor
  readonly clock: ManualClock
  readonly rejected: string[]
  readonly server: Server
  /** The next one that has proven itself. */
  connected(): Promise<Connection>
}

/** A worker's accepting side, with time limits that pass when the test says so. */
async function startWorker(t: Test, options: Partial<AcceptOptions> = {}, host = HOST): Promise<Worker> {
  const listening = await listenOnFirstFree({ host, first: 0, last: 0 })
  const { server, port } = listening
  const clock = new ManualClock()
  const rejected: string[] = []
  const arrived: Connection[] = []
  let waiting: ((connection: Connection) => void) | undefined
  const acceptor = accept(listening, {
    identity: { role: 'worker', incarnation: 'worker-1#a', key: KEY },
    accepts: { master: MASTER_TO_WORKER_MESSAGES },
    unauthenticatedMax: 64,
    connectionsMax: 100,
    connected(connection) {
      if (waiting === undefined) arrived.push(connection)
      else waiting(connection)
      waiting = undefined
    },
    rejected: (_remote, why) => rejected.push(why),
    clock,
    ...options,
  })
  t.teardown(() => {
    acceptor.close('the test is over')
    server.close()
  })
  const connected = async (): Promise<Connection> => arrived.shift() ?? new Promise((resolve) => (waiting = resolve))
  return { port, acceptor, clock, rejected, server, connected }
}

function master(port: number, options: Partial<DialOptions> = {}): DialOptions {
  const identity = { role: 'master', incarnation: 'master#b', key: KEY } as const
  return { host: HOST, port, identity, expect: 'worker', accepts: WORKER_MESSAGES, connectMs: 10_000, ...options }
}

async function connectionOf(result: Promise<DialResult>): Promise<Connection> {
  const settledResult = await result
  if (settledResult.kind === 'connected') return settledResult.connection
  throw new Error(JSON.stringify(settledResult))
}

/** Opens a connection: `next()` is what comes, a list of messages or the reason of the close. */
function flow(connection: Connection): { next(): Promise<readonly Message[] | string> } {
  const came: (readonly Message[] | string)[] = []
  let wake = (): void => {}
  const take = (item: readonly Message[] | string): void => {
    came.push(item)
    wake()
  }
  connection.open({ messages: take, closed: take })
  return {
    async next() {
      while (came.length === 0) await new Promise<void>((resolve) => (wake = resolve))
      return came.shift()!
    },
  }
}

/** A socket to the port, and the lines that are heard on it. */
interface RawSocket {
  readonly socket: Socket
  readonly closed: Promise<unknown>
  line(): Promise<Record<string, unknown>>
}

async function rawSocket(t: Test, port: number): Promise<RawSocket> {
  const socket = connect({ host: HOST, port })
  t.teardown(() => socket.destroy())
  socket.on('error', () => {})
  const closed = once(socket, 'close')
  let heard = ''
  let wake = (): void => {}
  socket.on('data', (bytes) => {
    heard += String(bytes)
    wake()
  })
  await once(socket, 'connect')
  const line = async (): Promise<Record<string, unknown>> => {
    while (!heard.includes('\n')) await new Promise<void>((resolve) => (wake = resolve))
    const [first] = heard.split('\n', 1)
    heard = heard.slice(first!.length + 1)
    return JSON.parse(first!)
  }
  return { socket, closed, line }
}

/** A listening port where each connection is given to `behave`; `heard` is all that anybody sent it. */
async function startStranger(t: Test, behave: (socket: Socket) => void): Promise<{ port: number; heard: Buffer[] }> {
  const heard: Buffer[] = []
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('data', (bytes: Buffer) => heard.push(bytes))
    behave(socket)
  })
  server.listen({ host: HOST, port: 0 })
  await once(server, 'listening')
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { port: (server.address() as { port: number }).port, heard }
}

t.test('a session, both ways, until one side ends it', async (t) => {
  const worker = await startWorker(t)
  const toWorker = await connectionOf(dial(master(worker.port)))
  const toMaster = await worker.connected()
  t.match(toWorker.peer, { role: 'worker', incarnation: 'worker-1#a', remote: `${HOST}:${worker.port}` })
  t.match(toMaster.peer, { role: 'master', incarnation: 'master#b', local: `${HOST}:${worker.port}`, keyId: KEY.id })
  t.equal(toMaster.peer.remote, toWorker.peer.local)
  t.same([worker.acceptor.connections, worker.acceptor.unauthenticated], [1, 0])
  const [atMaster, atWorker] = [flow(toWorker), flow(toMaster)]
  toWorker.send({ type: 'heard', n: 1, durable: 1 })
  t.same(await atWorker.next(), [{ type: 'heard', n: 1, durable: 1 }])
  toMaster.send({ type: 'draining' })
  toMaster.end()
  t.same(await atMaster.next(), [{ type: 'draining' }])
  t.equal(await atMaster.next(), 'closed by the other side')
  t.equal(await atWorker.next(), 'ended here')
  t.equal(worker.acceptor.connections, 0)
  t.equal(worker.clock.pending, 0)
  t.same(worker.rejected, [])
})

t.test('a long list crosses as columns where both read them, and as itself to who has not said so', async (t) => {
  const list = Array.from({ length: 100 }, (_, n) => ({ id: `t-${n}`, lease: `l-${n}` }))
  const worker = await startWorker(t)
  const toWorker = await connectionOf(dial(master(worker.port)))
  const toMaster = await worker.connected()
  t.match([toWorker.peer, toMaster.peer], [{ readsColumns: true }, { readsColumns: true }])
  const atMaster = flow(toWorker)
  toMaster.send({ type: 'started', list })
  t.same(await atMaster.next(), [{ type: 'started', list }])

  const raw = await rawSocket(t, worker.port)
  const handshake = new DiallerHandshake({
    identity: { role: 'master', incarnation: 'master#c', key: KEY },
    expect: 'worker',
    dialled: `${HOST}:${worker.port}`,
    nonce: 'c'.repeat(32),
  })
  const say = (step: HandshakeStep, changes: object = {}): void => {
    raw.socket.write(`${JSON.stringify({ ...(step as { send: object }).send, ...changes })}\n`)
  }
  say(handshake.receive(await raw.line()), { readsColumns: undefined })
  say(handshake.receive(await raw.line()))
  const older = await worker.connected()
  t.equal(older.peer.readsColumns, false)
  older.send({ type: 'started', list })
  t.same(await raw.line(), { type: 'started', list })
})

t.test('one address, however it is written', { skip: !hasIpv6() && 'needs IPv6' }, async (t) => {
  const both = await startWorker(t, {}, '::')
  for (const host of ['127.0.0.1', '::1', 'localhost']) {
    const connection = await connectionOf(dial(master(both.port, { host })))
    t.equal((await both.connected()).peer.local, connection.peer.remote, host)
  }
})

t.test('messages glued to the last proof are not lost, however late open() comes', async (t) => {
  const worker = await startWorker(t)
  const { socket, line } = await rawSocket(t, worker.port)
  const handshake = new DiallerHandshake({
    identity: { role: 'master', incarnation: 'master#b', key: KEY },
    expect: 'worker',
    dialled: `${HOST}:${worker.port}`,
    nonce: 'b'.repeat(32),
  })
  const answer = (step: object): string => `${JSON.stringify((step as { send: object }).send)}\n`
  socket.write(answer(handshake.receive(await line())))
  const pad = 'x'.repeat(100_000)
  socket.write(`${answer(handshake.receive(await line()))}{"type":"drain","graceMs":1,"pad":"${pad}"}\n`)
  const connection = await worker.connected()
  for (let turn = 0; turn < 10; turn += 1) await settled()
  const flowing = flow(connection)
  t.match(await flowing.next(), [{ type: 'drain', graceMs: 1 }])
  socket.write('{"type":"drain"}\n')
  t.match(await flowing.next(), /^protocol: drain/)
})

t.test('the handshake has two seconds, whatever trickles in', async (t) => {
  const worker = await startWorker(t)
  const { socket, closed, line } = await rawSocket(t, worker.port)
  await line()
  for (const byte of '{"type":"he') {
    worker.clock.advance((HANDSHAKE_MS_MAX - 1) / 11)
    socket.write(byte)
    await settled()
  }
  t.equal(socket.destroyed, false)
  worker.clock.advance(1)
  await closed
  t.match(worker.rejected, [/not done within 2000 ms/])
  t.equal(worker.acceptor.unauthenticated, 0)
})

t.test('strangers at our port: closed, and one line each', async (t) => {
  const worker = await startWorker(t)
  const bad: Record<string, RegExp> = {
    'POST / HTTP/1.1\r\nHost: x\r\n\r\n{"type":"register"}': /begin with/,
    '{"type":"register"}\n': /instead of a hello/,
    '\u0000\u0001\u0002': /begin with/,
    '{"\u00ff': /closed by the other side/,
    [`{"pad":"${'x'.repeat(5_000)}`]: /longer than 4096/,
  }
  for (const [text, why] of Object.entries(bad)) {
    const { socket, closed, line } = await rawSocket(t, worker.port)
    await line()
    socket.end(text)
    await closed
    while (worker.rejected.length === 0) await settled()
    t.match(worker.rejected.splice(0), [why], JSON.stringify(text.slice(0, 20)))
  }
  t.equal(worker.acceptor.connections, 0)
})

t.test('who leaves without a word is not worth a line', async (t) => {
  const worker = await startWorker(t)
  const { socket, closed, line } = await rawSocket(t, worker.port)
  await line()
  socket.end()
  await closed
  while (worker.acceptor.unauthenticated > 0) await settled()
  t.same(worker.rejected, [])
})

t.test('hundreds of ours that come at once all get in with their first dial (P26)', async (t) => {
  const worker = await startWorker(t, { connectionsMax: 300 })
  // No time passes for them: what is held here is that none is turned away, however busy the machine.
  const clock = new ManualClock()
  const dials = Array.from({ length: 300 }, () => connectionOf(dial(master(worker.port, { clock }))))
  await Promise.all(dials)
  for (let count = 0; count < dials.length; count += 1) await worker.connected()
  t.same(worker.rejected, [])
  t.equal(worker.acceptor.unauthenticated, 0)
})

t.test('of too many that do not prove themselves the oldest goes, once it has had its time', async (t) => {
  const worker = await startWorker(t)
  const first = await rawSocket(t, worker.port)
  await first.line()
  const others: Socket[] = []
  for (let count = 1; count < 64; count += 1) {
    const { socket, line } = await rawSocket(t, worker.port)
    await line()
    others.push(socket)
  }
  t.equal(worker.acceptor.unauthenticated, 64)
  const late = connectionOf(dial(master(worker.port)))
  while (worker.acceptor.unauthenticated < 65) await settled()
  t.same(worker.rejected, [], 'it waits in line')
  worker.clock.advance(100)
  await first.closed
  await late
  await worker.connected()
  t.match(worker.rejected, [/64 others wait/])
  t.equal(worker.acceptor.unauthenticated, 63)
  t.equal(others.filter(({ destroyed }) => destroyed).length, 0)
})

t.test('one connection too many is told so', async (t) => {
  const worker = await startWorker(t, { connectionsMax: 1 })
  await connectionOf(dial(master(worker.port)))
  await worker.connected()
  const second = flow(await connectionOf(dial(master(worker.port))))
  t.match(await second.next(), [{ type: 'refused', code: 'busy' }])
  t.equal(await second.next(), 'closed by the other side')
  t.match(worker.rejected, [/1 connections already/])
})

t.test('close() cuts all, and the port takes no more', async (t) => {
  const worker = await startWorker(t)
  const atMaster = flow(await connectionOf(dial(master(worker.port))))
  const atWorker = flow(await worker.connected())
  const { closed, line } = await rawSocket(t, worker.port)
  await line()
  worker.acceptor.close('leaving')
  t.equal(await atWorker.next(), 'leaving')
  t.type(await atMaster.next(), 'string')
  await closed
  t.match(await dial(master(worker.port)), { kind: 'stranger' })
  t.same(worker.rejected, [])
})

t.test('a role that is not accepted, and one that was relayed, are refused', async (t) => {
  const worker = await startWorker(t)
  const identity = { role: 'client', incarnation: 'client#c', key: KEY } as const
  t.match(await dial(master(worker.port, { identity })), { kind: 'unproven', why: /takes no client/ })

  const relay = await startStranger(t, (socket) => {
    const through = connect({ host: HOST, port: worker.port })
    t.teardown(() => through.destroy())
    through.on('error', () => {})
    socket.pipe(through).pipe(socket)
  })
  t.match(await dial(master(relay.port)), { kind: 'unproven', why: /you dialled/ })
  t.equal(worker.acceptor.connections, 0)
})

t.test('how a dial ends where there is no worker of ours', async (t) => {
  const { server, port } = await listenOnFirstFree({ host: HOST, first: 0, last: 0 })
  await new Promise((resolve) => server.close(resolve))
  t.same(await dial(master(port)), { kind: 'refused' })

  const banner = await startStranger(t, (socket) => socket.write('SSH-2.0-x\r\n'))
  t.match(await dial(master(banner.port)), { kind: 'stranger', why: /begin with/ })
  const rude = await startStranger(t, (socket) => socket.end())
  t.match(await dial(master(rude.port)), { kind: 'stranger', why: /closed by the other side/ })
  const endless = await startStranger(t, (socket) => {
    const pour = (): void => {
      while (socket.writable && socket.write(`{${'x'.repeat(9_999)}`)) {}
    }
    socket.on('drain', pour)
    pour()
  })
  t.match(await dial(master(endless.port)), { kind: 'stranger', why: /longer than 4096/ })

  const worker = await startWorker(t)
  const otherCluster = { role: 'master', incarnation: 'm#1', key: readKey('1'.repeat(64)) } as const
  const other = { kind: 'other', role: 'worker', cluster: KEY.cluster, incarnation: 'worker-1#a' }
  t.same(await dial(master(worker.port, { identity: otherCluster })), other)
  t.same(await dial(master(worker.port, { expect: 'master' })), other)
  t.same(await dial(master(worker.port, { wanted: () => false })), other)
  while (worker.acceptor.unauthenticated > 0) await settled()
  t.same(worker.rejected, [])
  for (const { heard } of [banner, rude, endless]) t.same(heard, [], 'sent not one byte')
})

t.test('silence, before the greeting and after it', async (t) => {
  const clock = new ManualClock()
  const quiet = await startStranger(t, () => {})
  const silent = dial(master(quiet.port, { clock }))
  const slow = await startStranger(t, (socket) => socket.write('{"dtr":1'))
  const late = dial(master(slow.port, { clock }))
  const greeter = await startStranger(t, (socket) => {
    const identity = { role: 'worker', incarnation: 'rogue#1', key: KEY } as const
    const { greeting } = new AcceptorHandshake({ identity, roles: [], local: '', nonce: 'a'.repeat(32) })
    socket.write(`${JSON.stringify(greeting)}\n`)
  })
  const broken = dial(master(greeter.port, { clock }))
  // The hello is the sign that this one got so far; the others have connected by then, or do so in the next turns.
  while (greeter.heard.length === 0) await settled()
  for (let turn = 0; turn < 20; turn += 1) await settled()
  clock.advance(HANDSHAKE_MS_MAX)
  t.same(await silent, { kind: 'silent' })
  t.match(await late, { kind: 'stranger', why: /not done within/ })
  t.match(await broken, { kind: 'broken', why: /not done within/ })
  t.same([...quiet.heard, ...slow.heard], [])
  t.equal(clock.pending, 0)
})

t.test(
  'a connection that ends in the middle of a handshake proves nothing, bytes that cannot be ours do',
  async (t) => {
    const identity = { role: 'worker', incarnation: 'worker-1#a', key: KEY } as const
    const { greeting } = new AcceptorHandshake({ identity, roles: [], local: '', nonce: 'a'.repeat(32) })
    const greets = (then: (socket: Socket) => void) =>
      startStranger(t, (socket) => {
        socket.write(`${JSON.stringify(greeting)}\n`)
        socket.once('data', () => then(socket))
      })
    const ends = await greets((socket) => socket.end('{"type":"pro'))
    const resets = await greets((socket) => socket.resetAndDestroy())
    const babbles = await greets((socket) => socket.end('proof\n'))
    t.match(await dial(master(ends.port)), { kind: 'broken' })
    t.match(await dial(master(resets.port)), { kind: 'broken' })
    t.match(await dial(master(babbles.port)), { kind: 'unproven' })
  },
)

t.test('one that knows the name of the cluster and not its secret', async (t) => {
  const key: ClusterKey = { ...readKey('1'.repeat(64)), id: KEY.id, cluster: KEY.cluster }
  const identity = { role: 'worker', incarnation: 'rogue#1', key } as const
  const rogue = await startWorker(t, { identity })
  t.match(await dial(master(rogue.port)), { kind: 'unproven', why: /proof is wrong/ })

  const worker = await startWorker(t)
  const { socket, closed, line } = await rawSocket(t, worker.port)
  const handshake = new DiallerHandshake({
    identity: { role: 'master', incarnation: 'rogue#2', key },
    expect: 'worker',
    dialled: `${HOST}:${worker.port}`,
    nonce: 'b'.repeat(32),
  })
  const hello = handshake.receive((await line()) as never) as { send: object }
  socket.write(`${JSON.stringify(hello.send)}\n`)
  await line()
  socket.write(`{"type":"proof","keyId":"${KEY.id}","proof":"${'0'.repeat(64)}"}\n`)
  t.match(await line(), { type: 'refused', code: 'unauthorised', message: /proof is wrong/ })
  await closed
  t.match(worker.rejected, [/proof is wrong/])
})

t.test('a host that cannot be reached', async (t) => {
  const clock = new ManualClock()
  const result = dial(master(9, { host: '192.0.2.1', connectMs: 300, clock }))
  clock.advance(300)
  t.match(await result, { kind: 'unreachable' })
  t.match(await dial(master(9, { host: 'no-such-host.invalid' })), { kind: 'unreachable' })
})
