// What tasks do while they run, seen through a cluster of real processes: by commands, by the library, and afterwards.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { TaskEvent } from '../../src/index.js'
import { Cluster, until } from './cluster.js'

const TELLING = join(import.meta.dirname, '../../../test/fixtures/tasks/telling.mjs')
const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '')

t.test('a task is seen from its submit to its end, through a restart of the master', async (t) => {
  const cluster = await Cluster.create(t, { tasks: [TELLING] })
  const { master, client } = await cluster.start(1)
  const gate = join(cluster.folder, 'gate')
  const submit = cluster.run(['submit', 'told', JSON.stringify({ gate }), '--follow', '--data', cluster.data])
  await until('its progress', () => submit.stdout.includes('50% half'))
  await until('what it says', () => submit.stdout.includes('size=3'))
  // What it says and how far it is come on ways of their own.
  t.same(
    new Set(lines(submit.stdout)),
    new Set(['running on w1, attempt 1', '| attempt 1', '| warn: beware size=3', '50% half']),
  )
  const id = (await client.page({})).tasks[0]!.id
  t.match(submit.stderr, id)

  const get = cluster.run(['get', id, '--data', cluster.data])
  t.equal((await get.ended).code, 0)
  t.match(get.stdout, /progress +50% half/)
  const events: TaskEvent[] = []
  const watching = (async () => {
    for await (const event of client.watch(id)) events.push(event)
  })()
  await until('the second watcher to be told', () => events.some(({ kind }) => kind === 'progress'))
  const running = cluster.run(['logs', id, '--data', cluster.data])
  t.equal((await running.ended).code, 0)
  t.equal(running.stdout, 'attempt 1\nwarn: beware size=3\n', 'what was said so far')

  master.kill()
  await master.ended
  await cluster.master()
  await cluster.untilReady(client, ['w1'])
  writeFileSync(gate, '')
  t.equal((await submit.ended).code, 0)
  t.match(submit.stdout, /\n\| last words\n/)
  t.equal(lines(submit.stdout).at(-1), 'completed: "done"')
  t.equal(submit.stdout.match(/beware/g)?.length, 1, 'nothing is told twice')
  await watching
  const said = events.flatMap((event) => (event.kind === 'log' ? [event.text] : []))
  t.equal(said.join(''), 'attempt 1\nwarn: beware size=3\nlast words\n')
  t.match(events[0], { kind: 'state', state: 'running', attempt: 1, worker: 'w1' })
  t.match(events.at(-1), { kind: 'ended', id, state: 'completed', result: '"done"' })
  t.same(await client.logs(id), [
    { attempt: 1, skipped: 0, text: said.join(''), endedAt: (await client.logs(id))[0]?.endedAt },
  ])
})

t.test('attempts, commands and failures: what was said is kept, and the exit code tells the end', async (t) => {
  const cluster = await Cluster.create(t, { tasks: [TELLING] })
  const broken = "broken=sh -c 'echo on the way; echo went wrong >&2; exit 65'"
  const { client } = await cluster.start(1, ['--exec', broken, '--exec-final', 'broken=65'])
  const second = await client.submit('second')
  const events: TaskEvent[] = []
  for await (const event of second.watch()) events.push(event)
  const told = events.map((event) => (event.kind === 'state' ? `${event.state} ${event.attempt}` : event.kind))
  // The first attempt may have ended before it was watched.
  t.same(told.slice(-4), ['pending 1', 'running 2', 'log', 'ended'])
  t.ok(told.indexOf('log') < told.indexOf('pending 1'))
  t.match(events.at(-4), { error: { message: /not yet/ } })
  t.match(await client.logs(second.id), [
    { attempt: 1, text: 'attempt 1\n' },
    { attempt: 2, text: 'attempt 2\n' },
  ])

  const failed = await client.submit('broken')
  const watch = cluster.run(['watch', second.id, failed.id, '--json', '--data', cluster.data])
  t.equal((await watch.ended).code, 1)
  const ends = lines(watch.stdout).map((line) => JSON.parse(line) as TaskEvent)
  t.match(
    new Map(ends.flatMap((event) => (event.kind === 'ended' ? [[event.id, event.state]] : []))),
    new Map([
      [second.id, 'completed'],
      [failed.id, 'failed'],
    ]),
  )
  const logs = cluster.run(['logs', failed.id, '--data', cluster.data])
  t.equal((await logs.ended).code, 0)
  t.same(lines(logs.stdout).sort(), ['on the way', 'went wrong'])

  const nobody = '00000000-0000-7000-8000-000000000000'
  for (const args of [
    ['watch', nobody],
    ['logs', nobody],
    ['logs', nobody, '--follow'],
  ]) {
    const asked = cluster.run([...args, '--data', cluster.data])
    t.equal((await asked.ended).code, 2, asked.stderr)
    t.match(asked.stderr, /no task 0{8}/)
  }
  const odd = cluster.run(['logs', failed.id, '--lines', '3', '--data', cluster.data])
  t.equal((await odd.ended).code, 2)
  t.match(odd.stderr, /--lines: is for the logs of processes/)
})
