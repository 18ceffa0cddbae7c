// All workers but one are killed at once, their hosts with them.
import { sendSignal } from '../cluster.js'
import type { Drill } from '../drill.js'
import { CHARGED, heldBy, named, STAYS_DEAD, takenOver, underLoad, victimOf, workersOf } from '../here.js'
import { needs } from '../needs.js'

export const killWorkers: Drill = {
  name: 'kill-workers',
  promises: ['P1', 'P6', 'P7', 'P9', 'P17'],
  summary: 'kill -9 of all workers but one, together with the processes that run their tasks',
  needs: [needs.proc],
  foreign: true,
  async run(stage) {
    await stage.start({ workers: 4, slots: 3 })
    await stage.submit(150, { ms: [100, 400] })
    stage.stream(50, { ms: [50, 200] })
    await stage.untilEnds(20)
    const names = stage.cluster.names.filter((name) => name !== 'master')
    const victims = stage.chance.shuffled(names).slice(1)
    const pids = victims.flatMap((name) => [stage.cluster.pidOf(name), ...stage.cluster.hostsOf(name)])
    const exits = victims.map((name) => stage.cluster.exit(name))
    stage.inject(`kill -9 of ${victims.join(', ')} and their hosts`, () => {
      for (const pid of stage.chance.shuffled(pids)) sendSignal(pid, 'SIGKILL')
    })
    await Promise.all(exits)
    await stage.cluster.startWorkers(victims)
    stage.heal(`others as ${victims.join(', ')}`)
    await stage.settle()
  },
  here(running, chance) {
    const victims = chance.shuffled(workersOf(running, 2)).slice(1)
    const names = victims.map(named).join(', ')
    return {
      words: [`kill -9 of ${names}; ${STAYS_DEAD}`, CHARGED],
      async play(stage) {
        await underLoad(stage)
        const held = await heldBy(stage, victims)
        const pids = victims.flatMap(({ pid, hosts = [] }) => [pid, ...hosts.map((host) => host.pid)])
        stage.inject(`kill -9 of ${names} and their hosts while they ran ${held.length} tasks`, () => {
          for (const pid of stage.chance.shuffled(pids)) sendSignal(pid, 'SIGKILL')
        })
        await Promise.all(victims.map((victim) => stage.untilState(victimOf(victim), ['gone'])))
        stage.judge(await takenOver(stage, held))
      },
    }
  },
}
