// The disk is slow, as if its queue were full: nobody is to be blamed for it, least of all the workers.
import { join } from 'node:path'
import { formatDuration } from '../../config.js'
import type { Drill } from '../drill.js'
import { needs } from '../needs.js'
import { injectInto, SYNCS } from '../strace.js'
import { nobodyBlamed } from '../verdicts.js'

const SLOW_SYNCS = 3

export const slowFsync: Drill = {
  name: 'slow-fsync',
  promises: ['P1', 'P6', 'P9', 'P17', 'P19'],
  summary: 'each sync to disk of the master takes as long as a worker may be silent',
  needs: [needs.proc, needs.strace],
  async run(stage) {
    await stage.start({ workers: 3, slots: 4 })
    await stage.submit(60, { ms: [100, 400] })
    stage.stream(100, { ms: [20, 100] })
    await stage.untilEnds(10)
    const delayMs = stage.settings.suspect
    const what = `delay_enter=${delayMs * 1_000}`
    const injection = await injectInto(
      stage.cluster.pidOf('master'),
      { calls: SYNCS, what },
      join(stage.cluster.folder, 'strace'),
    )
    stage.inject(`a sync to disk takes ${formatDuration(delayMs)} now`, () => {})
    await stage.until(`${SLOW_SYNCS} slow syncs`, () => injection.count() >= SLOW_SYNCS)
    await injection.end()
    stage.heal('the disk is as fast as before')
    stage.measure('syncs that were slow', injection.count(), 'count')
    stage.judge(nobodyBlamed(await stage.settle()))
  },
}
