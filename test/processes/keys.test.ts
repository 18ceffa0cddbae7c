// Keys with real processes: made and shown once, let in by role, shut out when they are revoked, and told nowhere (P29).
import { chmodSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { connect, type DtrError } from '../../src/index.js'
import { readAccessKey, verifierOf } from '../../src/protocol/access-key.js'
import { Cluster, isAlive, until, WITNESS_TASKS } from './cluster.js'

const KEY = /^dtr_[0-9a-f]{16}_[0-9a-f]{12}_[0-9A-Za-z]{51}$/

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((file) => statSync(file).isFile())
}

t.test('keys are made, let in by their roles, revoked, and stand nowhere but with their owners', async (t) => {
  const cluster = await Cluster.create(t, { environment: { DTR_LOG_LEVEL: 'debug' } })
  const { client, master, workers } = await cluster.start(1)
  const address = `127.0.0.1:${cluster.ports.master}`
  const dtr = async (args: string[], environment: NodeJS.ProcessEnv = {}) => {
    const started = cluster.run(args, undefined, environment)
    const { code } = await started.ended
    return { code, out: started.stdout.trim(), err: started.stderr }
  }
  const made = await dtr(['key', 'create', '--role', 'read', '--name', "Ada's"])
  t.match(made, { code: 0, out: KEY }, 'the key alone')
  const reader = made.out
  t.notOk(made.err.includes(reader), 'and nothing of it beside')
  const { token: submitter } = await client.keys.create({ role: 'submit', types: 'work', expires: '1h' })
  const { token: worker } = await client.keys.create({ role: 'worker' })
  const idOf = (key: string): string => readAccessKey(key).id

  // By role, with the variable, beside a folder that has the secret; and from elsewhere by file, if it is one's own alone.
  const refused = await dtr(['submit', 'work', '{}'], { DTR_KEY: reader })
  t.match(refused, { code: 4, err: /needs a key with the role submit, and yours has read/ })
  t.match(await dtr(['stop'], { DTR_KEY: submitter }), { code: 4, err: /role admin/ })
  const file = join(cluster.folder, 'own.key')
  writeFileSync(file, `${reader}\n`, { mode: 0o644 })
  const status = ['status', '--master', address, '--key-file', file]
  t.match(await dtr(status), { code: 2, err: /can be read by others/ })
  chmodSync(file, 0o600)
  t.match(await dtr(status), { code: 0 })
  const submitting = await connect({ master: address, key: submitter })
  t.teardown(() => submitting.close())
  await t.rejects(submitting.submit('other'), { code: 'forbidden', message: /for work only, and not for other/ })
  const submit = async (key: string): Promise<void> => {
    await (await submitting.submit('work', { key, ms: 0, witness: cluster.witnessFile })).result()
  }
  await submit('near')

  // A worker that has a key and not the secret dials in, and works.
  const late = { DTR_KEY: worker, DTR_DATA: join(cluster.folder, 'elsewhere'), DTR_LOGS: cluster.logs }
  const ports = `${cluster.ports.first}-${cluster.ports.last}`
  const workerArgs = ['worker', '--id', 'far', '--tasks', WITNESS_TASKS, '--worker-ports', ports]
  t.match(await dtr(workerArgs, late), { code: 2, err: /--join HOST:PORT/ })
  const far = cluster.run([...workerArgs, '--join', address], undefined, late)
  await cluster.untilReady(client, ['far'])
  workers[0]!.kill()
  await submit('far')
  const [host] = (await client.status()).workers.find(({ name }) => name === 'far')!.hosts
  t.notOk(readFileSync(`/proc/${host!.pid}/environ`, 'latin1').includes('dtr_'), 'no key in the environment of tasks')

  // What is connected is closed when its key is revoked, and does not come back.
  const guest = await connect({ master: address, key: reader })
  t.teardown(() => guest.close())
  await guest.status()
  t.match(await client.keys.check(reader), { id: idOf(reader), role: 'read', name: "Ada's" })
  const listed = JSON.parse((await dtr(['key', 'list', '--json'])).out) as { id: string; role: string }[]
  t.same(
    listed.map(({ id, role }) => [id, role]),
    [reader, submitter, worker].map((key, index) => [idOf(key), ['read', 'submit', 'worker'][index]]),
  )
  t.match(await dtr(['key', 'revoke', reader]), { code: 2, err: /is no id of a key/ }, 'a key in place of its id')
  t.match(await dtr(['key', 'revoke', idOf(reader)]), { code: 0, out: `${idOf(reader)}  revoked` })
  await client.keys.revoke(idOf(worker))
  const gone = await until('the guest to be shut out', () =>
    guest.status().then(
      () => false,
      (error: DtrError) => error,
    ),
  )
  t.match(gone, { code: 'unauthorised', message: /this key was revoked/ })
  await until('the worker to be shut out', async () => {
    const { workers: left } = await client.status()
    return !left.some(({ name, state }) => name === 'far' && state === 'ready')
  })
  await cluster.untilLog('far', /cannot join .*this key was revoked/)
  t.match(await dtr(['key', 'list'], { DTR_KEY: reader }), { code: 4, err: /does not take this key.*was revoked/ })
  await submitting.status()
  await until('the check to hear of it', async () => (await client.keys.check(reader)) === undefined)

  // Keys outlive their master, whatever became of them.
  master.kill()
  await until('the master to be gone', () => !isAlive(master.pid))
  await cluster.master()
  await t.rejects(connect({ master: address, key: reader }), { code: 'unauthorised', message: /was revoked/ })
  await submitting.status()

  // P29: in no command line, log, or file but their owners'.
  far.kill()
  const commandLines = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => (existsSync(`/proc/${pid}/cmdline`) ? readFileSync(`/proc/${pid}/cmdline`, 'latin1') : ''))
  const texts = [
    ['command lines', commandLines.join('\n')],
    ...filesBelow(cluster.folder)
      .filter((path) => path !== file)
      .map((path) => [path.slice(cluster.folder.length), readFileSync(path, 'latin1')]),
  ] as const
  t.ok(texts.some(([name]) => name!.endsWith('master.log')) && texts.some(([name]) => name!.endsWith('tasks.db')))
  for (const key of [reader, submitter, worker]) {
    const secret = key.split('_')[3]!.slice(0, 43)
    const clientKey = readAccessKey(key).clientKey
    const shapes = [secret, clientKey.toString('hex'), clientKey.toString('latin1'), clientKey.toString('base64')]
    for (const [name, text] of texts)
      t.notOk(
        shapes.some((shape) => text!.includes(shape)),
        name,
      )
    const logged = texts.filter(([name]) => name!.endsWith('.log')).map(([, text]) => text)
    t.notOk(logged.join('').includes(verifierOf(readAccessKey(key)).storedKey), 'and what checks it in no log')
  }
})
