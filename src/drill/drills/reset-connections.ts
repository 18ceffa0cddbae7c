// Every connection of the cluster is reset in mid-stream, again and again: workers and client come back by themselves.
import { spawnSync } from 'node:child_process'
import { DtrError } from '../../errors.js'
import type { Drill } from '../drill.js'
import { livesOf } from '../history.js'
import { needs } from '../needs.js'
import { unharmed } from '../verdicts.js'

const RESETS = 5
const PAUSE_MS = 700

export const resetConnections: Drill = {
  name: 'reset-connections',
  promises: ['P1', 'P2', 'P6', 'P7', 'P8', 'P9', 'P17'],
  summary: `all TCP connections are reset in mid-stream, ${RESETS} times`,
  needs: [needs.proc, needs.root, needs.ss],
  async run(stage) {
    await stage.start({ workers: 3, slots: 4 })
    await stage.submit(60, { ms: [200, 1_500] })
    stage.stream(10, { ms: [20, 100] })
    await stage.untilEnds(10)
    const running = new Set<string>()
    for (let round = 1; round <= RESETS; round += 1) {
      for (const { task, ended } of livesOf(stage.signs)) if (!ended) running.add(task)
      let count = 0
      stage.inject(`reset of all connections, ${round} of ${RESETS}`, () => {
        count = resetAll(stage.settings.port, stage.settings.workerPorts.last)
      })
      if (count === 0) throw new DtrError('unsupported', 'ss -K ended no connection: this kernel may not know how')
      await stage.wait(PAUSE_MS)
      await stage.untilReady(stage.cluster.names.filter((name) => name !== 'master'))
      stage.saw('all workers are back')
    }
    stage.heal('no more resets')
    const history = await stage.settle()
    stage.judge(unharmed('P8', `${running.size} attempts that ran meanwhile were not run again`, history, [...running]))
  },
}

/** Connections that end at a port from `first` to `last`. @returns how many there were */
function resetAll(first: number, last: number): number {
  const filter = `( sport >= :${first} and sport <= :${last} )`
  const { stdout } = spawnSync('ss', ['-K', '-H', '-tn', 'state', 'established', filter], { encoding: 'utf8' })
  return stdout.split('\n').filter((line) => line.trim() !== '').length
}
