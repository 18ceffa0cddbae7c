// Users' code never outlives its worker or its worker's lease: real processes, killed and frozen (design: section 6; P7,
// P8, P18).
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { dialWorker, FakeMaster, TIMINGS, until } from './fake-master.js'
import { isAlive, sign, workerHere, workerProcess } from './workers.js'

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
  const killedAt = performance.now()
  await until('the end of host and command', () => !isAlive(pids.host) && !isAlive(pids.command))
  // The last thread of a process may let go of the port a moment after its main one has ended.
  await until('the port to refuse', async () => (await dialWorker(worker.port)).kind === 'refused')
  t.ok(performance.now() - killedAt < 10_000)
})

t.test('a frozen worker: its watchdog ends the code when the lease is over, and no sooner', async (t) => {
  const worker = await workerProcess(t)
  const master = await FakeMaster.of(worker.port)
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
  t.ok(tookMs > TIMINGS.codeDeadMs - 2 * TIMINGS.heartbeatMs && tookMs < TIMINGS.codeDeadMs + 2_500, `${tookMs} ms`)
  process.kill(worker.pid, 'SIGCONT')
  t.match(await master.settled(lease), { outcome: 'lost', started: true }, 'on waking it says what is lost')
})

t.test('a frozen host: ailing, killed, and its task lost when a lease is over; a new one takes over', async (t) => {
  const { worker } = await workerHere(t)
  const master = await FakeMaster.of(worker.port)
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
  t.ok(tookMs > TIMINGS.leaseMs - 1_000 && tookMs < TIMINGS.leaseMs + 2_500, `${tookMs} ms`)
  t.notOk(isAlive(host))
  t.match(await master.run({ type: 'hello' }), { outcome: 'completed' })
})

t.test('a master that is lost: no code when the lease is over, results are kept (P8, P18)', async (t) => {
  const { worker } = await workerHere(t)
  const first = await FakeMaster.of(worker.port)
  const host = await first.host()
  const { payload, begun } = sign(t)
  const [spin] = first.assign({ type: 'spin', payload })
  await begun()
  first.connection.destroy('the test ends it')
  const lostAt = performance.now()
  await until('the end of the host', () => !isAlive(host))
  const tookMs = performance.now() - lostAt
  t.ok(tookMs < TIMINGS.codeDeadMs + 2_500, `${tookMs} ms`)
  const second = await FakeMaster.of(worker.port, 'master#2')
  t.match(second.register?.leases, [{ lease: spin }])
  t.match(await second.settled(spin!), { outcome: 'lost' })
  t.match(await second.run({ type: 'hello' }), { outcome: 'completed' })
})
