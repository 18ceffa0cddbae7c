// The master is killed under load and started again at once: running attempts go on, nothing accepted is forgotten.
import { sendSignal } from '../cluster.js'
import type { Drill } from '../drill.js'
import { livesOf } from '../history.js'
import { judgeReturn } from '../master-back.js'
import { needs } from '../needs.js'

export const killMaster: Drill = {
  name: 'kill-master',
  promises: ['P1', 'P2', 'P6', 'P8', 'P9', 'P17'],
  summary: 'kill -9 of the master under load, and another one in its place',
  needs: [needs.proc],
  foreign: true,
  async run(stage) {
    await stage.start({ workers: 3, slots: 4, realTimers: true })
    await stage.submit(60, { ms: [300, 1_500] })
    stage.stream(20, { ms: [20, 100] })
    await stage.untilEnds(10)
    const running = livesOf(stage.signs).filter(({ ended }) => !ended)
    const exit = stage.cluster.exit('master')
    const before = stage.acceptedCount
    const pid = stage.cluster.pidOf('master')
    const atMs = stage.inject(`kill -9 of the master (pid ${pid}) while ${running.length} tasks ran`, () =>
      sendSignal(pid, 'SIGKILL'),
    )
    await exit
    await stage.cluster.startMaster()
    stage.heal('another master on the same folder')
    await stage.until('a submit to be accepted again', () => stage.acceptedCount > before)
    await judgeReturn(stage, atMs, running)
  },
}
