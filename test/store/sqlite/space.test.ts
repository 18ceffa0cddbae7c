// What was pruned is given back to the disk while the store works, and whoever reads the file meanwhile is not disturbed.
import { copyFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import Database from 'better-sqlite3'
import t, { type Test } from 'tap'
import { openStore } from '../../../src/store/open.js'
import { DONE, Subject, settleOf, spec } from '../../conformance/store/subject.js'
import { keptIn, orphans, recounted } from './recount.js'

const LIMITS = { pendingMax: 1_000_000 }
const MIB = 1024 * 1024
const PAYLOAD = JSON.stringify('x'.repeat(8_000))
const EVERYTHING = { completedBefore: 0, failedBefore: 0, keptMax: 0, keptBytesMax: 0, limit: 500 }

async function opened(t: Test, folder = t.testdir()) {
  const store = await openStore({ kind: 'sqlite', folder, limits: LIMITS })
  t.teardown(() => store.close())
  return { subject: new Subject(store), file: join(folder, 'tasks.db') }
}

/** Each leaves some 8 KB. */
async function complete(s: Subject, from: number, count: number): Promise<void> {
  const tasks = Array.from({ length: count }, (_, n) => spec(from + n, { payload: PAYLOAD }))
  await s.submit(...tasks)
  const grants = await s.claim(count)
  await s.apply({ operations: grants.map((grant) => settleOf(grant, DONE)) })
  s.now += 1
}

async function pruneAll(s: Subject): Promise<void> {
  while ((await s.one({ kind: 'prune', ...EVERYTHING })).more);
}

/** Every look costs the thread a call, between which it goes on. The test's own limit of time ends a wait in vain. */
async function shorterThan(file: string, bytes: number, s: Subject): Promise<void> {
  while (statSync(file).size >= bytes) {
    await s.counts()
    await setImmediate()
  }
}

t.test('after a mass pruning the file becomes short while the store works', async (t) => {
  const { subject, file } = await opened(t)
  for (const from of [0, 1_000, 2_000]) await complete(subject, from, 1_000)
  t.ok(statSync(file).size > 16 * MIB)
  await pruneAll(subject)
  await complete(subject, 9_000, 10)
  await shorterThan(file, 6 * MIB, subject)
  t.same(await subject.counts(), { 'echo completed': 10 })
  t.same(keptIn(file), recounted(file))
  t.same(orphans(file), [])
})

t.test('who reads an old state keeps it; when it is gone the file becomes short', async (t) => {
  const { subject, file } = await opened(t)
  for (const from of [0, 1_000]) await complete(subject, from, 1_000)
  const reader = new Database(file, { readonly: true })
  reader.exec('BEGIN')
  const count = reader.prepare('SELECT count(*), total(octet_length(payload)) FROM tasks').raw()
  const before = count.get()
  await pruneAll(subject)
  await complete(subject, 5_000, 100)
  t.same(count.get(), before)
  t.equal(reader.pragma('integrity_check', { simple: true }), 'ok')
  reader.exec('COMMIT')
  reader.close()
  await shorterThan(file, 7 * MIB, subject)
  t.same(await subject.counts(), { 'echo completed': 100 })
})

t.test('a file of an older version, which could not become shorter, can', async (t) => {
  const folder = t.testdir()
  copyFileSync(new URL('../../../../test/fixtures/data/v1/tasks.db', import.meta.url), join(folder, 'tasks.db'))
  const { file } = await opened(t, folder)
  const database = new Database(file, { readonly: true })
  t.equal(database.pragma('auto_vacuum', { simple: true }), 2)
  t.equal(database.pragma('integrity_check', { simple: true }), 'ok')
  database.close()
})
