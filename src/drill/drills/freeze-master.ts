// The master stands still for longer than any lease. It must not blame its workers for the silence, which was its own.
import { formatDuration } from '../../config.js'
import { sendSignal } from '../cluster.js'
import type { Drill } from '../drill.js'
import { named, underLoad } from '../here.js'
import { needs } from '../needs.js'
import type { Stage } from '../stage.js'
import { nobodyBlamed, verdict } from '../verdicts.js'

/** Longer than a lease, shorter than the time after which workers leave. */
const FROZEN_MS_HERE = 20_000

export const freezeMaster: Drill = {
  name: 'freeze-master',
  promises: ['P1', 'P6', 'P7', 'P9', 'P17', 'P19'],
  summary: 'kill -STOP of the master for longer than a lease',
  needs: [needs.proc],
  foreign: true,
  async run(stage) {
    await stage.start({ workers: 3, slots: 4 })
    const frozenMs = Math.round((stage.settings.lease * 4) / 3)
    await stage.submit(100, { ms: [200, 800] })
    stage.stream(100, { ms: [20, 100] })
    await stage.untilEnds(10)
    const before = await stage.incarnations()
    const pid = stage.cluster.pidOf('master')
    const forMs = formatDuration(frozenMs)
    stage.inject(`kill -STOP of the master (pid ${pid}) for ${forMs}`, () => sendSignal(pid, 'SIGSTOP'))
    await stage.wait(frozenMs)
    sendSignal(pid, 'SIGCONT')
    stage.heal('kill -CONT of the master')
    await stage.untilReady(stage.cluster.names.filter((name) => name !== 'master'))
    await judgeFreeze(stage, before)
  },
  here({ master }) {
    const forMs = formatDuration(FROZEN_MS_HERE)
    return {
      words: [
        `kill -STOP of ${named(master)} for ${forMs}, then kill -CONT`,
        'workers end what runs after --code-dead (12s), and it runs again; they leave after --master-timeout (30s)',
      ],
      async play(stage) {
        await underLoad(stage)
        stage.reaper.undo('kill', '-CONT', String(master.pid))
        const before = await stage.incarnations()
        stage.inject(`kill -STOP of ${named(master)} for ${forMs}`, () => sendSignal(master.pid, 'SIGSTOP'))
        await stage.wait(FROZEN_MS_HERE)
        sendSignal(master.pid, 'SIGCONT')
        stage.heal('kill -CONT of the master')
        await judgeFreeze(stage, before)
      },
    }
  },
}

async function judgeFreeze(stage: Stage, before: string): Promise<void> {
  const after = await stage.incarnations()
  stage.judge(verdict('P19', 'all workers are those of before', after === before ? [] : [`before: ${before}`, after]))
  stage.judge(nobodyBlamed(await stage.settle()))
}
