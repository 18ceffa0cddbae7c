import { chmodSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { connect, findCluster } from '../../src/client/connect.js'
import { findFolder, readSecretFile } from '../../src/client/folder.js'
import { makeFolder } from '../../src/launch/folder.js'
import { runFolder, writeRunFile } from '../../src/net/run-file.js'

t.test('the nearest folder is found by walking up', async (t) => {
  const top = t.testdir({ '.dtr': {}, a: { b: {}, '.dtr': {} }, c: {} })
  chmodSync(join(top, '.dtr'), 0o700)
  chmodSync(join(top, 'a/.dtr'), 0o700)
  t.equal(findFolder(join(top, 'a/b')), join(top, 'a/.dtr'))
  t.equal(findFolder(join(top, 'c')), join(top, '.dtr'))
})

t.test('design 7: one that others may write to is refused, with the way to mend it', async (t) => {
  const top = t.testdir({ '.dtr': {} })
  chmodSync(join(top, '.dtr'), 0o777)
  t.throws(() => findFolder(top), { code: 'bad_input', message: /can be written by others/, hint: /chmod go-w/ })
})

t.test('a secret that others may read is refused; one that is missing is no cluster', async (t) => {
  const top = t.testdir({ secret: 'x'.repeat(64) })
  const file = join(top, 'secret')
  chmodSync(file, 0o640)
  t.throws(() => readSecretFile(file), { code: 'bad_input', hint: `chmod 600 ${file}` })
  chmodSync(file, 0o600)
  t.equal(readSecretFile(file), 'x'.repeat(64))
  t.throws(() => readSecretFile(join(top, 'none')), { code: 'no_cluster' })
})

t.test('where nothing of a cluster lives a first connect does not wait for a master', async (t) => {
  const data = join(t.testdir(), '.dtr')
  makeFolder(data)
  const startedMs = performance.now()
  await t.rejects(connect({ data, secret: 's'.repeat(32) }), { code: 'no_cluster', hint: /dtr start/ })
  t.ok(performance.now() - startedMs < 8_000)
})

t.test('a cluster is found by folder, or by address and secret from elsewhere', async (t) => {
  const top = t.testdir({ empty: {} })
  const data = join(top, '.dtr')
  makeFolder(data)
  t.throws(() => findCluster({ data }, {}).locate(), { code: 'no_cluster', hint: /dtr start/ })
  t.equal(findCluster({ data }, {}).mayCome(), false, 'nothing of it lives')
  writeRunFile(runFolder(data), { name: 'launcher', role: 'launcher', pid: process.pid, startedAt: '' })
  t.equal(findCluster({ data }, {}).mayCome(), true)
  const found = findCluster({ master: '127.0.0.1:4999', secret: 's'.repeat(32) }, {})
  t.same(found.locate(), { host: '127.0.0.1', port: 4999 })
  const byVariables = findCluster({}, { DTR_MASTER: '[::1]:5', DTR_SECRET: 's'.repeat(32) })
  t.same(byVariables.locate(), { host: '::1', port: 5 })
  t.equal(byVariables.key.id, found.key.id)
  mkdirSync(join(top, 'other'))
  t.throws(() => findCluster({ data: join(top, 'other') }, {}), { code: 'no_cluster' })
  const unknown = { code: 'no_cluster', message: /secret of the cluster at 10.0.0.1:4999/, hint: /--secret-file/ }
  t.throws(() => findCluster({ master: '10.0.0.1:4999' }, {}), unknown)
  t.throws(() => findCluster({ master: 'nowhere', secret: 's'.repeat(32) }, {}), { code: 'bad_input' })
})
