// P22: one master a data folder; the second is refused, or waits, and is told who holds it.
import { statSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { type DataHolder, openStore } from '../../../src/store/open.js'
import { startStoreProcess } from './process.js'

const LIMITS = { pendingMax: 1_000 }

t.test('a second open is refused and names the holder, also in the same process', async (t) => {
  const folder = join(t.testdir(), '.dtr')
  const store = await openStore({ kind: 'sqlite', folder, limits: LIMITS })
  t.equal(statSync(folder).mode & 0o777, 0o700)
  await t.rejects(openStore({ kind: 'sqlite', folder, limits: LIMITS }), {
    code: 'data_in_use',
    exitCode: 5,
    message: new RegExp(`in use by process ${process.pid}, since 20\\d\\d-`),
  })
  await store.close()
  const again = await openStore({ kind: 'sqlite', folder, limits: LIMITS })
  await again.close()
})

t.test('a folder that cannot be made is refused', async (t) => {
  const folder = join(t.testdir({ file: 'not a folder' }), 'file', '.dtr')
  await t.rejects(openStore({ kind: 'sqlite', folder, limits: LIMITS }), { code: 'bad_input' })
})

t.test('a frozen holder still holds, and is named; kill -9 frees the lock', async (t) => {
  const folder = t.testdir()
  const holder = startStoreProcess(t, [folder, 'hold'])
  t.equal(await holder.line(), 'open')
  const refused = { code: 'data_in_use', message: new RegExp(`process ${holder.process.pid},`) }
  await t.rejects(openStore({ kind: 'sqlite', folder, limits: LIMITS }), refused)
  holder.process.kill('SIGSTOP')
  await t.rejects(openStore({ kind: 'sqlite', folder, limits: LIMITS }), refused)
  await holder.kill()
  const store = await openStore({ kind: 'sqlite', folder, limits: LIMITS })
  await store.close()
})

t.test('a standby waits, is told for whom, and takes over', async (t) => {
  const folder = t.testdir()
  const holder = startStoreProcess(t, [folder, 'hold'])
  await holder.line()
  let onWaiting: (holder: DataHolder | undefined) => void = () => {}
  const waitsFor = new Promise<DataHolder | undefined>((resolve) => {
    onWaiting = resolve
  })
  const opening = openStore({ kind: 'sqlite', folder, limits: LIMITS, standby: true, onWaiting })
  t.equal((await waitsFor)?.pid, holder.process.pid)
  await holder.kill()
  const store = await opening
  t.same(await store.counts(), [])
  await store.close()
})

t.test('a standby may stop waiting', async (t) => {
  const folder = t.testdir()
  const store = await openStore({ kind: 'sqlite', folder, limits: LIMITS })
  t.teardown(() => store.close())
  const stop = new AbortController()
  const onWaiting = () => stop.abort()
  const options = { kind: 'sqlite', folder, limits: LIMITS, standby: true, signal: stop.signal, onWaiting } as const
  await t.rejects(openStore(options), { code: 'stopping' })
})
