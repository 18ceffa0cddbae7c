// kill -STOP: a process that stands still is no process that is dead, and the clocks of both sides say when it is given
// up: no new work after 5 s, its code dead by 12 s, its tasks elsewhere when the lease is over (design: section 5). The
// simulation holds that to the millisecond; here a loaded machine may add its own.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { Client, TaskHandle } from '../../src/index.js'
import { Cluster, isAlive, until, type WitnessLine } from './cluster.js'

t.jobs = 3

interface Play {
  readonly cluster: Cluster
  readonly client: Client
  readonly handle: TaskHandle
  readonly name: string
  readonly first: WitnessLine
  readonly worker: number
  readonly host: number
}

/** A task runs at one of two workers, and the other is there to take it over. */
async function play(t: Test, type: string, payload: { ms: number } | { gate: string }): Promise<Play> {
  const cluster = await Cluster.create(t)
  const { client } = await cluster.start(2)
  const handle = await client.submit(type, { key: 'k', ...payload, witness: cluster.witnessFile })
  handle.result().catch(() => {})
  const first = await until('its start', () => cluster.witness().find(({ what }) => what === 'start'))
  const holder = cluster.records().find(({ hosts }) => hosts?.some(({ pid }) => pid === first.pid))
  return { cluster, client, handle, first, name: holder!.name, worker: holder!.pid, host: first.pid! }
}

async function secondStart(cluster: Cluster): Promise<WitnessLine> {
  return until('the second attempt', () =>
    cluster.witness().find(({ what, attempt }) => what === 'start' && attempt === 2),
  )
}

function starts(cluster: Cluster): number {
  return cluster.witness().filter(({ what }) => what === 'start').length
}

function checkMoved(t: Test, { cluster, first }: Play, stoppedAtMs: number, second: WitnessLine): void {
  const afterMs = second.atMs - stoppedAtMs
  // It may have been silent for a while when it was stopped.
  t.ok(afterMs >= 8_000, `not before its lease was over: ${afterMs} ms after the STOP`)
  const witness = cluster.witness()
  const last = witness.findLastIndex(({ what, pid }) => what === 'alive' && pid === first.pid)
  const next = witness.findIndex(({ what, pid }) => what === 'start' && pid === second.pid)
  t.ok(last < next, 'no sign of life of its code once it runs elsewhere')
}

t.test('a frozen worker', async (t) => {
  const it = await play(t, 'deaf', { ms: 60_000 })
  const { cluster, client, name, worker, host } = it
  const stoppedAtMs = Date.now()
  process.kill(worker, 'SIGSTOP')
  await cluster.untilLog('master', new RegExp(`${name} is silent for .*no new work`))
  t.equal(starts(cluster), 1, 'long before its lease is over')
  const second = await secondStart(cluster)
  checkMoved(t, it, stoppedAtMs, second)
  t.notOk(isAlive(host), 'its watchdog has ended its host although the worker is frozen')
  process.kill(worker, 'SIGCONT')
  await cluster.untilReady(client, ['w1', 'w2'])
  t.equal(starts(cluster), 2, 'nothing was run a third time')
})

t.test('a late result of a frozen worker is refused as stale, and it joins again', async (t) => {
  const gate = join(t.testdir({}), 'gate')
  const { cluster, client, handle, name, worker } = await play(t, 'work', { gate })
  process.kill(worker, 'SIGSTOP')
  // It ends by itself, before the watchdog would end it.
  writeFileSync(gate, '')
  await secondStart(cluster)
  process.kill(worker, 'SIGCONT')
  await cluster.untilLog('master', new RegExp(`refused a stale result of ${name}`))
  await cluster.untilReady(client, ['w1', 'w2'])
  t.same(await handle.result(), { key: 'k' })
  t.ok((await client.status()).stale >= 1, 'counted')
})

t.test('a frozen host', async (t) => {
  const it = await play(t, 'deaf', { ms: 60_000 })
  const stoppedAtMs = Date.now()
  process.kill(it.host, 'SIGSTOP')
  const second = await secondStart(it.cluster)
  checkMoved(t, it, stoppedAtMs, second)
  await until('its host to be ended', () => !isAlive(it.host))
  t.ok(isAlive(it.worker), 'its worker lives')
  await it.cluster.untilReady(it.client, ['w1', 'w2'])
})

t.test('both frozen', async (t) => {
  const it = await play(t, 'deaf', { ms: 60_000 })
  const stoppedAtMs = Date.now()
  process.kill(it.worker, 'SIGSTOP')
  process.kill(it.host, 'SIGSTOP')
  const second = await secondStart(it.cluster)
  checkMoved(t, it, stoppedAtMs, second)
  process.kill(it.host, 'SIGCONT')
  await until('its host to be ended', () => !isAlive(it.host))
  process.kill(it.worker, 'SIGCONT')
  await it.cluster.untilReady(it.client, ['w1', 'w2'])
})

t.test('P19: a frozen master does not blame its workers', async (t) => {
  const cluster = await Cluster.create(t)
  const { master, client } = await cluster.start(1)
  const { gate, open } = cluster.gate()
  const handle = await client.submit('work', { key: 'k', gate, witness: cluster.witnessFile })
  await until('its start', () => starts(cluster) === 1)
  const stoppedAtMs = performance.now()
  process.kill(master.pid, 'SIGSTOP')
  // Longer than a worker may be silent that is to be given work.
  await until('six seconds', () => performance.now() - stoppedAtMs > 6_000)
  process.kill(master.pid, 'SIGCONT')
  await cluster.untilLog('master', /stood still/)
  open()
  t.same(await handle.result(), { key: 'k' })
  t.equal(starts(cluster), 1)
})
