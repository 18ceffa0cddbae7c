// A worker as a part of a process: its port, its run file, its ends.
import { createServer } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { accept } from '../../src/net/accept.js'
import { listenOnFirstFree } from '../../src/net/ports.js'
import { readRunFile } from '../../src/net/run-file.js'
import { WORKER_MESSAGES } from '../../src/protocol/messages.js'
import { dialWorker, FakeMaster, KEY, until } from './fake-master.js'
import { isAlive, sign, somePort, workerHere } from './workers.js'

t.test('is there when it listens and knows what it serves, and leaves nothing behind', async (t) => {
  const runFolder = join(t.testdir({}), 'run')
  const { worker } = await workerHere(t, { runFolder })
  t.match(worker.incarnation, /^w1#[0-9a-f]{16}$/)
  const record = readRunFile(runFolder, 'w1')
  t.match(record, { role: 'worker', pid: process.pid, port: worker.port, incarnation: worker.incarnation })
  const host = record?.hosts?.[0]?.pid ?? 0
  t.ok(isAlive(host))
  const master = await FakeMaster.of(worker.port)
  t.match(master.register, { name: 'w1', address: `127.0.0.1:${worker.port}`, slots: 2 })
  worker.drain()
  t.equal(await worker.ended, 0)
  t.notOk(isAlive(host))
  t.equal(readRunFile(runFolder, 'w1'), undefined)
  t.equal((await dialWorker(worker.port)).kind, 'refused')
})

t.test('several live in one process, each with a port and hosts of its own', async (t) => {
  const port = somePort()
  const workerPorts = { first: port, last: port + 50 }
  const [a, b] = await Promise.all([
    workerHere(t, { name: 'a', workerPorts }),
    workerHere(t, { name: 'b', workerPorts }),
  ])
  t.not(a.worker.port, b.worker.port)
  a.worker.kill()
  t.equal(await a.worker.ended, 0)
  t.equal((await dialWorker(a.worker.port)).kind, 'refused', 'the other host does not hold it')
  const master = await FakeMaster.of(b.worker.port)
  t.match(await master.run({ type: 'hello', payload: 'b' }), { outcome: 'completed', result: '"b"' })
})

t.test('what it cannot begin with is told before it begins, and the port is free again', async (t) => {
  const folder = t.testdir({ 'bad.mjs': 'export default 5', 'exits.mjs': 'process.exit(3)' })
  const port = somePort()
  const workerPorts = { first: port, last: port + 50 }
  const start = (tasks: string[]) => workerHere(t, { tasks, workerPorts })
  await t.rejects(start([join(folder, 'bad.mjs')]), { code: 'bad_input', message: /bad\.mjs: tasks are an object/ })
  await t.rejects(start([join(folder, 'none.mjs')]), { code: 'bad_input', message: /none\.mjs: there is no such file/ })
  await t.rejects(start([join(folder, 'exits.mjs')]), { code: 'bad_input', message: /exit code 3/ })
  await t.rejects(workerHere(t, { name: '../x' }), { code: 'bad_input' })
  await t.rejects(workerHere(t, { join: 'nonsense' }), { code: 'bad_input' })
})

t.test('all ports taken: it says so', async (t) => {
  const server = createServer()
  t.teardown(() => server.close())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0
  await t.rejects(workerHere(t, { workerPorts: { first: port, last: port } }), { code: 'ports_taken', exitCode: 5 })
})

t.test('drain: what runs is finished and recorded; what does not end is handed back, code 6 (P21)', async (t) => {
  const { worker } = await workerHere(t)
  const master = await FakeMaster.of(worker.port)
  const { payload, begun } = sign(t)
  const [wait] = master.assign({ type: 'wait', payload })
  await begun()
  worker.drain(300)
  t.match(await master.settled(wait!), { outcome: 'returned', reason: 'drain', started: true })
  t.equal(await worker.ended, 6)
  t.ok(master.received.some(({ type }) => type === 'draining'))
})

t.test('a second master is told that this worker is owned', async (t) => {
  const { worker } = await workerHere(t)
  const master = await FakeMaster.of(worker.port)
  const second = await dialWorker(worker.port, 'master#2')
  if (second.kind !== 'connected') return t.fail(second.kind)
  let told = ''
  let closed = false
  second.connection.open({
    messages: (messages) => {
      told += JSON.stringify(messages)
    },
    closed: () => {
      closed = true
    },
  })
  await until('its end', () => closed)
  t.match(told, /"code":"owned"/)
  t.equal(master.closed, undefined)
})

t.test('without a master it leaves by itself, with code 0', async (t) => {
  const { worker } = await workerHere(t, { masterTimeoutMs: 1_500 })
  t.equal(await worker.ended, 0)
})

t.test('dials in to the master that it is to join, again after a loss, and listens all the same', async (t) => {
  const first = somePort()
  const listening = await listenOnFirstFree({ host: '127.0.0.1', first, last: first + 50 })
  const { server, port } = listening
  const masters: FakeMaster[] = []
  const acceptor = accept(listening, {
    identity: { role: 'master', incarnation: 'master#1', key: KEY },
    accepts: { worker: WORKER_MESSAGES },
    ...{ unauthenticatedMax: 10, connectionsMax: 10 },
    connected: (connection) => void masters.push(new FakeMaster(connection)),
    rejected: () => {},
  })
  t.teardown(() => {
    acceptor.close('over')
    server.close()
  })
  const { worker } = await workerHere(t, { join: `127.0.0.1:${port}` })
  const one = await until('the worker', () => masters[0])
  t.match(await one.run({ type: 'hello', payload: 1 }), { outcome: 'completed' })
  one.connection.destroy('a break')
  const two = await until('the worker again', () => masters[1])
  t.match(await two.run({ type: 'hello', payload: 2 }), { outcome: 'completed' })
  t.equal((await dialWorker(worker.port, 'master#1')).kind, 'connected')
})
