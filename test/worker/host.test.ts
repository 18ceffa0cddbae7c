// Users' code in real hosts: whatever it does costs its own attempt only (design: section 6; P11, P13, P29).
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
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
  t.match(await master.run({ type: 'fillHeap' }), {
    outcome: 'failed',
    error: { code: 'out_of_memory', signal: 'SIGABRT', message: /the heap of its process was full/ },
  })
  t.match(await master.run({ type: 'hello' }), { outcome: 'completed' })
  t.equal(master.closed, undefined)
})

t.test(
  'code that lets nothing else have its turn is named in the log, and told; it costs nobody anything',
  async (t) => {
    const { worker, log } = await workerHere(t, { slots: 2, care: { blockedMs: 1_000 } })
    const master = await FakeMaster.of(worker.port)
    const [neighbour] = master.assign({ type: 'wait', timeoutMs: 60_000 })
    const file = join(t.testdir({}), 'enough')
    const lease = master.assign({ type: 'blocks', payload: { file } })[0]!
    const told = () => log.texts('warn').filter((text) => text.includes('event loop'))
    await until('word of it', () => told().length > 0)
    writeFileSync(file, '')
    const end = await master.settled(lease)
    t.match(end, { outcome: 'completed' })
    const [within, after] = JSON.parse((end as { result: string }).result) as [number, number]
    t.ok(within >= 1_000, `${within} ms, while it still did`)
    t.ok(after >= 1_000, `${after} ms, later`)
    t.match(told(), [/^one of the tasks .*\(wait\), .*\(blocks\) has blocked the event loop for \d/])
    t.equal(master.settlements.length, 1, 'its neighbour goes on')
    t.notOk(master.settlements.some((settlement) => settlement.lease === neighbour))
    t.equal(master.closed, undefined)
  },
)

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
  const { worker } = await workerHere(t, { slots: 20 })
  const master = await FakeMaster.of(worker.port)
  const quick = { type: 'busy', payload: { ms: 0 }, timeoutMs: 60_000 }
  for (let ended = 20; ended <= 400; ended += 20) {
    master.assign(...Array.from({ length: 20 }, () => quick))
    await until('their ends', () => master.settlements.length === ended)
  }
  // Until its host is killed they wait for longer than they may run.
  const long = { type: 'busy', payload: { ms: 600_000 }, timeoutMs: 2_500 }
  const [guilty, ...behind] = master.assign(long, ...Array.from({ length: 10 }, () => ({ ...quick, timeoutMs: 2_500 })))
  t.match(await master.settled(guilty!), { outcome: 'failed', error: { code: 'timeout' } })
  for (const lease of behind) {
    const settlement = await master.settled(lease)
    t.ok(settlement.outcome === 'completed' || settlement.outcome === 'returned', JSON.stringify(settlement))
  }
})

t.test('what waits in a line goes back while the code before it lets nothing else have its turn (P15)', async (t) => {
  const { worker } = await workerHere(t, { slots: 1 })
  const master = await FakeMaster.of(worker.port)
  const quick = { type: 'busy', payload: { ms: 0 } }
  for (let ended = 1; ended <= 20; ended += 1) t.match(await master.run(quick), { outcome: 'completed' })
  const [long, ...behind] = master.assign({ type: 'busy', payload: { ms: 60_000 } }, ...Array(5).fill(quick))
  for (const lease of behind)
    t.match(await master.settled(lease!), { outcome: 'returned', reason: 'ahead', started: false })
  t.notOk(master.settlements.some(({ lease }) => lease === long))
  const started = master.received.flatMap((message) => (message.type === 'started' ? message.list : []))
  t.ok(
    started.some(({ lease }) => lease === behind[0]),
    'it was given to the host',
  )
  t.equal(master.closed, undefined)
})

t.test('a line that waits behind a long task costs its host nothing', async (t) => {
  const { worker } = await workerHere(t, { slots: 1 })
  const master = await FakeMaster.of(worker.port)
  const quick = { type: 'busy', payload: { ms: 0 } }
  for (let ended = 1; ended <= 20; ended += 1) t.match(await master.run(quick), { outcome: 'completed' })
  const [long, behind] = master.assign({ type: 'rest', payload: { ms: 80 } }, ...Array(5).fill(quick))
  const end = (await master.settled(long!)) as { result: string }
  const started = master.received.flatMap((message) => (message.type === 'started' ? message.list : []))
  t.ok(started.some(({ lease }) => lease === behind))
  t.ok(Number(end.result) > 40, `idle for ${end.result} of 80 ms`)
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
