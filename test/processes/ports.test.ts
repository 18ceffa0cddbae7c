// Ports that belong to others, and two clusters side by side.
import { connect, createServer, type Server } from 'node:net'
import t from 'tap'
import { Cluster, until } from './cluster.js'

function occupy(port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen({ host: '127.0.0.1', port, exclusive: true }, () => resolve(server))
  })
}

t.test('all worker ports taken: it says so and exits with 5; one that is free is found', async (t) => {
  const cluster = await Cluster.create(t, { tasks: [] })
  const { first, last } = cluster.ports
  const ports = Array.from({ length: last - first + 1 }, (_, index) => first + index)
  const servers = await Promise.all(ports.map(occupy))
  t.teardown(() => closeAll(servers))
  await cluster.master()
  const args = ['worker', '--id', 'w1', '--data', cluster.data, '--worker-ports', `${first}-${last}`]
  const refused = cluster.run(args)
  t.equal((await refused.ended).code, 5)
  t.match(refused.stderr, new RegExp(`${first}-${last}`))
  await new Promise((resolve) => servers[4]!.close(resolve))
  await cluster.worker('w1')
  t.equal(cluster.records().find(({ name }) => name === 'w1')?.port, first + 4)
})

t.test('the first port of the master taken: the next free one, also within the range of the workers', async (t) => {
  const cluster = await Cluster.create(t)
  const { master, first } = cluster.ports
  const servers = await Promise.all([master, master + 1].map(occupy))
  t.teardown(() => closeAll(servers))
  await cluster.master()
  t.equal(cluster.records().find(({ role }) => role === 'master')?.port, first)
  await cluster.worker('w1')
  const client = await cluster.client()
  await cluster.untilReady(client, ['w1'])
})

t.test('two clusters side by side on the same ports do not touch each other', async (t) => {
  const one = await Cluster.create(t)
  await one.start(2)
  const two = await Cluster.create(t, { ports: one.ports })
  await two.start(2)
  const clients = [await one.client(), await two.client()]
  await Promise.all(
    clients.map(async (client, index) => {
      const cluster = [one, two][index]!
      const handle = await client.submit('work', { key: String(index), ms: 10, witness: cluster.witnessFile })
      t.same(await handle.result(), { key: String(index) })
      t.equal((await client.status()).workers.length, 2)
    }),
  )
})

t.test('strangers at our ports are closed with one line in the log', async (t) => {
  const cluster = await Cluster.create(t)
  const { client } = await cluster.start(1)
  for (const role of ['master', 'worker'] as const) {
    const { port, name } = cluster.records().find((record) => record.role === role)!
    for (const bytes of [
      'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 19\r\n\r\n{"type":"register"}',
      Buffer.from(Array.from({ length: 64 }, (_, index) => (index * 37 + 128) % 256)),
      '{"type":"register"}\n',
    ]) {
      const before = refusals(cluster.log(name))
      const closed = await talk(port!, bytes)
      t.notMatch(closed, /welcome|assign/)
      await until('a line in the log', () => refusals(cluster.log(name)) === before + 1)
    }
  }
  t.equal((await client.status()).workers.length, 1)
})

function refusals(log: string): number {
  return log.split('\n').filter((line) => /refused a connection/.test(line)).length
}

/** Says something to a port and tells what came back until it was closed. */
function talk(port: number, bytes: string | Buffer): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port })
    let heard = ''
    socket.on('data', (chunk) => {
      heard += chunk.toString()
    })
    socket.on('error', () => {})
    socket.on('close', () => resolve(heard))
    socket.write(bytes)
  })
}

function closeAll(servers: readonly Server[]): void {
  for (const server of servers) server.close()
}
