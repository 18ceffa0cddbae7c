// Tasks that are voted on, by real workers: one of them lies, one is killed, and the quorum is right.
import { join } from 'node:path'
import t from 'tap'
import { Cluster, until } from './cluster.js'

const VOTING = join(import.meta.dirname, '../../../test/fixtures/tasks/voting.mjs')

t.test('a quorum outvotes a liar, and does without who was killed', async (t) => {
  // The liar stays, and votes on.
  const cluster = await Cluster.create(t, { tasks: [VOTING], environment: { DTR_QUARANTINE: '1' } })
  const { client, workers } = await cluster.start(4)
  const { folder } = cluster

  const voted = { replicas: 3, quorum: 2, voteOn: '/label' }
  const handles = await Promise.all(Array.from({ length: 20 }, () => client.submit('judge', { folder }, voted)))
  for (const handle of handles) t.match(await handle.result(), { label: 'right' })
  const tasks = await client.get(
    handles.map(({ id }) => id),
    { story: true },
  )
  const liars = new Set<string>()
  for (const { poll } of tasks) {
    const votes = poll!.replicas.filter(({ state }) => state === 'cast')
    t.equal(new Set(votes.map(({ voter }) => voter)).size, votes.length, 'a voter each')
    t.ok(votes.filter(({ agreed }) => agreed).length >= 2)
    for (const { voter = '', agreed } of votes) if (agreed === false) liars.add(voter)
  }
  t.equal(liars.size, 1, 'and it is found out')

  // Its replica goes to the one that has no part in the poll.
  const held = await client.submit('hold', { folder }, { replicas: 3, quorum: 3 })
  const polled = async () => (await client.get([held.id], { story: true }))[0]!.poll!.replicas
  await until('two votes', async () => (await polled()).filter(({ state }) => state === 'cast').length === 2)
  const { voter } = (await polled()).find(({ state }) => state === 'open')!
  const holder = workers[Number(voter!.slice(1)) - 1]!
  holder.kill()
  await holder.ended
  t.equal(await held.result(), 'the same')
  t.equal(new Set((await polled()).map((replica) => replica.voter)).size, 3)

  // No two results are the same, and all mean the same.
  const heard = await client.submit('heard', { text: 'Yes' }, { replicas: 3, quorum: 3, compare: 'own' })
  t.match(await heard.result(), { text: 'Yes' })
  const ballots = (await client.get([heard.id], { story: true }))[0]!.poll!.replicas
  t.match(ballots, [{ ballot: '"yes"' }, { ballot: '"yes"' }, { ballot: '"yes"' }])
  const unable = cluster.run([
    ...['submit', 'judge', JSON.stringify({ folder }), '--replicas', '1', '--max-replicas', '1'],
    ...['--compare', 'own', '--wait', '--data', cluster.data],
  ])
  t.equal((await unable.ended).code, 1)
  t.match(unable.stderr, /task type "judge" gives no ballot as JSON.*define `ballot` beside its `run`/)

  const flags = ['--replicas', '3', '--vote-on', '/label', '--vote-all', '--wait', '--data', cluster.data]
  const submit = cluster.run(['submit', 'judge', JSON.stringify({ folder }), ...flags])
  t.equal((await submit.ended).code, 0, submit.stderr)
  t.match(JSON.parse(submit.stdout), { label: 'right' })
  const { tasks: listed } = await client.page({ types: ['judge'] }, { limit: 10 })
  const [last] = listed.filter(({ description }) => description === undefined)
  const get = cluster.run(['get', last!.id, '--data', cluster.data])
  t.equal((await get.ended).code, 0)
  t.match(get.stdout, /votes: all are waited for; 2 must be the same as json on \/label/)
  t.match(get.stdout, /w\d +"right" +agrees/)
})
