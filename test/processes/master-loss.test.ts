// The master dies: workers end their code after 12 s and leave after 30 s, unless it is back in time, and then nothing
// is run twice.
import t from 'tap'
import { Cluster, isAlive, until } from './cluster.js'

t.jobs = 3

// As late as a loaded machine is; the simulation holds both to the millisecond.
const LATE_MS_MAX = 8_000

t.test('P18: lost for good: no code after 12 s, code 0 at 30 s, also while a task spins', async (t) => {
  const cluster = await Cluster.create(t)
  const { master, workers, client } = await cluster.start(3)
  for (const type of ['spin', 'deaf', 'work']) {
    const handle = await client.submit(type, { key: type, ms: 60_000, witness: cluster.witnessFile })
    handle.result().catch(() => {})
  }
  await until('three starts', () => cluster.witness().filter(({ what }) => what === 'start').length === 3)
  const hosts = await Promise.all(['w1', 'w2', 'w3'].map((name) => cluster.hostOf(name)))
  const killedAtMs = Date.now()
  const killedAt = master.kill()
  await client.close()
  for (const worker of workers) {
    const { code, atMs } = await worker.ended
    t.equal(code, 0)
    const leftMs = Math.round(atMs - killedAt)
    t.ok(leftMs >= 29_000 && leftMs <= 30_000 + LATE_MS_MAX, `left ${leftMs} ms after the loss`)
  }
  const last = Math.max(...cluster.witness().map(({ atMs }) => atMs)) - killedAtMs
  t.ok(last <= 12_000 + LATE_MS_MAX, `the last sign of life of any code was ${last} ms after the loss`)
  t.notOk(hosts.some(isAlive))
  t.match(cluster.log('w1'), /lost the master/)
})

/** Its workers wait for a master that is back for three times as long: it may start on a loaded machine. */
const PATIENT = { environment: { DTR_HEARTBEAT: '6s' } }

t.test('P8: a master that is back in time: found again, running attempts go on, nothing is run twice', async (t) => {
  const cluster = await Cluster.create(t, PATIENT)
  const { master, client } = await cluster.start(2, ['--slots', '2'])
  const gates = ['a', 'b', 'c'].map((key) => ({ key, ...cluster.gate(key) }))
  const handles = await Promise.all(
    gates.map(({ key, gate }) => client.submit('work', { key, gate, witness: cluster.witnessFile })),
  )
  await until('all to run', () => cluster.witness().filter(({ what }) => what === 'start').length === 3)
  master.kill()
  await master.ended
  // One ends while there is no master: its result is kept and delivered.
  gates[0]!.open()
  await until('its end', () => cluster.witness().some(({ what }) => what === 'end'))
  await cluster.master()
  await cluster.untilReady(client, ['w1', 'w2'])
  for (const { open } of gates.slice(1)) open()
  const results = await Promise.all(handles.map((handle) => handle.result()))
  t.same(
    results,
    gates.map(({ key }) => ({ key })),
  )
  const starts = cluster.witness().filter(({ what }) => what === 'start')
  t.equal(starts.length, 3)
  t.ok(starts.every(({ attempt }) => attempt === 1))
  t.match(cluster.log('master'), /is back at/)
})

t.test('P22: a second master on the same folder names the holder and exits with 5; --standby takes over', async (t) => {
  const cluster = await Cluster.create(t, PATIENT)
  const { master, client } = await cluster.start(1)
  const { first, last } = cluster.ports
  const args = [
    'master',
    '--data',
    cluster.data,
    '--port',
    String(cluster.ports.master),
    '--worker-ports',
    `${first}-${last}`,
  ]
  const refused = cluster.run(args)
  t.equal((await refused.ended).code, 5)
  t.match(refused.stderr, new RegExp(String(master.pid)))
  process.kill(master.pid, 'SIGSTOP')
  const frozen = cluster.run(args)
  t.equal((await frozen.ended).code, 5, 'also while the holder is frozen')
  t.match(frozen.stderr, new RegExp(String(master.pid)))
  process.kill(master.pid, 'SIGCONT')

  const standby = cluster.run([...args, '--standby', '--logs', cluster.logs])
  const { gate, open } = cluster.gate()
  const handle = await client.submit('work', { key: 'k', gate, witness: cluster.witnessFile })
  await until('its start', () => cluster.witness().some(({ what }) => what === 'start'))
  await until('the standby to wait', () => /standing by: the master with pid \d+/.test(standby.stderr))
  master.kill()
  await cluster.untilRecord((record) => record.role === 'master' && record.pid === standby.pid)
  open()
  t.same(await handle.result(), { key: 'k' })
  t.equal(cluster.witness().filter(({ what }) => what === 'start').length, 1, 'the running attempt went on')
})
