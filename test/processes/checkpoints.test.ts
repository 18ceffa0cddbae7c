// Checkpoints with real processes: kill -9 of workers and of the master, and each attempt goes on where the last one was.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import t from 'tap'
import { Cluster, until } from './cluster.js'

const STEPS = resolve(import.meta.dirname, '../../../test/fixtures/tasks/steps.mjs')

interface Step {
  readonly what: 'start' | 'kept'
  readonly attempt: number
  readonly done: number
}

t.test('kill -9 of two workers, and of the master in between: nothing that was kept is done again', async (t) => {
  const cluster = await Cluster.create(t, { tasks: [STEPS] })
  const { master, workers, client } = await cluster.start(1)
  const gate = { at: 4, file: join(cluster.folder, 'open') }
  const payload = { total: 7, stops: [3, 6], gate, witness: cluster.witnessFile }
  const handle = await client.submit('steps', payload)
  const steps = (): Step[] =>
    existsSync(cluster.witnessFile)
      ? readFileSync(cluster.witnessFile, 'utf8')
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line) as Step)
      : []
  const kept = (done: number) => until(`step ${done}`, () => steps().some((step) => step.done === done))

  await kept(3)
  const second = await cluster.worker('w2')
  await cluster.untilReady(client, ['w2'])
  workers[0]!.kill()
  await kept(4)
  master.kill()
  await master.ended
  // Asked for while there is no master: it waits for the next one.
  writeFileSync(gate.file, '')
  await cluster.master()
  await kept(6)
  const [task] = await client.get([handle.id], { story: true })
  t.equal(task?.checkpoint, '{"done":6}')
  await cluster.worker('w3')
  await cluster.untilReady(client, ['w3'])
  second.kill()
  t.equal(await handle.result(), 7)

  t.same(
    steps().map(({ what, attempt, done }) => `${what} ${attempt} ${done}`),
    [
      ...['start 1 0', 'kept 1 1', 'kept 1 2', 'kept 1 3'],
      ...['start 2 3', 'kept 2 4', 'kept 2 5', 'kept 2 6'],
      ...['start 3 6', 'kept 3 7'],
    ],
  )
  const [completed] = await client.get([handle.id], { story: true })
  t.match(completed, { state: 'completed', attempt: 3 })
  t.equal(completed?.checkpoint, undefined, 'gone when the task has completed')
})
