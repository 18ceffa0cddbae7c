// The master dies in the middle of what it says to its disk: in a write, or in the sync after it.
import { join } from 'node:path'
import type { Drill } from '../drill.js'
import { needs } from '../needs.js'
import { injectInto, SYNCS } from '../strace.js'

const ROUNDS = 10
const ROUNDS_QUICK = 3
/** Of the next calls, which one kills. */
const WHEN_MAX = 20

export const killMasterInWrite: Drill = {
  name: 'kill-master-in-write',
  promises: ['P1', 'P2', 'P3', 'P6', 'P9', 'P17'],
  summary: `the master is killed within a write or a sync to disk, ${ROUNDS} times (--quick: ${ROUNDS_QUICK})`,
  needs: [needs.proc, needs.strace],
  async run(stage) {
    const { cluster } = await stage.start({ workers: 3, slots: 4, realTimers: true })
    await stage.submit(60, { ms: [100, 400] })
    stage.stream(20, { ms: [20, 100] })
    await stage.untilEnds(10)
    const rounds = stage.quick ? ROUNDS_QUICK : ROUNDS
    for (let round = 1; round <= rounds; round += 1) {
      const before = stage.acceptedCount
      const exit = cluster.exit('master')
      const calls = stage.chance.fraction() < 0.5 ? SYNCS : 'pwrite64'
      const when = stage.chance.between(1, WHEN_MAX)
      const file = join(cluster.folder, `strace-${round}`)
      await injectInto(cluster.pidOf('master'), calls, `signal=SIGKILL:when=${when}`, file)
      stage.inject(`the master is to die in call ${when} of ${calls} from now, round ${round} of ${rounds}`, () => {})
      await exit
      await cluster.startMaster()
      stage.heal('another master on the same folder')
      await stage.until('a submit to be accepted again', () => stage.acceptedCount > before)
    }
    await stage.settle()
  },
}
