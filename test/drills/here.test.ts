// Drills on a cluster that is its user's: what is done to whom, never unasked, and nothing of theirs stays frozen.
import { spawn, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import type { DrillResult } from '../../src/drill/drill.js'
import { BIN, Cluster, isAlive, Process, until } from '../processes/cluster.js'

async function start(t: Test, count: number): Promise<{ cluster: Cluster; workers: readonly Process[] }> {
  const cluster = await Cluster.create(t)
  // Which makes the lease short as well.
  await cluster.master(['--heartbeat', '300ms'])
  const names = Array.from({ length: count }, (_, index) => `w${index + 1}`)
  const workers = await Promise.all(names.map((name) => cluster.worker(name, ['--builtins', '--slots', '4'])))
  await cluster.untilReady(await cluster.client(), names)
  return { cluster, workers }
}

async function drill(cluster: Cluster, ...args: string[]): Promise<{ code: number | null; out: string; err: string }> {
  const drilled = cluster.run(['drill', ...args])
  const { code } = await drilled.ended
  return { code, out: drilled.stdout, err: drilled.stderr }
}

t.test('a worker of theirs is killed, and their cluster goes on', async (t) => {
  const { cluster, workers } = await start(t, 3)
  const { code, out, err } = await drill(cluster, 'kill-worker', '--here', '--yes', '--json')
  t.equal(code, 0, err)
  const [result] = JSON.parse(out) as DrillResult[]
  t.match(result, { name: 'kill-worker', outcome: 'held', here: true })
  t.same(result?.promises, ['P1', 'P6', 'P9', 'P17'], 'what needs a witness is not judged')
  t.ok(result!.verdicts.length >= 5 && result!.verdicts.every(({ held }) => held))
  t.equal(workers.filter(({ pid }) => isAlive(pid)).length, 2, 'one is dead, and stays so')
})

t.test('what cannot be done, and what is not done unasked', async (t) => {
  const { cluster, workers } = await start(t, 1)
  const bad = async (args: string[], stderr: RegExp): Promise<void> => {
    t.match(await drill(cluster, ...args), { code: 2, err: stderr }, args.join(' '))
  }
  await bad(['kill-worker', '--here', '--yes'], /it takes 2 workers of this machine, and there are 1/)
  await bad(
    ['freeze-master', '--here'],
    /kill -STOP of master \(pid \d+\) for 20s.*there is no terminal to ask at.*--yes/s,
  )
  await bad(['kill-all', '--here', '--yes'], /kill-all is for a cluster of its own/)
  await bad(['--all', '--here', '--yes'], /by name/)
  await bad(['kill-worker', '--here', '--quick'], /--quick/)
  await bad(['kill-worker', '--yes'], /--yes/)
  t.ok(workers.every(({ pid }) => isAlive(pid)))
})

t.test('kill -9 of a drill that has frozen a worker of theirs: it goes on', async (t) => {
  const { cluster } = await start(t, 2)
  const drilled = cluster.run(['drill', 'freeze-worker', '--here', '--yes'])
  const [, pid] = await until('the fault', () => /kill -STOP of w\d \(pid (\d+)\)/.exec(drilled.stdout) ?? undefined)
  const stands = (): boolean => /^State:\tT/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  // The line is printed before the signal is sent, and a process stops a moment after it.
  await until('it to stand still', stands)
  drilled.kill('SIGKILL')
  await until('it to go on', () => !stands())
  t.ok(isAlive(Number(pid)))
})

const scriptTool = spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout?.includes('util-linux') === true

t.test('the question at a terminal: a no does nothing', { skip: scriptTool ? false : 'needs script' }, async (t) => {
  const { cluster, workers } = await start(t, 2)
  const command = `'${process.execPath}' '${BIN}' drill kill-worker --here`
  for (const answer of ['\n', 'yesterday\n']) {
    const asked = new Process(spawn('script', ['-qfec', command, '/dev/null'], { cwd: cluster.folder }))
    t.teardown(() => asked.end ?? asked.kill())
    await until('the question', () => asked.stdout.includes('do it? [y/N]'))
    t.match(asked.stdout, /kill -9 of w\d \(pid \d+\); what is killed stays dead/)
    asked.child.stdin?.write(answer)
    t.match(await asked.ended, { code: 1 })
    t.match(asked.stdout, /nothing was done/)
  }
  t.ok(workers.every(({ pid }) => isAlive(pid)))
})
