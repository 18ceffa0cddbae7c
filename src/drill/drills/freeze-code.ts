// A worker and the code that it runs stand still until that code runs elsewhere. No margin covers this pause: overlap is
// possible, and bounded by how soon the late code is ended once it wakes.
import { sendSignal } from '../cluster.js'
import type { Drill } from '../drill.js'
import { livesOf } from '../history.js'
import { needs } from '../needs.js'

export const freezeCode: Drill = {
  name: 'freeze-code',
  promises: ['P5', 'P6', 'P7', 'P9', 'P17'],
  summary: 'kill -STOP of a worker and of its code, kill -CONT while that code runs elsewhere',
  needs: [needs.proc],
  foreign: true,
  async run(stage) {
    await stage.start({ workers: 3, slots: 2 })
    const { lease } = stage.settings
    // The first attempt would go on for long after it wakes; the second one runs meanwhile.
    await stage.submit(6, { ms: 3_000, firstMs: lease + 5_000 })
    const workers = stage.cluster.names.filter((name) => name !== 'master')
    await stage.until('all workers to be busy', () => workers.every((name) => stage.livesAt(name).length === 2))
    const victim = await stage.victim()
    const pids = [victim.pid, ...stage.cluster.hostsOf(victim.name)]
    const atMs = stage.inject(`kill -STOP of ${victim.name} and its host (pids ${pids.join(', ')})`, () => {
      for (const pid of pids) sendSignal(pid, 'SIGSTOP')
    })
    stage.measure('given up after', (await stage.untilState(victim, ['gone', 'lost'])) - atMs)
    await stage.cluster.startWorkers(['worker-4'])
    const tasks = victim.lives.map(({ task }) => task)
    await stage.until('its code to run elsewhere', () =>
      tasks.some((task) => livesOf(stage.signs).some((life) => life.task === task && life.startMs > atMs)),
    )
    stage.saw('its code runs elsewhere')
    stage.wake(pids)
    stage.heal(`kill -CONT of ${victim.name} and its host`)
    await stage.untilReady([victim.name])
    stage.saw(`${victim.name} is at work again`)
    await stage.settle()
  },
}
