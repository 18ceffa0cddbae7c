import t from 'tap'
import { resolveSettings } from '../../src/config.js'
import { argsOf, MASTER_SETTINGS, WORKER_SETTINGS } from '../../src/launch/command-line.js'
import { RespawnPause } from '../../src/launch/respawn.js'

t.test('what differs from the defaults is said, and nothing else', async (t) => {
  t.same(argsOf(MASTER_SETTINGS, resolveSettings({}, {})), [])
  const settings = resolveSettings(
    {
      port: 6000,
      workerPorts: '6001-6010',
      hosts: ['a', 'b'],
      logJson: true,
      masterTimeout: 'never',
      tasks: ['/t.mjs'],
    },
    {},
  )
  t.same(argsOf(MASTER_SETTINGS, settings), [
    '--log-json',
    '--port=6000',
    '--worker-ports=6001-6010',
    '--hosts=a',
    '--hosts=b',
  ])
  t.same(argsOf(WORKER_SETTINGS, { ...settings, id: 'w' }), [
    '--log-json',
    '--id=w',
    '--worker-ports=6001-6010',
    '--tasks=/t.mjs',
    '--master-timeout=never',
  ])
})

t.test('the timings hang on each other: where one differs all are said', async (t) => {
  const settings = resolveSettings({ heartbeat: '1s', suspect: '5s' }, {})
  const args = argsOf(MASTER_SETTINGS, settings)
  t.same(args, ['--heartbeat=1s', '--suspect=5s', '--lease=7500ms', '--code-dead=6s'])
})

t.test('a process that keeps ending is started again ever later, until it has lived', async (t) => {
  const pause = new RespawnPause()
  const waits = Array.from({ length: 7 }, () => pause.after(0))
  t.same(waits, [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000])
  t.equal(pause.after(60_000), 1_000)
})
