// Every connection of the cluster is reset in mid-stream, again and again: workers and client come back by themselves.
import { spawnSync } from 'node:child_process'
import { DtrError } from '../../errors.js'
import type { Drill } from '../drill.js'
import { named, underLoad } from '../here.js'
import { livesOf } from '../history.js'
import { needs } from '../needs.js'
import type { Stage } from '../stage.js'
import { unharmed } from '../verdicts.js'

const RESETS = 5
const PAUSE_MS = 700

export const resetConnections: Drill = {
  name: 'reset-connections',
  promises: ['P1', 'P2', 'P6', 'P7', 'P8', 'P9', 'P17'],
  summary: `all TCP connections are reset in mid-stream, ${RESETS} times`,
  needs: [needs.proc, needs.root, needs.ss],
  foreign: true,
  async run(stage) {
    await stage.start({ workers: 3, slots: 4 })
    await stage.submit(60, { ms: [200, 1_500] })
    stage.stream(10, { ms: [20, 100] })
    await stage.untilEnds(10)
    const { port, workerPorts } = stage.settings
    const ports = Array.from({ length: workerPorts.last - port + 1 }, (_, index) => port + index)
    const names = stage.cluster.names.filter((name) => name !== 'master')
    const running = new Set<string>()
    await resetOften(stage, ports, names, () => {
      for (const { task, ended } of livesOf(stage.signs)) if (!ended) running.add(task)
    })
    const history = await stage.settle()
    stage.judge(unharmed('P8', `${running.size} attempts that ran meanwhile were not run again`, history, [...running]))
  },
  here({ master, workers }) {
    const processes = [master, ...workers]
    return {
      words: [`reset of all connections of ${processes.map(named).join(', ')}, ${RESETS} times`],
      async play(stage) {
        await underLoad(stage)
        const ports = processes.flatMap(({ port = [] }) => port)
        await resetOften(
          stage,
          ports,
          workers.map(({ name }) => name),
        )
        const history = await stage.settle()
        const ids = history.accepted.map(({ id }) => id)
        stage.judge(unharmed('P8', `none of ${ids.length} tasks was charged for more than one attempt`, history, ids))
      },
    }
  },
}

async function resetOften(stage: Stage, ports: readonly number[], names: readonly string[], before = (): void => {}) {
  for (let round = 1; round <= RESETS; round += 1) {
    before()
    let count = 0
    stage.inject(`reset of all connections, ${round} of ${RESETS}`, () => {
      count = resetAll(ports)
    })
    if (count === 0) throw new DtrError('unsupported', 'ss -K ended no connection: this kernel may not know how')
    await stage.wait(PAUSE_MS)
    await stage.untilReady(names)
    stage.saw('all workers are back')
  }
  stage.heal('no more resets')
}

/** Connections that end at one of these ports. @returns how many there were */
function resetAll(ports: readonly number[]): number {
  const filter = `( ${ports.map((port) => `sport = :${port}`).join(' or ')} )`
  const { stdout } = spawnSync('ss', ['-K', '-H', '-tn', 'state', 'established', filter], { encoding: 'utf8' })
  return stdout.split('\n').filter((line) => line.trim() !== '').length
}
