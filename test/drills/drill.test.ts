// `dtr drill` as a person runs it, and one for real: the others are run by hand, for their bounds want a machine alone.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { readRunFiles, runFolder } from '../../src/net/run-file.js'
import { Cluster, isAlive, until } from '../processes/cluster.js'

t.test('the list, for people and for programs; what is bad usage', async (t) => {
  const cluster = await Cluster.create(t)
  const run = async (...args: string[]) => {
    const started = cluster.run(['drill', ...args])
    return { code: (await started.ended).code, stdout: started.stdout, stderr: started.stderr }
  }
  const listed = await run('--list')
  t.match(listed, { code: 0, stdout: /^kill-worker +P1 .*kill -9 of a worker/m })
  const drills = JSON.parse((await run('--list', '--json')).stdout) as Record<string, unknown>[]
  t.match(drills[0], { name: String, promises: [String], summary: String })
  t.match(await run(), { code: 2, stderr: /say which drills/ })
  t.match(await run('--all', 'kill-worker'), { code: 2 })
  t.match(await run('kil-worker'), { code: 2, stderr: /did you mean: kill-worker/ })
  t.match(await run('kill-worker', '--jobs', '0'), { code: 2, stderr: /--jobs/ })
  t.match(await run('kill-worker', '--seed', '-1'), { code: 2, stderr: /--seed/ })
})

t.test('drills hold, two at a time, and leave nothing behind', async (t) => {
  const cluster = await Cluster.create(t)
  // What the user has set for a cluster of theirs is nothing to the one of a drill.
  const settings = { DTR_MASTER: '127.0.0.1:1', DTR_WORKERS: '0', TMPDIR: cluster.folder }
  const drilled = cluster.run(
    ['drill', 'poison-task', 'kill-worker', '--quick', '--jobs', '2', '--seed', '1', '--json'],
    undefined,
    settings,
  )
  const { code } = await drilled.ended
  const results = JSON.parse(drilled.stdout) as {
    name: string
    verdicts: { held: boolean }[]
    folder?: string
  }[]
  t.same(
    results.map(({ name }) => name),
    ['kill-worker', 'poison-task'],
    'in the order of the list',
  )
  for (const result of results) {
    t.match(result, { outcome: 'held', seed: 1, quick: true, timeline: [{ kind: 'seen', atMs: Number }] }, result.name)
    t.ok(result.verdicts.length >= 6 && result.verdicts.every(({ held }) => held))
  }
  t.equal(code, 0, drilled.stderr)
  t.notOk(
    readdirSync(cluster.folder).some((name) => name.startsWith('dtr-drill')),
    'no folder is left',
  )
})

t.test('Ctrl-C ends a drill, its cluster and its folder', async (t) => {
  const cluster = await Cluster.create(t)
  const drilled = cluster.run(['drill', 'lose-master', '--quick'], undefined, { TMPDIR: cluster.folder })
  const [, pid] = await until(
    'the fault',
    () => /kill -9 of the master \(pid (\d+)\)/.exec(drilled.stdout) ?? undefined,
  )
  const own = readdirSync(cluster.folder).find((name) => name.startsWith('dtr-drill'))
  const workers = readRunFiles(runFolder(join(cluster.folder, own!, 'data')))
  t.ok(workers.length >= 3)
  drilled.kill('SIGINT')
  t.equal((await drilled.ended).code, 130, drilled.stderr)
  t.same([Number(pid), ...workers.map((worker) => worker.pid)].filter(isAlive), [])
  t.notOk(readdirSync(cluster.folder).some((name) => name.startsWith('dtr-drill')))
})
