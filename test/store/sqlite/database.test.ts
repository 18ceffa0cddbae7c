// What holds once the data file is open, and which files are refused.
import { copyFileSync, existsSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import t from 'tap'
import { openStore } from '../../../src/store/open.js'
import { openDatabase } from '../../../src/store/sqlite/database.js'
import { readHeader } from '../../../src/store/sqlite/header.js'
import { MIGRATIONS } from '../../../src/store/sqlite/schema.js'
import { id, Subject, spec } from '../../conformance/store/subject.js'
import { keptIn, recounted } from './recount.js'

const LIMITS = { pendingMax: 1_000 }
const versionOf = (file: string) => {
  const database = new Database(file, { readonly: true })
  const version = database.pragma('user_version', { simple: true })
  database.close()
  return version
}

t.test('P1: commits are on disk before they return, also in a file that exists', async (t) => {
  const file = join(t.testdir(), 'tasks.db')
  openDatabase(file).close()
  const bare = new Database(file)
  t.equal(bare.pragma('synchronous', { simple: true }), 1, 'the trap: better-sqlite3 opens it with NORMAL')
  bare.close()
  const database = openDatabase(file)
  t.equal(database.pragma('synchronous', { simple: true }), 2)
  t.equal(database.pragma('journal_mode', { simple: true }), 'wal')
  database.close()
})

t.test('what a killed process left in the log is in the file once it is open', async (t) => {
  const folder = t.testdir()
  const file = join(folder, 'tasks.db')
  const first = openDatabase(file)
  first.exec("INSERT INTO incarnations (incarnation, beat) VALUES ('w#1', 0)")
  // As they are on disk in the middle of its life: a file without the row, and a log with it.
  const copy = join(folder, 'copy.db')
  copyFileSync(file, copy)
  copyFileSync(`${file}-wal`, `${copy}-wal`)
  first.close()
  const second = openDatabase(copy)
  const fileAlone = join(folder, 'alone.db')
  copyFileSync(copy, fileAlone)
  second.close()
  const alone = new Database(fileAlone)
  t.equal(alone.prepare('SELECT count(*) FROM incarnations').pluck().get(), 1)
  alone.close()
})

t.test('a file of a newer version is refused with a sentence, and not touched', async (t) => {
  const folder = t.testdir()
  const file = join(folder, 'tasks.db')
  const newer = new Database(file)
  newer.pragma('user_version = 99')
  newer.close()
  const before = readFileSync(file)
  await t.rejects(openStore({ kind: 'sqlite', folder, limits: LIMITS }), {
    code: 'data_refused',
    message: new RegExp(`schema version 99, this dtr knows up to ${MIGRATIONS.length}`),
  })
  t.same(readFileSync(file), before)
  t.notOk(existsSync(`${file}-wal`))
})

t.test('files that are not ours are refused', async (t) => {
  const folder = t.testdir({
    'tasks.db': 'this is a letter, not a database, and somewhat longer than a header'.repeat(9),
  })
  await t.rejects(openStore({ kind: 'sqlite', folder, limits: LIMITS }), { code: 'data_refused' })
  const other = new Database(join(folder, 'other.db'))
  other.exec('CREATE TABLE letters (text TEXT)')
  other.close()
  copyFileSync(join(folder, 'other.db'), join(folder, 'tasks.db'))
  await t.rejects(openStore({ kind: 'sqlite', folder, limits: LIMITS }), { code: 'data_refused' })
  writeFileSync(join(folder, 'tasks.db'), '')
  const store = await openStore({ kind: 'sqlite', folder, limits: LIMITS })
  await store.close()
})

t.test('a file that is damaged is refused with what to do', async (t) => {
  const folder = t.testdir()
  const file = join(folder, 'tasks.db')
  openDatabase(file).close()
  const refused = (message: RegExp) => ({ code: 'data_refused', message, hint: /dtr restore BACKUP/ })
  const whole = readFileSync(file)
  t.equal(readHeader(file).isCut, false)
  truncateSync(file, whole.length / 2)
  t.equal(readHeader(file).isCut, true)
  await t.rejects(openStore({ kind: 'sqlite', folder, limits: LIMITS }), refused(/tasks.db is damaged/))
  writeFileSync(file, whole)
  const without = new Database(file)
  without.exec('DROP TABLE attempts')
  without.close()
  await t.rejects(openStore({ kind: 'sqlite', folder, limits: LIMITS }), refused(/no table attempts/))
})

t.test('an older version is copied, then brought up in one transaction', async (t) => {
  const file = join(t.testdir(), 'tasks.db')
  const old = openDatabase(file)
  old.exec("INSERT INTO incarnations (incarnation, beat) VALUES ('w#1', 7)")
  old.close()
  const broken = [...MIGRATIONS, 'ALTER TABLE incarnations ADD COLUMN zone TEXT; SELECT nonsense']
  t.throws(() => openDatabase(file, broken))
  t.equal(versionOf(file), MIGRATIONS.length, 'nothing of a migration that failed stays')
  const database = openDatabase(file, [...MIGRATIONS, 'ALTER TABLE incarnations ADD COLUMN zone TEXT'])
  t.same(database.prepare('SELECT * FROM incarnations').all(), [
    { incarnation: 'w#1', beat: 7, address: null, machine: null, about: null, voter: null, model: null, zone: null },
  ])
  database.close()
  t.equal(versionOf(file), MIGRATIONS.length + 1)
  t.equal(versionOf(`${file}.v${MIGRATIONS.length}`), MIGRATIONS.length)
})

for (const version of MIGRATIONS.keys()) opensAsItWas(version + 1)

function opensAsItWas(version: number): void {
  t.test(`a data file of version ${version} opens, with every task as it was`, async (t) => {
    const kept = new URL(`../../../../test/fixtures/data/v${version}/`, import.meta.url)
    const folder = t.testdir()
    copyFileSync(new URL('tasks.db', kept), join(folder, 'tasks.db'))
    const store = await openStore({ kind: 'sqlite', folder, limits: LIMITS })
    t.teardown(() => store.close())
    const expected = JSON.parse(readFileSync(new URL('expected.json', kept), 'utf8'))
    t.match(await store.get(expected.tasks.map(({ task }: { task: { id: string } }) => task.id)), expected.tasks)
    t.same(await store.counts(), expected.counts)
    t.same(await store.holders(), expected.holders)
    t.same(await store.keys(), expected.keys ?? [])
    t.same(await store.reputations(), expected.reputations ?? { records: [], quarantined: [] })
    const subject = new Subject(store)
    subject.now = expected.now
    t.same(keptIn(join(folder, 'tasks.db')), recounted(join(folder, 'tasks.db')), 'what is kept is counted')
    t.match(await subject.claim(1), [{ taskId: id(5) }], 'and work goes on')
  })
}

t.test('other programs may read while all runs', async (t) => {
  const folder = t.testdir()
  const store = await openStore({ kind: 'sqlite', folder, limits: LIMITS })
  t.teardown(() => store.close())
  const subject = new Subject(store)
  await subject.submit(spec(1))
  const reader = new Database(join(folder, 'tasks.db'), { readonly: true })
  const states = reader.prepare('SELECT id, state FROM tasks')
  t.same(states.all(), [{ id: id(1), state: 'pending' }])
  await subject.claim(1)
  t.same(states.all(), [{ id: id(1), state: 'running' }])
  reader.close()
})
