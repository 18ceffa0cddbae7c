// The worker in Python against a real master: what it serves, how its code ends, and a kill of each side.
import { createHash } from 'node:crypto'
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { connect as dial } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { grouped, livesOf, readSigns } from '../../src/drill/history.js'
import { processesBelow } from '../../src/drill/processes-below.js'
import type { Client, TaskEvent } from '../../src/index.js'
import { isAlive, until } from '../processes/cluster.js'
import { missingPython, PythonCluster, STUBBORN_TASKS } from './python-cluster.js'

const skip = missingPython()
/** Everything that hangs on the heartbeat follows it: a lease of 7.5 s, code is dead after 6. */
const QUICK = ['--heartbeat', '1s', '--scan', '250ms']
/** A worker is found again soon, and waits for long: its master may start on a loaded machine. */
const SOON = ['--scan', '250ms', '--heartbeat', '6s']

/** They were killed; to be gone takes a moment more. */
const untilDead = (pids: readonly number[]) => until(`${pids.join(', ')} to be dead`, () => !pids.some(isAlive))

t.test('it is found, and runs tasks', { skip }, async (t) => {
  const python = await PythonCluster.create(t)
  const { cluster } = python
  const { client } = await python.start(1, ['--slots', '2'])
  writeFileSync(join(cluster.folder, 'words'), 'two one two')
  const counted = await client.submit('count-words', { file: 'words' })
  t.same(await counted.result(), [
    ['two', 2],
    ['one', 1],
  ])
  const sha256 = createHash('sha256').update('naïve').digest()
  for (const payload of ['naïve', Buffer.from('naïve')]) {
    t.same(await (await client.submit('digest', payload)).result(), sha256)
  }
  const missing = await client.submit('count-words', { file: 'none' })
  await t.rejects(missing.result(), { code: 'non_retryable', message: /No such file/ })
  const wrong = await client.submit('count-words', {}, { retries: 0 })
  await t.rejects(wrong.result(), { code: 'task_failed', message: /file/ })
  t.match((await client.get([wrong.id]))[0], { error: { stack: /in count_words/ } })
  const unserved = await client.submit('no-such-type', {})
  t.ok(unserved.unserved)
  t.match((await client.status()).workers, [{ name: 'p1', slots: 2, types: ['count-words', 'digest', 'nap', 'drill'] }])
})

t.test('what its code tells while it runs is seen, and kept', { skip }, async (t) => {
  const { client } = await (await PythonCluster.create(t)).start(1)
  const handle = await client.submit('nap', { seconds: 2 })
  const events: TaskEvent[] = []
  for await (const event of handle.watch()) events.push(event)
  const kinds = (kind: string) => events.filter((event) => event.kind === kind)
  t.match(kinds('log'), [{ attempt: 1, text: 'for 2 s\n' }])
  t.ok(kinds('progress').length >= 1, `${kinds('progress').length} of 10`)
  t.match(kinds('progress').at(-1), { percent: 90, message: 'part 10 of 10' })
  t.match(events.at(-1), { kind: 'ended', state: 'completed' })
  t.match(await client.logs(handle.id), [{ text: 'for 2 s\n', skipped: 0 }])
})

t.test('what its code does to its own process, and what it returns that cannot be', { skip }, async (t) => {
  const { client } = await (await PythonCluster.create(t)).start(1, ['--tasks', STUBBORN_TASKS, '--slots', '2'])
  const end = async (type: string, payload: object = {}) =>
    (await (await client.submit(type, payload, { retries: 0 })).ended()) as { error?: object }
  t.match((await end('crash')).error, { code: 'host_died', signal: 'SIGSEGV' })
  t.match((await end('leave')).error, { code: 'host_died', exitCode: 7 })
  t.match((await end('unprintable')).error, { code: 'task_failed', message: /JSON/ })
  t.match((await end('large', { size: 2 ** 20 })).error, { code: 'too_large', message: /1048578 bytes, 1048576/ })
  t.match(await end('large', { size: 2 ** 20 - 2 }), { state: 'completed' })
})

t.test('cancel, timeout and deadline end code that ignores SIGTERM, and what it has started', { skip }, async (t) => {
  const python = await PythonCluster.create(t)
  const { cluster } = python
  const { client } = await python.start(1, ['--tasks', STUBBORN_TASKS, '--kill-grace', '300ms'])
  const submit = async (options: object) => {
    const before = cluster.witness().length
    const handle = await client.submit('stubborn', { witness: cluster.witnessFile }, options)
    const code = await until('its code', () => cluster.witness()[before] as { pid: number; child: number } | undefined)
    return { handle, pids: [code.pid, code.child] }
  }
  const cancelled = await submit({})
  t.match(await cancelled.handle.cancel(), { status: 'cancelling' })
  t.match(await cancelled.handle.ended(), { state: 'cancelled' })
  await untilDead(cancelled.pids)
  const late = await submit({ timeout: '3s', retries: 0 })
  t.match(await late.handle.ended(), { state: 'failed', error: { code: 'timeout' } })
  await untilDead(late.pids)
  const overdue = await submit({ deadline: '5s' })
  t.match(await overdue.handle.ended(), { state: 'failed', error: { code: 'deadline' } })
  await untilDead(overdue.pids)
})

t.test('kill -9 of it: its code is dead, and its tasks run elsewhere within seconds', { skip }, async (t) => {
  const python = await PythonCluster.create(t)
  const { cluster } = python
  const { client, workers } = await python.start(1, ['--slots', '2'])
  const tasks = await drill(client, cluster.witnessFile, [
    { ms: 10, firstMs: 60_000, spins: true },
    { ms: 10, firstMs: 60_000 },
  ])
  const signs = () => livesOf(readSigns(cluster.witnessFile))
  await until('both to run', () => signs().length === 2)
  python.worker('p2', ['--slots', '2'])
  await cluster.untilReady(client, ['p2'])
  const pids = signs().map(({ pid }) => pid)
  const killedAtMs = workers[0]!.kill()
  await Promise.all(tasks.map((task) => task.result()))
  const afterMs = performance.now() - killedAtMs
  t.ok(afterMs < 10_000, `no lease was waited for: they ended elsewhere ${Math.round(afterMs)} ms after it`)
  await untilDead(pids)
  t.match(cluster.log('master'), /p1 is dead/, 'its port has refused')
  noOverlap(t, cluster.witnessFile)
})

t.test('the guard ends code also where it was itself killed and replaced', { skip }, async (t) => {
  const python = await PythonCluster.create(t)
  const { cluster } = python
  const { client, workers } = await python.start(1, ['--tasks', STUBBORN_TASKS])
  const [worker] = workers
  const guards = processesBelow(worker!.pid)
  t.equal(guards.length, 1)
  const handle = await client.submit('stubborn', { witness: cluster.witnessFile })
  const code = (await until('its code', () => cluster.witness()[0])) as { pid?: number; child?: number }
  process.kill(guards[0]!, 'SIGKILL')
  await until('another guard', () =>
    processesBelow(worker!.pid).some((pid) => ![guards[0], code.pid, code.child].includes(pid)),
  )
  t.ok(isAlive(code.pid!), 'its code goes on')
  worker!.kill()
  await until('its code to be dead', () => ![code.pid!, code.child!].some(isAlive))
  await handle.cancel()
})

t.test('kill -9 of the master and another one: what runs goes on, and counts once', { skip }, async (t) => {
  const python = await PythonCluster.create(t)
  const { cluster } = python
  const { client, master } = await python.start(2, ['--slots', '3'], SOON)
  // Some end while there is no master, and some after.
  const tasks = await drill(
    client,
    cluster.witnessFile,
    [200, 400, 600, 2_000, 2_200, 2_400].map((ms) => ({ ms })),
  )
  await until('all to run', () => livesOf(readSigns(cluster.witnessFile)).length === tasks.length)
  master.kill()
  await master.ended
  await until(
    'some to end without a master',
    () => livesOf(readSigns(cluster.witnessFile)).filter(({ ended }) => ended).length >= 3,
  )
  await cluster.master(SOON)
  await Promise.all(tasks.map((task) => task.result()))
  t.equal(livesOf(readSigns(cluster.witnessFile)).length, tasks.length, 'none was run again')
  for (const task of await client.get(
    tasks.map(({ id }) => id),
    { story: true },
  )) {
    t.match(task, { state: 'completed', attempt: 1, story: [] })
  }
})

t.test(
  'frozen for longer than its lease: its code is dead before it runs elsewhere, its results are stale',
  { skip },
  async (t) => {
    const python = await PythonCluster.create(t)
    const { cluster } = python
    const { client, workers } = await python.start(1, ['--slots', '2'], QUICK)
    const tasks = await drill(client, cluster.witnessFile, [
      { ms: 50, firstMs: 60_000 },
      { ms: 50, firstMs: 1_500 },
    ])
    const lives = () => livesOf(readSigns(cluster.witnessFile))
    await until('both to run', () => lives().length === 2)
    const [long, short] = tasks
    const first = lives().find(({ task }) => task === long!.id)!
    workers[0]!.kill('SIGSTOP')
    python.worker('p2', ['--slots', '2'])
    await Promise.all(tasks.map((task) => task.result()))
    t.notOk(isAlive(first.pid), 'also while it is frozen')
    noOverlap(t, cluster.witnessFile)
    workers[0]!.kill('SIGCONT')
    await until('its results to be refused', async () => (await client.status()).stale >= 2)
    await cluster.untilReady(client, ['p1', 'p2'])
    t.equal((await client.get([short!.id]))[0]!.attempt, 2)
  },
)

t.test('SIGTERM drains: what runs gets its time, the rest goes back uncharged', { skip }, async (t) => {
  const python = await PythonCluster.create(t)
  const { cluster } = python
  const { client, workers } = await python.start(1, ['--drain', '20s'])
  const [short, ...more] = await drill(client, cluster.witnessFile, [{ ms: 700 }, { ms: 10 }, { ms: 10 }])
  await until('one to run', () => livesOf(readSigns(cluster.witnessFile)).length === 1)
  workers[0]!.kill('SIGTERM')
  t.equal((await workers[0]!.ended).code, 0, workers[0]!.stderr)
  t.match(await short!.ended(), { state: 'completed' })
  const second = python.worker('p2', ['--drain', '200ms', '--kill-grace', '200ms'])
  await Promise.all(more.map((task) => task.result()))
  const [long] = await drill(client, cluster.witnessFile, [{ ms: 10, firstMs: 60_000 }])
  await until('the long one to run', () =>
    livesOf(readSigns(cluster.witnessFile)).some(({ task }) => task === long!.id),
  )
  second.kill('SIGTERM')
  t.equal((await second.ended).code, 6, 'work was handed back')
  t.match(await client.get([long!.id], { story: true }), [
    { state: 'pending', uncharged: 1, story: [{ outcome: 'returned', charged: false }] },
  ])
})

t.test('without a master it leaves', { skip }, async (t) => {
  const python = await PythonCluster.create(t)
  const { cluster } = python
  const master = await cluster.master()
  const worker = python.worker('p1', ['--master-timeout', '2s'])
  await cluster.untilReady(await cluster.client(), ['p1'])
  const lostAtMs = master.kill()
  const { code, atMs } = await worker.ended
  t.equal(code, 0)
  const afterMs = Math.round(atMs - lostAtMs)
  t.ok(afterMs >= 1_500 && afterMs < 15_000, `after ${afterMs} ms`)
})

t.test('strangers: no answer to a bad line, a refusal for another cluster', { skip }, async (t) => {
  const python = await PythonCluster.create(t)
  const { cluster } = python
  await cluster.master()
  const worker = python.worker('p1')
  await cluster.untilReady(await cluster.client(), ['p1'])
  const port = Number(/127\.0\.0\.1:(\d+)/.exec(worker.stderr)?.[1])
  const lines = async (sent: string) => {
    const socket = dial(port, '127.0.0.1')
    socket.setEncoding('utf8').write(sent)
    let heard = ''
    for await (const chunk of socket) heard += chunk
    return heard.split('\n').filter((line) => line !== '')
  }
  t.equal((await lines('GET / HTTP/1.1\r\n\r\n')).length, 1, 'its greeting alone')
  t.equal((await lines('{'.repeat(5_000))).length, 1)
  t.equal((await lines('{"type":"hello"}\n')).length, 1)
  const hello = {
    type: 'hello',
    version: 1,
    role: 'master',
    cluster: '0'.repeat(16),
    incarnation: 'x',
    nonce: 'f'.repeat(32),
  }
  const [, refusal] = await lines(`${JSON.stringify({ ...hello, dialled: `127.0.0.1:${port}` })}\n`)
  t.match(JSON.parse(refusal!), { type: 'refused', code: 'unauthorised' })
})

t.test('bad usage is told, and nothing is begun', { skip }, async (t) => {
  const python = await PythonCluster.create(t)
  const { cluster } = python
  const end = async (...args: string[]) => {
    const worker = python.worker('p1', args)
    return { code: (await worker.ended).code, stderr: worker.stderr }
  }
  t.match(await end(), { code: 1, stderr: /no secret in .*secret: .*--data names/ })
  await cluster.master()
  t.match(await end('--slot', '2'), { code: 2, stderr: /unrecognized arguments: --slot/ })
  t.match(await end('--slots', '0'), { code: 2, stderr: /--slots: 0 is not from 1 to 10000/ })
  t.match(await end('--master-timeout', '30'), { code: 2, stderr: /30 is no duration/ })
  t.match(await end('--bind', '0.0.0.0'), { code: 2, stderr: /beyond loopback.*--plaintext/ })
  t.ok(existsSync(join(cluster.data, 'secret')))
  chmodSync(join(cluster.data, 'secret'), 0o644)
  t.match(await end(), { code: 1, stderr: /can be read by others: chmod 600/ })
  chmodSync(join(cluster.data, 'secret'), 0o600)
  const secret = readFileSync(join(cluster.data, 'secret'), 'utf8').trim()
  t.notOk((await end('--secret-file', 'none')).stderr.includes(secret))
})

function drill(client: Client, witness: string, payloads: readonly object[]) {
  return Promise.all(payloads.map((payload) => client.submit('drill', { witness, ...payload })))
}

/** No code of a task goes on once its next attempt began. */
function noOverlap(t: { equal: (a: unknown, b: unknown, message: string) => void }, witness: string): void {
  const late = [...grouped(livesOf(readSigns(witness)), ({ task }) => task).values()].flatMap((lives) =>
    lives.slice(1).filter(({ startMs }, index) => lives[index]!.signs.at(-1)!.atMs > startMs),
  )
  t.equal(late.length, 0, 'no task ran twice at the same time')
}
