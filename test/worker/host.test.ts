// Users' code in real hosts: whatever it does costs its own attempt only (design: section 6; P11, P13, P29).
import t from 'tap'
import { FakeMaster, SECRET, until } from './fake-master.js'
import { workerHere } from './workers.js'

t.test('what ends its own process fails alone, is charged, and says why', async (t) => {
  const { worker, log } = await workerHere(t)
  const master = await FakeMaster.of(worker.port)
  t.match(await master.run({ type: 'exit', payload: { code: 0 } }), {
    outcome: 'failed',
    final: false,
    error: { code: 'host_died', exitCode: 0, message: /exit code 0: its code ended it/ },
  })
  t.match(await master.run({ type: 'exit', payload: { code: 7 } }), { error: { code: 'host_died', exitCode: 7 } })
  t.match(await master.run({ type: 'throwOutside' }), {
    outcome: 'failed',
    error: { code: 'host_died', exitCode: 1, message: /outside every promise/, stack: /unruly\.mjs/ },
  })
  t.match(await master.run({ type: 'rejectOutside' }), { error: { code: 'host_died', message: /nobody catches it/ } })
  t.match(await master.run({ type: 'forge' }), {
    outcome: 'failed',
    error: { code: 'host_died', signal: 'SIGKILL', message: /wrote into the pipe/ },
  })
  t.match(await master.run({ type: 'hello', payload: 5 }), { outcome: 'completed', result: '5' })
  t.ok(log.entries.some(({ text }) => text.startsWith('host died: ')))
})

t.test('a heap that is full costs the host, and beats go on', async (t) => {
  const options = process.env.NODE_OPTIONS ?? ''
  process.env.NODE_OPTIONS = `${options} --max-old-space-size=40`
  t.teardown(() => {
    process.env.NODE_OPTIONS = options
  })
  const { worker } = await workerHere(t)
  const master = await FakeMaster.of(worker.port)
  t.match(await master.run({ type: 'fillHeap' }), { outcome: 'failed', error: { code: 'host_died' } })
  t.match(await master.run({ type: 'hello' }), { outcome: 'completed' })
  t.equal(master.closed, undefined)
})

t.test('a limit ends code that listens, that spins and that sits in a native call; beats go on', async (t) => {
  const { worker } = await workerHere(t)
  const master = await FakeMaster.of(worker.port)
  for (const type of ['wait', 'spin', 'blocked']) {
    t.match(await master.run({ type, timeoutMs: 200 }), { outcome: 'failed', error: { code: 'timeout' } }, type)
  }
  const [spin, neighbour] = master.assign({ type: 'wait', timeoutMs: 60_000 }, { type: 'spin', timeoutMs: 200 })
  t.match(await master.settled(neighbour!), { outcome: 'failed', error: { code: 'timeout' } })
  t.match(await master.settled(spin!), { outcome: 'returned', reason: 'neighbour', started: true })
  t.match(await master.run({ type: 'hello' }), { outcome: 'completed' })
  t.equal(master.closed, undefined)
})

t.test('quick tasks begin together, and none is timed while it waits for one that turns out to be long', async (t) => {
  const { worker } = await workerHere(t, { tasks: [], builtins: true, slots: 20 })
  const master = await FakeMaster.of(worker.port)
  const quick = { type: 'primes', payload: { below: 2 }, timeoutMs: 60_000 }
  for (let ended = 20; ended <= 400; ended += 20) {
    master.assign(...Array.from({ length: 20 }, () => quick))
    await until('their ends', () => master.settlements.length === ended)
  }
  const long = { type: 'primes', payload: { below: 100_000_000 }, timeoutMs: 300 }
  const [guilty, ...behind] = master.assign(long, ...Array.from({ length: 10 }, () => ({ ...quick, timeoutMs: 300 })))
  t.match(await master.settled(guilty!), { outcome: 'failed', error: { code: 'timeout' } })
  for (const lease of behind) {
    const settlement = await master.settled(lease)
    t.ok(settlement.outcome === 'completed' || settlement.outcome === 'returned', JSON.stringify(settlement))
  }
})

t.test('suspects: a host that dies with two; then each alone, beside the other', async (t) => {
  const { worker } = await workerHere(t)
  const master = await FakeMaster.of(worker.port)
  const leases = master.assign({ type: 'wait' }, { type: 'exit', payload: { code: 3 } })
  for (const lease of leases) {
    t.match(await master.settled(lease), { outcome: 'returned', reason: 'neighbour', suspect: true })
  }
  const [, guilty] = master.assign(
    { type: 'wait', suspect: true, timeoutMs: 60_000 },
    { type: 'exit', payload: { code: 3 }, suspect: true },
  )
  t.match(await master.settled(guilty!), { outcome: 'failed', error: { code: 'host_died', exitCode: 3 } })
  t.equal(master.settlements.length, 3, 'the other one runs on')
})

t.test('a host knows no secret and no setting (P29)', async (t) => {
  process.env.DTR_SECRET = SECRET
  t.teardown(() => {
    delete process.env.DTR_SECRET
  })
  const { worker } = await workerHere(t)
  const master = await FakeMaster.of(worker.port)
  const settlement = await master.run({ type: 'environment' })
  if (settlement.outcome !== 'completed') return t.fail(settlement.outcome)
  t.notMatch(settlement.result, new RegExp(`DTR_|${SECRET}`))
})

t.test('what code prints and notes is logged, bounded, and never blocks it', async (t) => {
  const { worker, log } = await workerHere(t)
  const master = await FakeMaster.of(worker.port)
  t.match(await master.run({ type: 'print', payload: { lines: 50_000 } }), { outcome: 'completed', result: '50000' })
  t.match(await master.run({ type: 'note' }), { outcome: 'completed' })
  await until('its note', () => log.entries.some(({ text }) => /note task-.*: noted by a task answer=42/.test(text)))
  const printed = log.entries.filter(({ text }) => text.startsWith('stdout: line '))
  t.ok(printed.length >= 100 && printed.length < 5_000, `${printed.length} lines`)
})
