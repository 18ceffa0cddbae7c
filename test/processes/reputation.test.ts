// A worker that lies again and again, by real processes: it is found out, shown, and has no more work, also after it and its
// master have started anew.
import { join } from 'node:path'
import t from 'tap'
import { Cluster, until } from './cluster.js'

const VOTING = join(import.meta.dirname, '../../../test/fixtures/tasks/voting.mjs')
const VOTED = { replicas: 2, quorum: 2, voteOn: '/label' } as const

t.test('a liar is quarantined, is shown, and has nothing more, until it is pardoned', async (t) => {
  const cluster = await Cluster.create(t, { tasks: [VOTING] })
  const { client, workers, master } = await cluster.start(3)
  const { folder } = cluster
  const board = () => client.leaderboard()
  const dtr = async (...args: string[]) => {
    const run = cluster.run([...args, '--data', cluster.data])
    t.equal((await run.ended).code, 0, run.stderr)
    return run.stdout
  }

  const barred = async () => (await board()).workers.find(({ quarantined }) => quarantined !== undefined)
  // Whatever the liar has a part in is decided by the two others: its vote is there first, and is wrong.
  while ((await barred()) === undefined) {
    const handles = await Promise.all(Array.from({ length: 10 }, () => client.submit('judge', { folder }, VOTED)))
    for (const handle of handles) t.match(await handle.result(), { label: 'right' })
  }
  const { worker: liar, wrong, quarantined } = (await barred())!
  t.ok(wrong >= 20, `${wrong} wrong`)
  t.match(quarantined!.reason, /^\d+ of its last \d+ votes were wrong$/)
  const honest = (await board()).workers.filter(({ worker }) => worker !== liar)
  t.equal(honest.length, 2)
  for (const { accuracy } of honest) t.equal(accuracy, 1)

  const given = async () => (await client.status()).workers.find(({ name, state }) => name === liar && state !== 'lost')
  // What it held when its last vote was recorded runs to its end.
  await until('it holds nothing', async () => (await given())?.running === 0)
  t.match(await dtr('ps'), new RegExp(`${liar} .*quarantined: .* of its last .* votes were wrong`))
  t.match(await dtr('status'), /quarantined: /)
  t.match(await dtr('leaderboard'), new RegExp(`${liar} .*quarantined: `))
  t.match(JSON.parse(await dtr('leaderboard', '--json')), { workers: { length: 3 }, models: [{ type: 'judge' }] })

  // A new life under the same name, and a new master, that has its records from the disk.
  const index = Number(liar.slice(1)) - 1
  workers[index]!.kill()
  await workers[index]!.ended
  master.kill()
  await master.ended
  await cluster.worker(liar)
  await cluster.master()
  await cluster.untilReady(client, ['w1', 'w2', 'w3'])
  t.equal((await given())?.quarantined, quarantined!.reason)
  const plain = await Promise.all(Array.from({ length: 20 }, () => client.submit('judge', { folder })))
  for (const handle of plain) t.match(await handle.result(), { label: 'right' }, 'nobody else lies')
  t.equal((await given())?.completed, 0)

  t.match(await dtr('leaderboard', '--pardon', liar), /pardoned/)
  t.match(await dtr('leaderboard', '--pardon', liar), /not quarantined/)
  t.equal((await given())?.quarantined, undefined)
  await until('it works again', async () => {
    await (await client.submit('judge', { folder })).result()
    return ((await given())?.completed ?? 0) > 0
  })
})
