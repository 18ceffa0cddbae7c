// Tasks are being cancelled, and in the grace of their code a worker, another's host and the master are killed: what was
// acknowledged as cancelled is cancelled, and nothing of it is alive or begins again.
import { sendSignal } from '../cluster.js'
import { DEAF_CHILDREN, familiesOf, SERVES_COMMANDS, untilNoneOf } from '../commands.js'
import type { Drill } from '../drill.js'
import { needs } from '../needs.js'
import { unharmed, within } from '../verdicts.js'

const WORKERS = 3
const SLOTS = 2
/** After the grace; that of the worker which was not killed counts from the cancel. */
const SLACK_MS = 1_500

export const killDuringCancel: Drill = {
  name: 'kill-during-cancel',
  promises: ['P1', 'P6', 'P7', 'P9', 'P13', 'P14', 'P17'],
  summary: 'running commands are cancelled; a worker, a host and the master are killed meanwhile',
  needs: [needs.proc],
  async run(stage) {
    await stage.start({ workers: WORKERS, slots: SLOTS, settings: SERVES_COMMANDS })
    const plan = { ms: 200, firstMs: 600_000, deafChildren: DEAF_CHILDREN, asCommand: true, endsWith: 'cancelled' }
    const tasks = await stage.submit(WORKERS * SLOTS, plan)
    const family = await familiesOf(stage, tasks)
    const after = await stage.submit(20, { ms: [5, 40] })
    const atMs = stage.inject(`cancel of ${tasks.length} tasks that run`, () => {})
    const told = await stage.client.cancel(tasks)
    stage.saw(`${told.filter(({ status }) => status === 'cancelling').length} are being cancelled`)
    const [one, other] = stage.chance.shuffled(stage.cluster.names.filter((name) => name !== 'master'))
    const [host] = stage.livesAt(other!).map(({ pid }) => pid)
    const exits = Promise.all(['master', one!].map((name) => stage.cluster.exit(name)))
    stage.inject(`kill -9 of ${one}, of the host of ${other}, and of the master`, () => {
      for (const pid of [stage.cluster.pidOf(one!), host!, stage.cluster.pidOf('master')]) sendSignal(pid, 'SIGKILL')
    })
    const overMs = await untilNoneOf(stage, family)
    stage.measure('all their processes gone after', overMs - atMs)
    const { killGrace } = stage.settings
    const words = 'no process of what was cancelled is left within the grace and 1.5 s'
    stage.judge(within('P13', words, overMs - atMs, killGrace + SLACK_MS))
    await exits
    await stage.cluster.startMaster()
    await stage.cluster.startWorkers([one!])
    stage.heal(`another master, and another process as ${one}`)
    const history = await stage.settle()
    stage.judge(unharmed('P14', 'nothing that was cancelled began again', history, tasks))
    stage.judge(unharmed('P11', 'nobody who waited was charged', history, after))
  },
}
