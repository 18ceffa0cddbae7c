// A live cluster is backed up under load and restored elsewhere: every row is there, and the work is finished there.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import t from 'tap'
import { Cluster, until } from './cluster.js'

function tasksIn(file: string): { id: string; payload: string; state: string }[] {
  const database = new Database(file, { readonly: true })
  const rows = database.prepare('SELECT * FROM tasks ORDER BY id').all() as ReturnType<typeof tasksIn>
  database.close()
  return rows
}

t.test('backed up under load, restored elsewhere, and finished there', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'dtr-backup-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'backup.db')
  const one = await Cluster.create(t)
  const { client } = await one.start(1)
  const other = await Cluster.create(t)
  const witness = other.witnessFile
  const { gate, open } = one.gate()
  const running = await client.submit('work', { key: 'running', gate, witness: one.witnessFile })
  await until('it to run', () => one.witness().some(({ what }) => what === 'start'))
  const submit = async (key: string): Promise<string> => (await client.submit('work', { key, ms: 0, witness })).id
  const before = await Promise.all(Array.from({ length: 100 }, (_, n) => submit(`before ${n}`)))
  const during = Array.from({ length: 100 }, (_, n) => submit(`during ${n}`))
  const backup = one.run(['backup', file, '--json', '--data', one.data])
  t.equal((await backup.ended).code, 0, backup.stderr)
  await Promise.all(during)
  const rows = tasksIn(file)
  t.ok(
    before.every((id) => rows.some((row) => row.id === id)),
    'all that was accepted before is in it',
  )
  t.equal(rows.find(({ id }) => id === running.id)?.state, 'running')

  const live = one.run(['restore', file, '--replace', '--data', one.data])
  t.equal((await live.ended).code, 5, 'not into a cluster that runs')
  t.match(live.stderr, /in use by process \d+[\s\S]*dtr stop/)

  open()
  const restore = other.run(['restore', file, '--data', other.data])
  t.equal((await restore.ended).code, 0, restore.stderr)
  t.match(restore.stdout, /restored \d+ tasks .*1 running/)
  t.same(tasksIn(join(other.data, 'tasks.db')), rows, 'every row')
  await other.master(['--heartbeat', '300ms']) // Which makes the lease short as well.
  await other.worker('w1')
  const there = await other.client()
  await until('all of them to be done', async () => {
    const { counts } = await there.status()
    return counts.find(({ state }) => state === 'completed')?.count === rows.length
  })
  const [task] = await there.get([running.id], { story: true })
  t.match(task?.story, [{ outcome: 'lost' }], 'what ran went on as a new attempt')
})
