// The master stands still for longer than any lease. It must not blame its workers for the silence, which was its own.
import { formatDuration } from '../../config.js'
import { sendSignal } from '../cluster.js'
import type { Drill } from '../drill.js'
import { needs } from '../needs.js'
import { nobodyBlamed, verdict } from '../verdicts.js'

export const freezeMaster: Drill = {
  name: 'freeze-master',
  promises: ['P1', 'P6', 'P7', 'P9', 'P17', 'P19'],
  summary: 'kill -STOP of the master for longer than a lease',
  needs: [needs.proc],
  async run(stage) {
    await stage.start({ workers: 3, slots: 4 })
    const frozenMs = Math.round((stage.settings.lease * 4) / 3)
    await stage.submit(100, { ms: [200, 800] })
    stage.stream(100, { ms: [20, 100] })
    await stage.untilEnds(10)
    const incarnations = async (): Promise<string> => {
      const { workers } = await stage.client.status()
      return workers
        .map(({ incarnation }) => incarnation)
        .sort()
        .join(', ')
    }
    const before = await incarnations()
    const pid = stage.cluster.pidOf('master')
    const forMs = formatDuration(frozenMs)
    stage.inject(`kill -STOP of the master (pid ${pid}) for ${forMs}`, () => sendSignal(pid, 'SIGSTOP'))
    await stage.wait(frozenMs)
    sendSignal(pid, 'SIGCONT')
    stage.heal('kill -CONT of the master')
    await stage.untilReady(stage.cluster.names.filter((name) => name !== 'master'))
    const after = await incarnations()
    stage.judge(verdict('P19', 'all workers are those of before', after === before ? [] : [`before: ${before}`, after]))
    stage.judge(nobodyBlamed(await stage.settle()))
  },
}
