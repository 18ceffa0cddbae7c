// Users' code never outlives its worker or its worker's lease: real processes, killed and frozen (design: section 6; P7,
// P8, P18).
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { dialWorker, FakeMaster, LATE_MS_MAX, SHORT, until } from './fake-master.js'
import { isAlive, sign, workerHere, workerProcess } from './workers.js'

/** With leases so short an attempt may be lost on a loaded machine; then another one is not. */
const works = (master: FakeMaster) =>
  until('a task to be completed', async () => (await master.run({ type: 'hello' })).outcome === 'completed')

t.test('kill -9 of the worker: spinning code and its command die at once, and the port refuses', async (t) => {
  const worker = await workerProcess(t)
  const master = await FakeMaster.of(worker.port)
  const file = join(t.testdir({}), 'pids')
  master.assign({ type: 'spinWithCommand', payload: { file } })
  const pids = await until('the command', () => {
    try {
      return JSON.parse(readFileSync(file, 'utf8')) as { host: number; command: number }
    } catch {
      return undefined
    }
  })
  t.ok(isAlive(pids.command))
  process.kill(worker.pid, 'SIGKILL')
  await until('the end of host and command', () => !isAlive(pids.host) && !isAlive(pids.command))
  // The last thread of a process may let go of the port a moment after its main one has ended.
  await until('the port to refuse', async () => (await dialWorker(worker.port)).kind === 'refused')
})

t.test('a frozen worker: its watchdog ends the code when the lease is over, and no sooner', async (t) => {
  const worker = await workerProcess(t)
  const master = await FakeMaster.of(worker.port, 'master#1', SHORT)
  const host = await master.host()
  const { payload, begun } = sign(t)
  const lease = master.assign({ type: 'spin', payload })[0]!
  await begun()
  const beats = () => master.received.filter(({ type }) => type === 'beat').length
  const seen = beats()
  await until('a beat', () => beats() > seen)
  process.kill(worker.pid, 'SIGSTOP')
  const stoppedAt = performance.now()
  await until('the end of its host', () => !isAlive(host))
  const tookMs = performance.now() - stoppedAt
  t.ok(tookMs > SHORT.heartbeatMs && tookMs < SHORT.codeDeadMs + LATE_MS_MAX, `${tookMs} ms`)
  process.kill(worker.pid, 'SIGCONT')
  t.match(await master.settled(lease), { outcome: 'lost', started: true }, 'on waking it says what is lost')
})

t.test('a frozen host: ailing, killed, and its task lost when a lease is over; a new one takes over', async (t) => {
  const { worker } = await workerHere(t)
  const master = await FakeMaster.of(worker.port, 'master#1', SHORT)
  const host = await master.host()
  const { payload, begun } = sign(t)
  const lease = master.assign({ type: 'wait', payload })[0]!
  await begun()
  process.kill(host, 'SIGSTOP')
  const stoppedAt = performance.now()
  await master.host('silent')
  t.match(
    master.received.findLast(({ type }) => type === 'beat'),
    { ailing: true },
  )
  t.match(await master.settled(lease), { outcome: 'lost', started: true })
  const tookMs = performance.now() - stoppedAt
  t.ok(tookMs > SHORT.heartbeatMs && tookMs < SHORT.leaseMs + LATE_MS_MAX, `${tookMs} ms`)
  await until('the end of the host', () => !isAlive(host))
  await works(master)
})

t.test('a master that is lost: no code when the lease is over, results are kept (P8, P18)', async (t) => {
  const { worker } = await workerHere(t)
  const first = await FakeMaster.of(worker.port, 'master#1', SHORT)
  const host = await first.host()
  const { payload, begun } = sign(t)
  const [spin] = first.assign({ type: 'spin', payload })
  await begun()
  first.connection.destroy('the test ends it')
  const lostAt = performance.now()
  await until('the end of the host', () => !isAlive(host))
  const tookMs = performance.now() - lostAt
  t.ok(tookMs < SHORT.codeDeadMs + LATE_MS_MAX, `${tookMs} ms`)
  const second = await FakeMaster.of(worker.port, 'master#2')
  t.match(second.register?.leases, [{ lease: spin }])
  t.match(await second.settled(spin!), { outcome: 'lost' })
  await works(second)
})
