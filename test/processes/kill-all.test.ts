// P1: what was accepted survives kill -9 of every process.
import t from 'tap'
import { Cluster, until } from './cluster.js'

t.test('kill -9 of everything while 10,000 tasks are accepted: after a new start all of them complete', async (t) => {
  const cluster = await Cluster.create(t, { tasks: [] })
  const { master, workers, client } = await cluster.start(2, ['--builtins', '--slots', '8'])
  const total = 10_000
  const accepted: string[] = []
  const submits = Array.from({ length: total }, async (_, key) => {
    const handle = await client.submit('echo', { key })
    accepted.push(handle.id)
  })
  const all = Promise.allSettled(submits)
  await until('a third of them to be accepted', () => accepted.length > total / 3)
  const hosts = cluster.records().flatMap(({ hosts }) => (hosts ?? []).map(({ pid }) => pid))
  for (const { pid } of [master, ...workers]) process.kill(pid, 'SIGKILL')
  for (const pid of hosts) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // Its watchdog was faster.
    }
  }
  const before = [...accepted]
  await Promise.all([master.ended, ...workers.map(({ ended }) => ended)])

  await cluster.master()
  await Promise.all(['w3', 'w4'].map((name) => cluster.worker(name, ['--builtins', '--slots', '8'])))
  await all
  t.equal(accepted.length, total, 'the client has submitted the rest again by itself (P2)')
  await until('all of them to complete', async () => {
    const { counts } = await client.status()
    return counts.find(({ state }) => state === 'completed')?.count === total
  })
  t.ok(before.length > 0)
  for (let from = 0; from < before.length; from += 500) {
    const found = await client.get(before.slice(from, from + 500))
    t.ok(found.length === Math.min(500, before.length - from) && found.every(({ state }) => state === 'completed'))
  }
})
