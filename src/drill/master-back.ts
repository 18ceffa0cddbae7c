// P8: a master that is back within 8 s costs no running attempt. Of one that took longer nothing is said.
import { type MonoMs, rawMonoMs } from '../clock.js'
import type { Life } from './history.js'
import type { Stage } from './stage.js'
import { unharmed } from './verdicts.js'

const BACK_MS_MAX = 8_000

/** @param running what ran when the master went away, at `goneMs` */
export async function judgeReturn(stage: Stage, goneMs: MonoMs, running: readonly Life[]): Promise<void> {
  const names = stage.cluster.names.filter((name) => name !== 'master')
  await stage.untilReady(names)
  stage.saw(`${names.join(', ')} are back`)
  const backMs = rawMonoMs() - goneMs
  stage.measure('all workers were back after', backMs)
  const history = await stage.settle()
  const ids = running.map(({ task }) => task)
  if (backMs < BACK_MS_MAX) {
    stage.judge(unharmed('P8', `${ids.length} attempts ran on and were not run again`, history, ids))
  } else stage.saw('P8 was not judged: the master was not back within 8 s')
}
