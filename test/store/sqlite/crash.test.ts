// What is acknowledged is there after kill -9 (P1) and after the disk had no room (P4).
import { join } from 'node:path'
import Database from 'better-sqlite3'
import t from 'tap'
import { openStore } from '../../../src/store/open.js'
import { id, Subject, spec } from '../../conformance/store/subject.js'
import { startStoreProcess } from './process.js'
import { keptIn, orphans, recounted } from './recount.js'

const LIMITS = { pendingMax: 1_000_000 }

t.test('P1: kill -9 between many batches: everything acknowledged is there', async (t) => {
  const folder = t.testdir()
  let acknowledged = 0
  let completed = 0
  for (const enough of [15, 40, 90]) {
    const before = acknowledged
    const writer = startStoreProcess(t, [folder, 'write', String(before + 1)])
    t.equal(await writer.line(), 'open')
    while (acknowledged < enough) acknowledged = Number(await writer.line())
    await writer.kill()
    for (let line = await writer.line(); line !== undefined; line = await writer.line()) acknowledged = Number(line)

    const database = new Database(join(folder, 'tasks.db'), { readonly: true })
    t.equal(database.pragma('integrity_check', { simple: true }), 'ok')
    database.close()
    const store = await openStore({ kind: 'sqlite', folder, limits: LIMITS })
    const subject = new Subject(store)
    const ids = Array.from({ length: acknowledged }, (_, n) => id(n + 1))
    const found = await store.get(ids)
    t.equal(found.length, acknowledged)
    // Each batch but the first of a life completed a task.
    completed += acknowledged - before - 1
    t.ok(((await subject.counts())['echo completed'] ?? 0) >= completed)
    // The one that was under way may be there too: it is submitted again, and then it is there once.
    await subject.submit(spec(acknowledged + 1))
    acknowledged += 1
    t.equal(
      (await store.counts()).reduce((sum, { count }) => sum + count, 0),
      acknowledged,
    )
    await store.close()
  }
})

t.test('kill -9 between retries and prunings: what is kept is whole, and counted', async (t) => {
  const folder = t.testdir()
  const file = join(folder, 'tasks.db')
  let told = 0
  for (const enough of [25, 60, 110]) {
    const writer = startStoreProcess(t, [folder, 'mend', String(told + 2)])
    t.equal(await writer.line(), 'open')
    while (told < enough) told = Number(await writer.line())
    await writer.kill()
    for (let line = await writer.line(); line !== undefined; line = await writer.line()) told = Number(line)
    t.same(keptIn(file), recounted(file))
    t.same(orphans(file), [])
    const failed = keptIn(file).find(({ state }) => state === 'failed')
    t.ok(failed !== undefined && failed.count > 0 && failed.count <= 30 && failed.bytes <= 90_000, 'some, not all')
    const store = await openStore({ kind: 'sqlite', folder, limits: LIMITS })
    const { groups } = await store.failures({})
    t.equal(groups[0]?.count, failed?.count)
    const retried = await store.list({ states: ['pending', 'running'] }, { limit: 500 })
    t.ok(retried.tasks.some(({ forgiven }) => forgiven > 0))
    await store.close()
  }
})

t.test('P4: without room a batch is refused, the store opens itself anew, and what fits goes on', async (t) => {
  const folder = t.testdir()
  const writer = startStoreProcess(t, [folder, 'fill'], 2_000)
  const failed = /^store_failed: the data file failed \(SQLITE_(FULL|IOERR_WRITE)\)/
  t.equal(await writer.line(), 'open')
  t.equal(await writer.line(), "[ 'accepted' ]")
  t.match(await writer.line(), failed)
  t.equal(await writer.line(), "[ 'accepted' ]")
  t.match(await writer.line(), failed)
  t.equal(await writer.line(), "[ 'accepted' ]")
  t.equal(await writer.line(), 'closed')

  const store = await openStore({ kind: 'sqlite', folder, limits: LIMITS })
  t.teardown(() => store.close())
  const subject = new Subject(store)
  t.same(await subject.counts(), { 'echo pending': 3 })
  const tasks = [spec(100, { payload: '"small"' }), spec(1)]
  const batch = { retried: true, operations: tasks.map((task) => ({ kind: 'submit' as const, task })) }
  t.match((await subject.apply(batch)).operations, [{ status: 'accepted' }, { status: 'existing' }])
  t.match((await subject.apply(batch)).operations, [{ status: 'existing' }, { status: 'existing' }], 'one effect')
})

t.test('P4: a file that another program locks fails the batch; afterwards the same batch has one effect', async (t) => {
  const folder = t.testdir()
  const store = await openStore({ kind: 'sqlite', folder, limits: LIMITS })
  t.teardown(() => store.close())
  const subject = new Subject(store)
  const other = new Database(join(folder, 'tasks.db'))
  other.exec('BEGIN IMMEDIATE')
  const first = subject.submit(spec(1))
  const next = subject.submit(spec(2))
  const read = store.counts()
  await t.rejects(first, { code: 'store_failed', message: /SQLITE_BUSY/ })
  await t.rejects(next, { code: 'store_failed' }, 'nor is the batch applied that was called for meanwhile')
  await t.rejects(read, { code: 'store_failed' }, 'what waited behind it has no answer either')
  other.exec('ROLLBACK')
  other.close()
  t.same(await subject.submit(spec(1)), ['accepted'])
  t.same(await subject.submit(spec(1)), ['existing'])
})
