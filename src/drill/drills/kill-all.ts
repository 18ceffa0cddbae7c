// Everything is killed in random order, again and again, while work comes in.
import { sendSignal } from '../cluster.js'
import type { Drill } from '../drill.js'
import { needs } from '../needs.js'

const ROUNDS = 20
const ROUNDS_QUICK = 3
const GAP_MS_MAX = 30

export const killAll: Drill = {
  name: 'kill-all',
  promises: ['P1', 'P2', 'P6', 'P7', 'P9', 'P17'],
  summary: `kill -9 of every process in random order, ${ROUNDS} times (--quick: ${ROUNDS_QUICK})`,
  needs: [needs.proc],
  foreign: true,
  async run(stage) {
    const { cluster } = await stage.start({ workers: 3, slots: 4 })
    await stage.submit(100, { ms: [50, 300] })
    stage.stream(30, { ms: [20, 100] })
    const workers = cluster.names.filter((name) => name !== 'master')
    const rounds = stage.quick ? ROUNDS_QUICK : ROUNDS
    for (let round = 1; round <= rounds; round += 1) {
      const ended = stage.signs.filter(({ what }) => what === 'end').length
      await stage.untilEnds(ended + 10)
      const pids = cluster.names.flatMap((name) => [cluster.pidOf(name), ...cluster.hostsOf(name)])
      const exits = Promise.all(cluster.names.map((name) => cluster.exit(name)))
      stage.inject(`kill -9 of everything, round ${round} of ${rounds}`, () => {})
      for (const pid of stage.chance.shuffled(pids)) {
        sendSignal(pid, 'SIGKILL')
        await stage.wait(stage.chance.between(0, GAP_MS_MAX))
      }
      await exits
      await cluster.startMaster()
      await cluster.startWorkers(workers)
      stage.heal('all started again')
      await stage.untilReady(workers)
    }
    await stage.settle()
  },
}
