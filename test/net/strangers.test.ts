// Real strangers on the range: an HTTP server, one that is silent, one that greets like SSH, an echo, one that never
// stops sending, a TLS server, and a worker between them. Only the time is the test's own.
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import t from 'tap'
import { accept } from '../../src/net/accept.js'
import { dial } from '../../src/net/dial.js'
import { listenOnFirstFree } from '../../src/net/ports.js'
import { Scanner } from '../../src/net/scanner.js'
import { readKey } from '../../src/protocol/key.js'
import { MASTER_TO_WORKER_MESSAGES, WORKER_MESSAGES } from '../../src/protocol/messages.js'
import { KeptLog } from './kept-log.js'
import { ManualClock, settled } from './manual-clock.js'

const HOST = '127.0.0.1'
const KEY = readKey('0'.repeat(64))
const ROUNDS = 60

function pour(socket: Socket): void {
  const more = (): void => {
    while (socket.writable && socket.write('x'.repeat(65_536))) {}
  }
  socket.on('drain', more)
  more()
}

const STRANGERS: Readonly<Record<string, () => Server>> = {
  http: () => createHttpServer((_request, response) => response.end('hello')),
  silent: () => createServer(() => {}),
  ssh: () => createServer((socket) => socket.write('SSH-2.0-OpenSSH_9.9\r\n')),
  echo: () => createServer((socket) => socket.pipe(socket)),
  endless: () => createServer(pour),
  tls: () => createTlsServer({}),
}

function descriptors(): number {
  return readdirSync('/proc/self/fd').length
}

t.test('sixty rounds', { skip: process.platform !== 'linux' && 'needs /proc' }, async (t) => {
  const sockets = new Set<Socket>()
  let bytesHeard = 0
  let visits = 0
  const first = 22_000 + (process.pid % 400) * 20
  const servers: Server[] = []
  for (const [index, make] of Object.values(STRANGERS).entries()) {
    const server = make()
    server.prependListener('connection', (socket: Socket) => {
      visits += 1
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        bytesHeard += socket.bytesRead
        sockets.delete(socket)
      })
    })
    server.listen({ host: HOST, port: first + index })
    await once(server, 'listening')
    servers.push(server)
  }
  const listening = await listenOnFirstFree({ host: HOST, first: first + servers.length, last: first + 18 })
  const { server, port } = listening
  const acceptor = accept(listening, {
    identity: { role: 'worker', incarnation: 'worker-1#a', key: KEY },
    accepts: { master: MASTER_TO_WORKER_MESSAGES },
    unauthenticatedMax: 64,
    connectionsMax: 10,
    connected: (connection) => connection.open({ messages() {}, closed() {} }),
    rejected: (_remote, why) => t.fail(why),
  })
  t.teardown(() => {
    acceptor.close('the test is over')
    for (const each of [...servers, server]) each.close()
  })

  const clock = new ManualClock()
  const log = new KeptLog()
  const found: string[] = []
  const before = descriptors()
  const scanner = new Scanner({
    hosts: [HOST],
    ports: { first, last: first + 19 },
    roundMs: 1_000,
    connectMs: 300,
    clock,
    log,
    random: () => 0.5,
    dial: ({ host, port }) =>
      dial({
        host,
        port,
        identity: { role: 'master', incarnation: 'master#b', key: KEY },
        expect: 'worker',
        accepts: WORKER_MESSAGES,
        connectMs: 60_000,
        clock,
      }),
    skip: (address) => found.includes(address),
    found: (connection, address) => {
      found.push(address)
      connection.open({ messages() {}, closed() {} })
    },
  })
  scanner.start()
  const scanned = (): number => log.entries.filter(({ text }) => text === 'scanned').length
  for (let round = 1; round <= ROUNDS; round += 1) {
    // What is on its way gets there; then 300 ms pass, and whatever the strangers do the round is over.
    for (let turn = 0; turn < 20; turn += 1) await settled()
    clock.advance(300)
    while (scanned() < round) await settled()
    clock.advance(700)
  }
  scanner.stop()
  while (sockets.size > 0) {
    clock.advance(500)
    await settled()
  }
  t.same(found, [`${HOST}:${port}`])
  t.ok(visits >= 6 * servers.length, `${visits} visits`)
  t.equal(bytesHeard, 0, 'strangers were sent not one byte')
  t.equal(log.texts('info').length, servers.length, 'one line each')
  t.equal(descriptors(), before + 2, 'only the connection to the worker is left, of which both ends are here')
})
