// A bad network between a client out here and a server in a network of its own, at one and the same address.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import { makeNamespace } from '../../src/drill/namespace.js'
import { Reaper } from '../../src/drill/reaper.js'
import { LOOPBACK, Relay } from '../../src/drill/relay.js'
import { freePorts, until } from '../processes/cluster.js'

const skip = process.getuid?.() === 0 ? false : 'needs root'
const LINE = `${'x'.repeat(99)}\n`
const ECHO = `require('net').createServer({ allowHalfOpen: true }, (s) => s.on('error', () => {}).pipe(s)).listen(+process.argv[1], '${LOOPBACK}', () => console.log('listens'))`

async function start(t: Test): Promise<{ relay: Relay; dial: () => Promise<Socket> }> {
  const reaper = new Reaper()
  t.teardown(() => reaper.end(false))
  const { via } = makeNamespace(reaper)
  const { master: port } = await freePorts()
  const [command = '', ...args] = [...via, process.execPath, '-e', ECHO, String(port)]
  const server = spawn(command, args, { env: reaper.environment, stdio: ['ignore', 'pipe', 'inherit'] })
  await once(server.stdout, 'data')
  const relay = await Relay.start({ via, ports: [port], reaper, seed: 1 })
  const dial = async (): Promise<Socket> => {
    const socket = connect(port, LOOPBACK)
    t.teardown(() => socket.destroy())
    await once(socket, 'connect')
    return socket
  }
  return { relay, dial }
}

function heard(socket: Socket): { bytes: number; chunks: number; ended: string | undefined } {
  const all = { bytes: 0, chunks: 0, ended: undefined as string | undefined }
  socket.on('data', (bytes) => {
    all.bytes += bytes.length
    all.chunks += 1
  })
  socket.on('error', (error: NodeJS.ErrnoException) => {
    all.ended = error.code
  })
  socket.on('end', () => {
    all.ended ??= 'FIN'
  })
  return all
}

t.test('as good as another; byte by byte; cut in mid-line by FIN and by reset; stalled; down', { skip }, async (t) => {
  const { relay, dial } = await start(t)

  const whole = heard((await dial()).end(LINE))
  await until('all of it to come back', () => whole.ended)
  t.match(whole, { bytes: LINE.length, ended: 'FIN' })

  relay.weather = { chunks: [1] }
  const socket = await dial()
  const bytewise = heard(socket)
  let lines = 0
  let chunks = 0
  // Told by a message that the bytes may overtake; and a reader that comes late finds many at once.
  for (let round = 0; round < 50 && chunks <= 10; round += 1) {
    const before = bytewise.chunks
    socket.write(LINE.repeat(20))
    lines += 20
    await until('all of it to come back', () => bytewise.bytes === lines * LINE.length)
    chunks = bytewise.chunks - before
  }
  t.ok(chunks > 10, `in ${chunks} chunks`)

  relay.weather = { stalled: ['out'] }
  socket.write(LINE)
  const other = heard(await dial())
  relay.weather = {}
  await until('what was held back', () => bytewise.bytes === (lines + 1) * LINE.length)
  socket.destroy()
  t.equal(other.bytes, 0)

  relay.weather = { cutAfter: [150, 150] }

  const ends = new Set<string>()
  const kinds = () => new Set(relay.cuts.map(({ by }) => by))
  let count = 0
  for (; ends.size < 2 || kinds().size < 2; count += 1) {
    const dialled = await dial()
    const cut = heard(dialled)
    dialled.write(LINE)
    ends.add(await until('its end', () => cut.ended))
    t.equal(cut.bytes, 50, 'after 100 bytes to the server and 50 back')
  }
  t.same(ends, new Set(['FIN', 'ECONNRESET']))
  await until('all to be told', () => relay.cuts.length === count)
  t.match(relay.cuts, Array(count).fill({ bytes: 150, midLine: true }))
  t.same(kinds(), new Set(['fin', 'reset']))

  relay.weather = { down: true }
  await t.rejects(async () => once(await dial(), 'end'), { code: 'ECONNRESET' })
})
