// Lines that are none, too long, endless, too deep or poisoned, before the real master and the real worker. Each closes its
// own connection and nothing else (P25), and what it costs in memory is bounded (P23).
import t, { type Test } from 'tap'
import type { ClusterKey } from '../../src/protocol/key.js'
import {
  CLIENT_MESSAGES,
  GREETING_BYTES_MAX,
  LINE_BYTES_MAX,
  MASTER_TO_WORKER_MESSAGES,
  WORKER_MESSAGES,
} from '../../src/protocol/messages.js'
import { startScene } from './bystander.js'
import { handshakeOf, type Line, memoryOf, Peer } from './peer.js'

const MIB = 1024 * 1024
/** What a line may cost its receiver: it is kept in a block that doubles, parsed and checked. */
const LINE_MIB_MAX = 64

type Scene = Awaited<ReturnType<typeof startScene>>

/** The two that accept connections, and as whom one is let in there. */
function targets({ masterPort, workerPort, master, worker }: Scene) {
  return [
    { what: 'master', port: masterPort, pid: master.pid, role: 'client' },
    { what: 'worker', port: workerPort, pid: worker.pid, role: 'master' },
  ] as const
}

/** `line` with as much unknown text in it as makes it so long, newline included. */
function padded(line: Line, bytes: number): string {
  const short = JSON.stringify({ ...line, pad: '' })
  return `${JSON.stringify({ ...line, pad: 'x'.repeat(bytes - short.length - 1) })}\n`
}

async function isCut(peer: Peer, bytes: string | Buffer): Promise<boolean> {
  await peer.write(bytes)
  await peer.closed
  return true
}

/** A client that is let in and whose next question is answered, for what it asked before was no fault. */
async function answers(peer: Peer): Promise<boolean> {
  peer.say({ type: 'status', re: 99 })
  await peer.next('status-report')
  return true
}

t.test('lines at the limit', async (t) => {
  const scene = await startScene(t)
  const { key } = scene
  for (const { what, port, role } of targets(scene)) {
    for (const more of [-1, 0, 1]) {
      const peer = await Peer.dial(t, port)
      const step = handshakeOf(key, { port, role }).receive(await peer.line(0)) as { send: Line }
      await peer.write(padded(step.send, GREETING_BYTES_MAX + more))
      if (more <= 0) t.match(await peer.line(1), { type: 'proof' }, `${what}: ${GREETING_BYTES_MAX + more} bytes`)
      else t.ok(await peer.closed.then(() => peer.heard.length === 1), `${what}: one byte more closes`)
    }
  }
  const [{ port, role }] = targets(scene)
  for (const more of [-1, 0]) {
    const peer = await Peer.proven(t, key, { port, role })
    await peer.write(padded({ type: 'status', re: 7 }, LINE_BYTES_MAX + more))
    t.match(await peer.next('status-report', 2), { re: 7 }, `${LINE_BYTES_MAX + more} bytes are answered`)
  }
  const long = await Peer.proven(t, key, { port, role })
  t.ok(await isCut(long, padded({ type: 'status', re: 7 }, LINE_BYTES_MAX + 1)), 'one byte more closes')
  await scene.bystander.wentOn(t)
  t.ok(scene.allAlive())
})

t.test('a line of 1 GiB without an end', async (t) => {
  const scene = await startScene(t)
  const { key } = scene
  const chunk = Buffer.alloc(MIB, 'x')
  for (const { what, port, pid, role } of targets(scene)) {
    for (const known of [false, true]) {
      const peer = known ? await Peer.proven(t, key, { port, role }) : await Peer.dial(t, port)
      const before = memoryOf(pid)
      await peer.write('{"pad":"')
      let mib = 0
      while (mib < 1_024 && (await peer.write(chunk))) mib += 1
      await peer.closed
      const { peak } = memoryOf(pid)
      const name = `${what}, ${known ? 'after' : 'before'} authentication`
      t.comment(
        `${name}: cut after at most ${mib} MiB were written; memory ${before.now} MiB before, at most ${peak} MiB`,
      )
      t.ok(mib < 64, `${name}: cut long before its end`)
      t.ok(peak - before.peak <= LINE_MIB_MAX, `${name}: ${peak - before.peak} MiB more`)
    }
  }
  await scene.bystander.wentOn(t)
  t.ok(scene.allAlive())
})

t.test('one byte at a time', async (t) => {
  const scene = await startScene(t)
  const peer = await Peer.proven(t, scene.key, { port: scene.masterPort, role: 'client' })
  for (const byte of Buffer.from(`{"type":"status","re":5,"pad":"${'é'.repeat(1_000)}"}\n`)) {
    await new Promise<void>((resolve) => peer.socket.write(Buffer.of(byte), () => resolve()))
  }
  t.match(await peer.next('status-report', 2), { re: 5 })
  await scene.bystander.wentOn(t)
})

/** What closes, whatever type it is said to be. */
const BAD: Readonly<Record<string, string | Buffer>> = {
  'invalid UTF-8': Buffer.concat([
    Buffer.from('{"type":"status","re":1,"x":"'),
    Buffer.of(0xff, 0xc0),
    Buffer.from('"}\n'),
  ]),
  'arrays 500,000 deep': `{"type":"status","re":1,"x":${'['.repeat(500_000)}${']'.repeat(500_000)}}\n`,
  'objects 500,000 deep': `${'{"a":'.repeat(500_000)}1${'}'.repeat(500_000)}\n`,
  '500,000 deep without an end': `{"a":${'['.repeat(500_000)}\n`,
  'no JSON': '{"type":\n',
  'an empty line': '\n',
  HTTP: 'POST / HTTP/1.1\r\nHost: x\r\n\r\n{"type":"status","re":1}\n',
}

t.test('what is no line of ours closes, before and after authentication', async (t) => {
  const scene = await startScene(t)
  for (const { what, port, role } of targets(scene)) {
    for (const [name, bytes] of Object.entries(BAD)) {
      t.ok(await isCut(await Peer.dial(t, port), bytes), `${what}, before: ${name}`)
      t.ok(await isCut(await Peer.proven(t, scene.key, { port, role }), bytes), `${what}, after: ${name}`)
    }
  }
  await scene.bystander.wentOn(t)
  t.ok(scene.allAlive())
})

t.test('__proto__ in a message of every type closes; constructor and prototype are fields like others', async (t) => {
  const scene = await startScene(t)
  const { key, masterPort, workerPort } = scene
  await everyType(t, key, masterPort, 'client', Object.keys(CLIENT_MESSAGES))
  await everyType(t, key, masterPort, 'worker', Object.keys(WORKER_MESSAGES))
  await everyType(t, key, workerPort, 'master', Object.keys(MASTER_TO_WORKER_MESSAGES))
  const peer = await Peer.proven(t, key, { port: masterPort, role: 'client' })
  await peer.write('{"type":"status","re":3,"constructor":{"prototype":{"polluted":1}},"prototype":{},"toString":1}\n')
  t.match(await peer.next('status-report', 2), { re: 3 })
  await peer.write('{"type":"constructor","re":4}\n{"type":"__proto__","re":5}\n')
  t.match(await peer.next('unsupported'), { what: 'constructor' })
  t.ok(await answers(peer))
  await scene.bystander.wentOn(t)
  t.ok(scene.allAlive())
})

async function everyType(
  t: Test,
  key: ClusterKey,
  port: number,
  role: 'client' | 'worker' | 'master',
  types: string[],
) {
  for (const type of types) {
    for (const line of [
      `{"type":"${type}","re":1,"__proto__":{"polluted":1}}\n`,
      `{"type":"${type}","re":1,"list":[{"\\u005f_proto__":{"polluted":1}}]}\n`,
    ]) {
      t.ok(await isCut(await Peer.proven(t, key, { port, role }), line), `${role}: ${type}`)
    }
  }
}
