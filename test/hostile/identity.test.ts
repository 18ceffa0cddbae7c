// Handshakes that are not honest, and names that are not one's own, before the real master and the real worker.
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import { dial } from '../../src/net/dial.js'
import { makeAccessKey, readAccessKey } from '../../src/protocol/access-key.js'
import { MASTER_TO_CLIENT_MESSAGES, WORKER_MESSAGES } from '../../src/protocol/messages.js'
import { startScene } from './bystander.js'
import { handshakeOf, type Line, Peer } from './peer.js'

/** A local port that passes on to another all that it hears, and is called by its own name. */
async function relayTo(t: Test, port: number): Promise<number> {
  const sockets = new Set<Socket>()
  const server = createServer((near) => {
    const far = connect({ host: '127.0.0.1', port })
    for (const socket of [near, far]) sockets.add(socket.on('error', () => {}))
    near.pipe(far).pipe(near)
  })
  server.listen({ host: '127.0.0.1', port: 0 })
  await once(server, 'listening')
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return (server.address() as { port: number }).port
}

t.test('replayed, swapped, reflected, relayed, echoed: none is believed', async (t) => {
  const scene = await startScene(t)
  const { key, masterPort, workerPort } = scene
  for (const [what, port, role] of [
    ['master', masterPort, 'client'],
    ['worker', workerPort, 'master'],
  ] as const) {
    const honest = await Peer.dial(t, port)
    const handshake = handshakeOf(key, { port, role })
    const answer = async (n: number): Promise<Line> => {
      const step = handshake.receive(await honest.line(n))
      return (step as { send: Line }).send
    }
    const hello = await answer(0)
    honest.say(hello)
    const proof = await answer(1)

    /** One that says this, and must be refused or cut without having been let in. */
    const dishonest = async (name: string, ...lines: Line[]): Promise<void> => {
      const peer = await Peer.dial(t, port)
      await peer.line(0)
      for (const line of lines) peer.say(line)
      await peer.closed
      t.notOk(
        peer.heard.some(({ type }) => type === 'register' || type === 'status-report'),
        `${what}: ${name}`,
      )
    }
    const status = { type: 'status', re: 1 }
    await dishonest('swapped, while the honest one waits', hello, proof, status)
    honest.say(proof)
    if (role === 'client') {
      honest.say(status)
      t.match(await honest.next('status-report', 0), { re: 1 }, 'the honest one is let in')
    } else t.match(await honest.line(2), { type: /register|refused/ }, 'the honest one is let in')
    await dishonest('replayed', hello, proof, status)
    await dishonest('reflected', hello, honest.heard[1]!, status)
    await dishonest('its own greeting', honest.heard[0]!)

    const echo = await Peer.dial(t, port)
    echo.socket.pipe(echo.socket)
    await echo.closed
    t.equal(echo.heard.length, 1, `${what}: an echo hears the greeting and no more`)

    const guessed = await dial({
      ...{ host: '127.0.0.1', port, connectMs: 10_000 },
      identity: { role, incarnation: 'guess#1', key: readAccessKey(makeAccessKey(key.cluster)) },
      expect: what,
      accepts: role === 'client' ? MASTER_TO_CLIENT_MESSAGES : WORKER_MESSAGES,
    })
    t.match(guessed, { kind: 'unproven', why: 'the proof is wrong' }, `${what}: a key that was never given out`)
    await dishonest(
      'a guess at a key',
      { ...hello, keyId: '0a1b2c3d4e5f' },
      { ...proof, keyId: '0a1b2c3d4e5f' },
      status,
    )
    await dishonest('a key with a long name', { ...hello, keyId: 'a'.repeat(129) }, proof, status)
    await dishonest('a key in the name of the secret', { ...hello, keyId: '0a1b2c3d4e5f' }, proof, status)

    const relay = await relayTo(t, port)
    const relayed = await dial({
      ...{ host: '127.0.0.1', port: relay, connectMs: 10_000 },
      identity: { role, incarnation: 'relayed#1', key },
      expect: what,
      accepts: role === 'client' ? MASTER_TO_CLIENT_MESSAGES : WORKER_MESSAGES,
    })
    t.match(relayed, { kind: 'unproven', why: /you dialled/ }, `${what}: relayed`)
  }
  await scene.bystander.wentOn(t)
  t.ok(scene.allAlive())
})

t.test('a forged worker: the name of another that lives, and leases of another', async (t) => {
  const scene = await startScene(t)
  const { client, cluster, key, masterPort: port } = scene
  const [real] = (await client.status()).workers
  const about = {
    ...{ type: 'register', pid: 1, hostname: 'here', machine: 'm', address: '127.0.0.1:1', version: '0' },
    ...{ slots: 1, queues: ['default'], types: [{ type: 'other' }], hosts: [], leases: [], draining: false },
  }
  const twin = await Peer.proven(t, key, { port, role: 'worker', incarnation: real!.incarnation })
  twin.say({ ...about, name: 'w1' })
  t.match(await twin.next('refused', 2), { code: 'owned' })
  await twin.closed

  const { gate, open } = cluster.gate()
  const payload = { key: 'long', gate, witness: cluster.witnessFile }
  const handle = await client.submit('work', payload)
  const lease = await leaseOf()
  const thief = await Peer.proven(t, key, { port, role: 'worker', incarnation: 'thief#1' })
  thief.say({ ...about, name: 'thief' })
  await thief.next('welcome', 2)
  for (const outcome of [
    { outcome: 'completed', result: '"forged"' },
    { outcome: 'failed', final: true, error: { code: 'task_failed', message: 'forged' } },
    { outcome: 'cancelled' },
  ]) {
    const from = thief.heard.length
    thief.say({ type: 'results', list: [{ id: handle.id, lease, ...outcome }] })
    t.match(await thief.next('recorded', from), { list: [{ lease, status: 'stale' }] }, outcome.outcome)
  }
  open()
  t.same(await handle.result(), { key: 'long' }, 'its own worker settles it')
  t.equal(cluster.witness().filter(({ what, key: of }) => what === 'start' && of === 'long').length, 1)
  const early = await Peer.proven(t, key, { port, role: 'worker', incarnation: 'early#1' })
  early.say({ type: 'results', list: [{ id: handle.id, lease, outcome: 'cancelled' }] })
  await early.closed
  await scene.bystander.wentOn(t)
  t.match(
    (await client.status()).workers.find(({ name }) => name === 'w1'),
    { state: 'ready', incarnation: real!.incarnation },
  )
  t.ok(scene.allAlive())

  /** Everybody with the secret may read it. */
  async function leaseOf(): Promise<string> {
    for (;;) {
      const [found] = await client.get([handle.id])
      if (found?.lease !== undefined) return found.lease
    }
  }
})
