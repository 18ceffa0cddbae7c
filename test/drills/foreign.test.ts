// `dtr drill --worker`: the drills of dtr's own workers, done to the worker in Python.
import t from 'tap'
import { chooseForeign, DRILLS } from '../../src/drill/drills.js'
import { missingPython, WORKER } from '../examples/python-cluster.js'
import { Cluster } from '../processes/cluster.js'

const skip = missingPython()

t.test('they hold, two at a time', { skip }, async (t) => {
  const cluster = await Cluster.create(t)
  const flags = ['--quick', '--jobs', '2', '--seed', '1', '--json', '--worker', `python3 '${WORKER}'`]
  const drilled = cluster.run(['drill', 'kill-worker', 'freeze-worker', ...flags], undefined, {
    TMPDIR: cluster.folder,
    PYTHONDONTWRITEBYTECODE: '1',
  })
  const { code } = await drilled.ended
  const results = JSON.parse(drilled.stdout) as { name: string; verdicts: { held: boolean }[] }[]
  t.same(
    results.map(({ name }) => name),
    ['kill-worker', 'freeze-worker'],
  )
  for (const result of results) {
    t.match(result, { outcome: 'held', worker: `python3 '${WORKER}'` }, JSON.stringify(result, undefined, 1))
    t.ok(result.verdicts.length >= 6 && result.verdicts.every(({ held }) => held))
  }
  t.equal(code, 0, drilled.stderr)
})

t.test('a command that is no worker is told as one', async (t) => {
  const cluster = await Cluster.create(t)
  const drilled = cluster.run(['drill', 'kill-worker', '--quick', '--worker', 'false'], undefined, {
    TMPDIR: cluster.folder,
  })
  t.equal((await drilled.ended).code, 1)
  t.match(drilled.stdout, /worker-\d .*ended: exit code 1/)
  t.match(drilled.stdout, /worker-\d ended before it was ready; .*worker-\d\.log may say why/)
})

t.test('which drills can be done so; what is bad usage', async (t) => {
  const able = DRILLS.filter(({ foreign }) => foreign === true)
  t.same(chooseForeign(able), able)
  const own = DRILLS.filter(({ foreign }) => foreign !== true)
  for (const drill of own) t.throws(() => chooseForeign([drill]), { code: 'bad_input', message: drill.name })
  const cluster = await Cluster.create(t)
  const run = async (...args: string[]) => {
    const started = cluster.run(['drill', ...args])
    return { code: (await started.ended).code, stderr: started.stderr }
  }
  t.match(await run('reconnect-burst', '--worker', 'x'), {
    code: 2,
    stderr: /reconnect-burst cannot be done with --worker/,
  })
  t.match(await run('kill-worker', '--worker', ''), { code: 2, stderr: /--worker: must not be empty/ })
  t.match(await run('kill-worker', '--worker', 'x', '--here'), { code: 2, stderr: /--worker: a cluster that runs/ })
  t.match(await run('kill-worker', '--worker', 'x', '--all'), { code: 2, stderr: /names, or --all/ })
})
