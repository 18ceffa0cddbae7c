// Backups are whole, taken beside a writer, and put in place whole or not at all.
import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import Database from 'better-sqlite3'
import t from 'tap'
import { backUp, inspectData, openStore, restore } from '../../../src/store/open.js'
import { Subject, spec } from '../../conformance/store/subject.js'
import { startStoreProcess } from './process.js'

const KILL_AT = resolve(import.meta.dirname, '../../../../test/fixtures/faults/kill-at.mjs')
const OPEN = resolve(import.meta.dirname, '../../../src/store/open.js')

/** A folder with so many pending tasks, and one that runs. */
async function filled(folder: string, tasks: number): Promise<string> {
  const store = await openStore({ kind: 'sqlite', folder, limits: { pendingMax: 1_000 } })
  const subject = new Subject(store)
  await subject.running(spec(1))
  await subject.submit(...Array.from({ length: tasks }, (_, n) => spec(n + 2)))
  await store.close()
  return folder
}

function rowsOf(file: string): unknown[] {
  const database = new Database(file, { readonly: true })
  const tables = ['tasks', 'attempts', 'incarnations', 'counts']
  const rows = tables.map((table) => database.prepare(`SELECT * FROM ${table}`).all())
  database.close()
  return rows
}

t.test('a backup holds every row, and restores into another folder', async (t) => {
  const folder = await filled(join(t.testdir(), 'one'), 20)
  const file = join(t.testdirName, 'backup.db')
  const summary = await backUp({ folder, file, force: false })
  t.same(summary.tasks, { pending: 20, running: 1 })
  t.equal(statSync(file).mode & 0o777, 0o600)
  t.same(rowsOf(file), rowsOf(join(folder, 'tasks.db')))
  const other = join(t.testdirName, 'other')
  mkdirSync(other)
  t.same((await restore({ folder: other, file, replace: false })).kept, undefined)
  t.same(rowsOf(join(other, 'tasks.db')), rowsOf(file))
  t.same(readdirSync(t.testdirName).sort(), ['backup.db', 'one', 'other'], 'nothing else is left')
})

t.test('beside a writer: whole, of one moment, nothing missing that was acknowledged before', async (t) => {
  const folder = join(t.testdir(), 'live')
  const writer = startStoreProcess(t, [folder, 'write', '1'])
  let acknowledged = 0
  while (acknowledged < 50) acknowledged = Number((await writer.line()) ?? 50) || 0
  const file = join(t.testdirName, 'backup.db')
  const { tasks } = await backUp({ folder, file, force: false })
  const count = Object.values(tasks).reduce((sum, number) => sum + number, 0)
  t.ok(count >= acknowledged, `${count} tasks, ${acknowledged} were acknowledged before`)
  while (acknowledged < count + 20) acknowledged = Number(await writer.line())
  t.pass('the writer went on')
})

t.test('a master that starts meanwhile is not kept from it', async (t) => {
  const folder = await filled(join(t.testdir(), 'one'), 3)
  const file = join(t.testdirName, 'backup.db')
  let restarted = false
  const { tasks } = await backUp({
    folder,
    file,
    force: false,
    progress() {
      if (restarted) return
      restarted = true
      writeFileSync(join(folder, 'lock.json'), JSON.stringify({ pid: 1, since: 0 }))
    },
  })
  t.ok(restarted)
  t.same(tasks, { pending: 3, running: 1 })
})

t.test('what a backup refuses, and that it then changes nothing', async (t) => {
  const folder = await filled(join(t.testdir(), 'one'), 3)
  const file = join(t.testdirName, 'there.db')
  writeFileSync(file, 'mine')
  await t.rejects(backUp({ folder, file, force: false }), { code: 'conflict' })
  t.equal(readFileSync(file, 'utf8'), 'mine')
  await t.rejects(backUp({ folder, file: join(folder, 'tasks.db'), force: true }), { code: 'bad_input' })
  await t.rejects(backUp({ folder, file: join(folder, 'no/where.db'), force: true }), { code: 'bad_input' })
  await t.rejects(backUp({ folder: t.testdirName, file, force: true }), { code: 'no_cluster' })
  const given = AbortSignal.abort()
  await t.rejects(backUp({ folder, file: join(t.testdirName, 'b.db'), force: false, signal: given }), {
    code: 'stopping',
  })
  t.same(readdirSync(t.testdirName).sort(), ['one', 'there.db'])
  await backUp({ folder, file, force: true })
  t.same(inspectData(file).tasks, { pending: 3, running: 1 })
})

t.test('what a restore refuses', async (t) => {
  const folder = await filled(join(t.testdir(), 'one'), 3)
  const file = join(t.testdirName, 'backup.db')
  await backUp({ folder, file, force: false })
  const before = rowsOf(join(folder, 'tasks.db'))
  await t.rejects(restore({ folder, file, replace: false }), { code: 'conflict' })

  const text = join(t.testdirName, 'text.db')
  writeFileSync(text, 'no database at all, but long enough to be looked at'.repeat(100))
  await t.rejects(restore({ folder, file: text, replace: true }), { code: 'data_refused', message: /not a data file/ })
  const newer = join(t.testdirName, 'newer.db')
  copyFileSync(file, newer)
  const database = new Database(newer)
  database.pragma('user_version = 99')
  database.close()
  await t.rejects(restore({ folder, file: newer, replace: true }), { code: 'data_refused', message: /version 99/ })
  const cut = join(t.testdirName, 'cut.db')
  writeFileSync(cut, readFileSync(file).subarray(0, 8_192))
  await t.rejects(restore({ folder, file: cut, replace: true }), { code: 'data_refused', message: /damaged/ })
  const torn = join(t.testdirName, 'torn.db')
  writeFileSync(torn, readFileSync(file).fill(0xa5, 8_192))
  await t.rejects(restore({ folder, file: torn, replace: true }), {
    code: 'data_refused',
    message: /torn.db is damaged/,
    hint: /an older backup/,
  })
  t.throws(() => inspectData(torn), { code: 'data_refused', message: /torn.db is damaged/ })
  await t.rejects(restore({ folder, file: join(folder, 'none'), replace: true }), { code: 'bad_input' })
  t.same(rowsOf(join(folder, 'tasks.db')), before, 'nothing was changed')

  const held = await openStore({ kind: 'sqlite', folder, limits: { pendingMax: 10 } })
  const refused = restore({ folder, file, replace: true })
  await t.rejects(refused, { code: 'data_in_use', hint: /dtr stop/, message: new RegExp(`${process.pid}`) })
  await held.close()
  const reader = new Database(join(folder, 'tasks.db'), { readonly: true })
  reader.prepare('SELECT count(*) FROM tasks').get()
  await t.rejects(restore({ folder, file, replace: true }), { code: 'data_in_use', hint: /sqlite3/ })
  reader.close()
})

t.test('killed at any point there is the old or the new, whole', async (t) => {
  const folder = t.testdir()
  const file = join(folder, 'backup.db')
  await backUp({ folder: await filled(join(folder, 'new'), 7), file, force: false })
  await filled(join(folder, 'old'), 2)
  const oldRows = rowsOf(join(folder, 'old/tasks.db'))
  const newRows = rowsOf(file)
  let replaced = 0
  for (let step = 1; ; step += 1) {
    const target = join(folder, `target-${step}`)
    mkdirSync(target)
    copyFileSync(join(folder, 'old/tasks.db'), join(target, 'tasks.db'))
    const code = `import { restore } from ${JSON.stringify(OPEN)}
      await restore(${JSON.stringify({ folder: target, file, replace: true })})`
    const { signal, status, stderr } = spawnSync(
      process.execPath,
      ['--import', KILL_AT, '--input-type=module', '--eval', code],
      { env: { KILL_AT: String(step) }, encoding: 'utf8' },
    )
    for (const log of ['-wal', '-shm']) t.notOk(existsSync(join(target, `tasks.db${log}`)), `no ${log} at ${step}`)
    const rows = rowsOf(join(target, 'tasks.db'))
    const isNew = JSON.stringify(rows) === JSON.stringify(newRows)
    if (isNew) {
      replaced += 1
      const kept = readdirSync(target).find((name) => name.startsWith('tasks.db.replaced-'))
      t.same(rowsOf(join(target, kept ?? '')), oldRows, `the old one is kept at ${step}`)
    } else t.same(rows, oldRows, `the old one at ${step}`)
    if (signal === null) {
      t.equal(status, 0, stderr)
      t.ok(isNew)
      break
    }
    // What was left behind is in nobody's way.
    if (step % 4 === 0) await restore({ folder: target, file, replace: true })
  }
  t.ok(replaced > 1, 'killed before and after')
})
