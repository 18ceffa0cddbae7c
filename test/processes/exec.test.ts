// Commands as tasks in a cluster of real processes.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { Cluster, isAlive, until } from './cluster.js'

t.test('a command that cannot be meant, or is not there, is told before anything starts', async (t) => {
  const cluster = await Cluster.create(t, { tasks: [] })
  for (const [flag, exec, message] of [
    ['--exec', 'x=no-such-command-at-all {}', /exec: "x=no-such-command-at-all \{\}": there is no command/],
    ['--exec', 'echo=cat | wc', /\| is a pipe in a shell, and there is none here/],
    ['--exec', 'cat', /does not begin with a task type/],
    ['--exec-final', 'x=2', /there is no command of the type "x"/],
  ] as const) {
    const started = cluster.run(['start', '--data', cluster.data, '--workers', '1', flag, exec])
    t.equal((await started.ended).code, 2, started.stderr)
    t.match(started.stderr, message)
    t.notOk(existsSync(cluster.data), 'nothing was made')
  }
  await cluster.master()
  const worker = cluster.run(['worker', '--id', 'w1', '--data', cluster.data, '--exec', 'x=no-such-command-at-all'])
  t.equal((await worker.ended).code, 2)
  t.match(worker.stderr, /there is no command no-such-command-at-all/)
})

t.test('lines become arguments, and what is printed the result', async (t) => {
  const cluster = await Cluster.create(t, { tasks: [] })
  const names = Array.from({ length: 40 }, (_, index) => `file ${index}.txt`)
  for (const [index, name] of names.entries()) writeFileSync(join(cluster.folder, name), 'x'.repeat(index))
  await cluster.start(2, [
    '--slots',
    '2',
    '--exec',
    'size=wc -c {}',
    '--exec',
    'fails=sh -c "exit 64"',
    '--exec-final',
    'fails=64',
  ])
  const map = cluster.run(['map', 'size', '--lines', '--ordered', '--data', cluster.data], names.join('\n'))
  t.equal((await map.ended).code, 0, map.stderr)
  const results = map.stdout
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { result: string }).result)
  t.same(
    results,
    names.map((name, index) => `${index} ${name}\n`),
  )
  const failing = cluster.run(['submit', 'fails', '1', '--wait', '--data', cluster.data])
  t.equal((await failing.ended).code, 1)
  t.match(failing.stderr, /exit code 64/)
})

t.test('kill -9 of a worker and its host: the command ends, and runs once more elsewhere', async (t) => {
  const cluster = await Cluster.create(t, { tasks: [] })
  const script = 'echo $$ >> "$1"; test "$DTR_ATTEMPT" -gt 1 && exit; sleep 600 & wait'
  writeFileSync(join(cluster.folder, 'script.sh'), script)
  const { client, workers } = await cluster.start(2, ['--exec', 'once=sh script.sh {}'])
  const file = join(cluster.folder, 'pids')
  const pids = (): number[] =>
    existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean).map(Number) : []
  const handle = await client.submit('once', file)
  const pid = await until('the command to begin', () => pids()[0])
  const { holder = '' } = (await client.get([handle.id]))[0]!
  const name = holder.split('#')[0]!
  const host = await cluster.hostOf(name)
  workers[name === 'w1' ? 0 : 1]!.kill()
  process.kill(host, 'SIGKILL')
  t.equal(await handle.result(), '')
  await until('it to be dead', () => !isAlive(pid))
  t.equal(pids().length, 2)
})
