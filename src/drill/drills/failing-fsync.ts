// The disk refuses to sync: what is not on it must not be acknowledged.
import { join } from 'node:path'
import type { Drill } from '../drill.js'
import { needs } from '../needs.js'
import { injectInto, SYNCS } from '../strace.js'
import { verdict } from '../verdicts.js'

const FAILS_MS = 2_000
/** What was on disk before may still be on its way to the client. */
const ON_ITS_WAY_MS = 250

export const failingFsync: Drill = {
  name: 'failing-fsync',
  promises: ['P1', 'P4', 'P6', 'P9', 'P17'],
  summary: 'every sync to disk of the master fails (EIO) for two seconds',
  needs: [needs.proc, needs.strace],
  async run(stage) {
    const { cluster } = await stage.start({ workers: 3, slots: 4 })
    await stage.submit(60, { ms: [100, 400] })
    stage.stream(50, { ms: [20, 100] })
    await stage.untilEnds(10)
    const injection = await injectInto(
      cluster.pidOf('master'),
      { calls: SYNCS, what: 'error=EIO' },
      join(cluster.folder, 'strace'),
    )
    stage.inject('every sync to disk fails now', () => {})
    await stage.until('a sync that failed', () => injection.count() > 0)
    await stage.wait(ON_ITS_WAY_MS)
    const before = stage.acceptedCount
    await stage.wait(FAILS_MS)
    const during = stage.acceptedCount - before
    stage.judge(
      verdict(
        'P4',
        'nothing was accepted that is not on disk',
        during === 0 ? [] : [`${during} submits were accepted`],
      ),
    )
    await injection.end()
    stage.measure('syncs that failed', injection.count(), 'count')
    stage.heal('the disk is as it was')
    if (!cluster.names.includes('master')) {
      await cluster.startMaster()
      stage.heal('the master had left: another in its place')
    }
    await stage.until('a submit to be accepted again', () => stage.acceptedCount > before)
    await stage.settle()
  },
}
