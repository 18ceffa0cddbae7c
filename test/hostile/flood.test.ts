// Peers that do too much of what is allowed, and a machine that has no room left: the master lives, and others go on (P25).
import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import t from 'tap'
import { connect } from '../../src/index.js'
import { until } from '../processes/cluster.js'
import { startScene } from './bystander.js'
import { MEMORY_MIB_MAX, memoryOf, Peer } from './peer.js'

t.jobs = 1

/** Hundreds of new connections a second, for as long as the test takes. */
const REDIAL_MS = 3_000

t.test('2,000 slow handshakes, each again soon after it was cut, while workers and a client come', async (t) => {
  const scene = await startScene(t)
  const { cluster, master, masterPort: port } = scene
  let over = false
  let opened = 0
  const slow = async (): Promise<void> => {
    while (!over) {
      const peer = await Peer.dial(t, port)
      opened += 1
      await peer.write('{"type":"hello"')
      await peer.closed
      await pause(REDIAL_MS)
    }
  }
  const all = Array.from({ length: 2_000 }, slow)
  while (opened < 2_000) await new Promise((resolve) => setImmediate(resolve))
  const beganMs = performance.now()
  const [client] = await Promise.all([
    until('a client', () => connect({ data: cluster.data }).catch(() => undefined)),
    cluster.worker('w2'),
    cluster.worker('w3', ['--join', `127.0.0.1:${port}`]),
  ])
  await cluster.untilReady(client, ['w1', 'w2', 'w3'])
  const tookMs = Math.round(performance.now() - beganMs)
  await client.close()
  over = true
  t.comment(
    `a client, a worker that is found and one that dials in were there after ${tookMs} ms; ${opened} handshakes begun`,
  )
  await scene.bystander.wentOn(t)
  const { peak } = memoryOf(master.pid)
  t.comment(`at most ${peak} MiB`)
  t.ok(peak <= MEMORY_MIB_MAX)
  t.ok(scene.allAlive())
  await cluster.end()
  await Promise.all(all)
})

t.test('valid messages that are good for nothing, as fast as they are taken', async (t) => {
  const scene = await startScene(t)
  const { key, master, masterPort: port } = scene
  const id = '00000000-0000-7000-8000-00000000000a'
  const lost = { id, lease: 'l', outcome: 'completed', result: 'x'.repeat(100_000) }
  const useless = {
    client: [
      { type: 'watch', re: 1, ids: Array.from({ length: 500 }, (_, n) => `t-${n}`) },
      { type: 'cancel-tasks', re: 1, ids: Array.from({ length: 1_000 }, (_, n) => `t-${n}`) },
      { type: 'get', re: 1, ids: Array.from({ length: 500 }, (_, n) => `t-${n}`), story: true },
      { type: 'status', re: 1 },
      { type: 'sing', re: 1 },
    ],
    worker: [
      { type: 'results', list: Array.from({ length: 20 }, () => lost) },
      { type: 'beat', n: 1, seen: 0, running: 0, hosts: [] },
      { type: 'started', list: Array.from({ length: 1_000 }, () => ({ id, lease: 'l' })) },
    ],
  }
  const about = {
    ...{ type: 'register', name: 'idle', pid: 1, hostname: 'here', machine: 'm', address: '127.0.0.1:1', version: '0' },
    ...{ slots: 1, queues: ['default'], types: [{ type: 'other' }], hosts: [], leases: [], draining: false },
  }
  for (const role of ['client', 'worker'] as const) {
    for (const message of useless[role]) {
      const peer = await Peer.proven(t, key, { port, role })
      if (role === 'worker') {
        peer.say(about)
        await peer.next('welcome', 2)
      }
      const lines = Buffer.from(`${JSON.stringify(message)}\n`.repeat(5))
      let sent = 0
      for (const endMs = performance.now() + 1_000; performance.now() < endMs && (await peer.write(lines)); ) sent += 5
      t.comment(
        `${role}, ${message.type}: ${sent} in a second, ${peer.open ? 'and it is still there' : 'then it was cut'}`,
      )
      peer.socket.destroy()
    }
  }
  await scene.bystander.wentOn(t)
  const { peak } = memoryOf(master.pid)
  t.comment(`at most ${peak} MiB`)
  t.ok(peak <= MEMORY_MIB_MAX, `${peak} MiB`)
  t.ok(scene.allAlive())
})

t.test('no file descriptor left', { skip: process.platform !== 'linux' && 'needs prlimit' }, async (t) => {
  const scene = await startScene(t)
  const { cluster, client, master, masterPort: port } = scene
  const used = readdirSync(`/proc/${master.pid}/fd`).length
  execFileSync('prlimit', ['--pid', String(master.pid), `--nofile=${used + 20}:`])
  const peers = await Promise.all(Array.from({ length: 200 }, () => Peer.dial(t, port)))
  const payload = { key: 'meanwhile', ms: 0, witness: cluster.witnessFile }
  t.same(await (await client.submit('work', payload)).result(), { key: 'meanwhile' }, 'who is connected goes on')
  t.ok(readdirSync(`/proc/${master.pid}/fd`).length >= used + 19, 'there was none left')
  for (const peer of peers) peer.socket.destroy()
  const late = await connect({ data: cluster.data })
  t.equal((await late.status()).workers.length, 1, 'and whoever comes later is let in')
  await late.close()
  await scene.bystander.wentOn(t)
  t.ok(scene.allAlive())
})
