// A worker's tasks complete, and nobody hears of it: the master is gone, and the worker stands still until its tasks run
// elsewhere. Then it delivers what it has, with leases that are not its own any more.
import { sendSignal } from '../cluster.js'
import type { Drill } from '../drill.js'
import { livesOf } from '../history.js'
import { needs } from '../needs.js'
import { verdict } from '../verdicts.js'

const SLOTS = 2
const FIRST_MS = 2_000
/** From the end of a task to its result on the way to the master. */
const SENT_MS = 100

export const lateResult: Drill = {
  name: 'late-result',
  promises: ['P1', 'P5', 'P6', 'P7', 'P9', 'P17'],
  summary: 'results that no master has heard of arrive when their tasks run elsewhere',
  needs: [needs.proc],
  foreign: true,
  async run(stage) {
    // It is to deliver them, and not to leave for having lost its master meanwhile.
    await stage.start({ workers: 3, slots: SLOTS, settings: { masterTimeout: 120_000 } })
    const { cluster } = stage
    const againMs = stage.settings.lease
    await stage.submit(3 * SLOTS, { ms: againMs, firstMs: FIRST_MS })
    const victim = await stage.victim(SLOTS)
    const leases = victim.lives.map(({ lease }) => lease)
    const master = cluster.pidOf('master')
    stage.inject(`kill -STOP of the master (pid ${master}) while ${victim.name} runs ${leases.length} tasks`, () =>
      sendSignal(master, 'SIGSTOP'),
    )
    await stage.until('its tasks to end', () => {
      const ended = new Set(livesOf(stage.signs).flatMap(({ lease, ended }) => (ended ? [lease] : [])))
      return leases.every((lease) => ended.has(lease))
    })
    await stage.wait(SENT_MS)
    const exit = cluster.exit('master')
    stage.inject(`kill -STOP of ${victim.name} (pid ${victim.pid}), kill -9 of the master`, () => {
      sendSignal(victim.pid, 'SIGSTOP')
      sendSignal(master, 'SIGKILL')
    })
    await exit
    await cluster.startMaster()
    stage.heal('another master on the same folder')
    const tasks = new Set(victim.lives.map(({ task }) => task))
    await stage.until('its tasks to run elsewhere', () => {
      const again = livesOf(stage.signs).filter(({ task, lease }) => tasks.has(task) && !leases.includes(lease))
      return again.length === tasks.size
    })
    sendSignal(victim.pid, 'SIGCONT')
    stage.heal(`its tasks run elsewhere: kill -CONT of ${victim.name}`)
    const refused = async (): Promise<number | undefined> => {
      const { stale } = await stage.client.status()
      return stale >= leases.length ? stale : undefined
    }
    const stale = await stage.until('the late results to be refused', refused)
    const words = `all ${leases.length} late results were refused as stale`
    stage.judge(verdict('P5', words, stale === leases.length ? [] : [`${stale} were`]))
    await stage.untilReady([victim.name])
    stage.saw(`${victim.name} is at work again`)
    await stage.settle()
  },
}
