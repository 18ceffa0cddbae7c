// A task fails, is found, understood, mended in its code and retried; and cancels that outlive who asked for them (P14).
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { Cluster, type Process, until } from './cluster.js'

const BROKEN = `export default {
  resize: { retries: 0, run(payload) { return payload.path.toUpperCase() } },
}`
const MENDED = BROKEN.replace('payload.path', '(payload.path ?? payload.file)')

async function dtr(cluster: Cluster, args: readonly string[], code: number, input?: string): Promise<Process> {
  const command = cluster.run([...args, '--data', cluster.data], input)
  const end = await command.ended
  if (end.code !== code) throw new Error(`dtr ${args.join(' ')} ended with ${end.code}: ${command.stderr}`)
  return command
}

t.test('found, understood, mended, retried', async (t) => {
  const cluster = await Cluster.create(t, { tasks: ['./tasks.mjs'] })
  writeFileSync(join(cluster.folder, 'tasks.mjs'), BROKEN)
  const { workers, client } = await cluster.start(1)
  const handles = await Promise.all([1, 2].map((n) => client.submit('resize', { file: `${n}.png` })))
  for (const handle of handles) await t.rejects(handle.result())
  const ids = handles.map(({ id }) => id)

  const [group] = JSON.parse((await dtr(cluster, ['failed', '--since', '1h', '--json'], 0)).stdout)
  t.match(group, { type: 'resize', code: 'task_failed', count: 2, message: /undefined/ })
  t.same(new Set(group.examples), new Set(ids))
  t.match((await dtr(cluster, ['failed'], 0)).stdout, /2 x resize: .*\n[\s\S]*dtr retry --failed --error/)
  t.match((await dtr(cluster, ['get', ids[0]!], 0)).stdout, /attempt 1 failed .*\n +at .*tasks\.mjs:2:\d+/)
  t.match((await dtr(cluster, ['status'], 0)).stdout, /2 failed: dtr failed/)
  const listed = (await dtr(cluster, ['tasks', '--state', 'failed', '--limit', '1', '--json'], 0)).stdout.trim()
  t.match(JSON.parse(listed), { id: ids[1], state: 'failed', attempt: 1 })

  writeFileSync(join(cluster.folder, 'tasks.mjs'), MENDED)
  workers[0]!.kill()
  await workers[0]!.ended
  await cluster.worker('w2')
  const dry = await dtr(cluster, ['retry', '--failed', '--error', group.key, '--dry-run'], 0)
  t.match(dry.stdout, /2 tasks would be retried/)
  const retried = await dtr(cluster, ['retry', '--failed', '--type', 'resize', '--wait'], 0)
  for (const id of ids) t.match(retried.stdout, `${id}  completed`)
  t.match(retried.stdout, /2 tasks are retried, 2 completed/)
  const ends = await Promise.all(ids.map((id) => client.task(id).result()))
  t.same(ends, ['1.PNG', '2.PNG'])
  t.match((await dtr(cluster, ['get', ids[0]!], 0)).stdout, /retried by hand[\s\S]*attempt 2 given to w2\n.*completed/)

  const again = await dtr(cluster, ['retry', '-', '--json'], 1, `${ids[0]}\nnobody\n`)
  t.same(
    again.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
    [
      { id: ids[0], status: 'kept', state: 'completed' },
      { id: 'nobody', status: 'unknown' },
    ],
  )
  t.match((await dtr(cluster, ['failed'], 0)).stdout, /no failed task matches/)
  t.match((await dtr(cluster, ['tasks', '--state', 'failed'], 0)).stderr, /no task matches/)
  await dtr(cluster, ['retry'], 2)
  await dtr(cluster, ['retry', '--failed', ids[0]!], 2)
  await dtr(cluster, ['tasks', '--state', 'broken'], 2)
  t.match((await dtr(cluster, ['tasks', '--after', 'x'], 2)).stderr, /--after: "x" is not what a page ended with/)
  t.match((await dtr(cluster, ['get', ids[0]!], 0)).stdout, /attempts +1 of at most 1; 1 before it was retried by hand/)
})

t.test('P14: a cancel ends code that never ends, and what is pending never starts, also after a restart', async (t) => {
  const cluster = await Cluster.create(t)
  const { master, client } = await cluster.start(1, ['--kill-grace', '500ms'])
  const payload = { witness: cluster.witnessFile }
  const spinning = await client.submit('spin', { ...payload, key: 'spin' })
  // Its worker has one slot, so that it waits; and it would be the next.
  const waiting = await client.submit('work', { ...payload, key: 'waits', ms: 0 })
  await until('it to run', () => cluster.witness().some(({ what }) => what === 'start'))
  t.match((await dtr(cluster, ['cancel', '--pending', '--type', 'work'], 0)).stdout, /1 of 1 cancelled/)
  const answered = await dtr(cluster, ['cancel', spinning.id, '--wait', '--json'], 0)
  t.match(JSON.parse(answered.stdout), { id: spinning.id, status: 'cancelled' })
  t.match(await client.get([spinning.id]), [{ state: 'cancelled' }])
  const lastSign = cluster.witness().filter(({ what }) => what === 'alive').length

  master.kill()
  await master.ended
  await cluster.master()
  await cluster.untilReady(client, ['w1'])
  const after = await client.submit('work', { ...payload, key: 'after', ms: 0 })
  await after.result()
  t.notOk(
    cluster.witness().some(({ key }) => key === 'waits'),
    'it never started',
  )
  t.equal(cluster.witness().filter(({ what }) => what === 'alive').length, lastSign, 'and no sign of the other')
  t.match(await client.get([waiting.id]), [{ state: 'cancelled', attempt: 0 }])
})
