// Machines that were booted days apart: what is monotonic counts from another moment on each. The master dies, and the next
// one is on another of them. Nothing that one process tells another, or leaves in the store, may be such a time.
import { type Place, sendSignal } from '../cluster.js'
import type { Drill } from '../drill.js'
import { livesOf } from '../history.js'
import { judgeReturn } from '../master-back.js'
import { needs } from '../needs.js'
import { nobodyBlamed } from '../verdicts.js'

const DAY_S = 86_400
/** Of each worker; a boot cannot be later than that of the machine itself. */
const DAYS_AHEAD: Readonly<Record<string, number>> = { 'worker-1': 1, 'worker-2': 10, 'worker-3': 0 }
/** Of one master and of the next. */
const DAYS_AHEAD_OF_MASTERS = [5, 2]

export const bootTimes: Drill = {
  name: 'boot-times',
  promises: ['P1', 'P6', 'P7', 'P8', 'P9', 'P17', 'P19'],
  summary: 'processes whose monotonic clocks are days apart, and the next master on yet another clock',
  needs: [needs.proc, needs.timeNamespace],
  foreign: true,
  async run(stage) {
    const masters = DAYS_AHEAD_OF_MASTERS.values()
    const { cluster } = await stage.start({
      ...{ workers: 3, slots: 4, realTimers: true },
      places: (name) => bootedEarlier(name === 'master' ? (masters.next().value ?? 0) : (DAYS_AHEAD[name] ?? 0)),
    })
    await stage.submit(30, { ms: [300, 2_500] })
    stage.stream(50, { ms: [20, 100] })
    await stage.untilEnds(10)
    const running = livesOf(stage.signs).filter(({ ended }) => !ended)
    const exit = cluster.exit('master')
    const pid = cluster.pidOf('master')
    const ran = `while ${running.length} tasks ran`
    const atMs = stage.inject(`kill -9 of the master (pid ${pid}) ${ran}`, () => sendSignal(pid, 'SIGKILL'))
    await exit
    await cluster.startMaster()
    stage.heal('another master, whose monotonic clock is three days behind the one before')
    await judgeReturn(stage, atMs, running)
    stage.judge(nobodyBlamed(await stage.settle()))
  },
}

function bootedEarlier(days: number): Place {
  const seconds = String(days * DAY_S)
  return { via: ['unshare', '--time', '--monotonic', seconds, '--boottime', seconds] }
}
