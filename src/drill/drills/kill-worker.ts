// One worker is killed: its port refuses at once, which proves that its code is dead as well.
import { sendSignal } from '../cluster.js'
import type { Drill } from '../drill.js'
import { CHARGED, heldBy, named, STAYS_DEAD, takenOver, underLoad, victimOf, workersOf } from '../here.js'
import { needs } from '../needs.js'
import { within } from '../verdicts.js'

/** Proof of death (design: section 5). */
const NOTICED_MS_MAX = 2_000
const NOTICED = 'a dead process is noticed within 2 s'

export const killWorker: Drill = {
  name: 'kill-worker',
  promises: ['P1', 'P6', 'P7', 'P9', 'P17'],
  summary: 'kill -9 of a worker that runs tasks',
  needs: [needs.proc],
  foreign: true,
  async run(stage) {
    await stage.start({ workers: 3, slots: 4 })
    await stage.submit(150, { ms: [100, 400] })
    stage.stream(50, { ms: [50, 200] })
    await stage.untilEnds(20)
    const victim = await stage.victim()
    const ran = `while it ran ${victim.lives.length} tasks`
    const atMs = stage.inject(`kill -9 of ${victim.name} (pid ${victim.pid}) ${ran}`, () =>
      sendSignal(victim.pid, 'SIGKILL'),
    )
    const goneMs = await stage.untilState(victim, ['gone'])
    stage.measure('given up after', goneMs - atMs)
    stage.judge(within('P17', NOTICED, goneMs - atMs, NOTICED_MS_MAX))
    await stage.cluster.startWorkers([victim.name])
    stage.heal(`another process as ${victim.name}`)
    await stage.settle()
  },
  here(running, chance) {
    const victim = chance.shuffled(workersOf(running, 2))[0]!
    return {
      words: [`kill -9 of ${named(victim)}; ${STAYS_DEAD}`, CHARGED],
      async play(stage) {
        await underLoad(stage)
        const held = await heldBy(stage, [victim])
        const ran = `while it ran ${held.length} tasks`
        const atMs = stage.inject(`kill -9 of ${named(victim)} ${ran}`, () => sendSignal(victim.pid, 'SIGKILL'))
        const goneMs = await stage.untilState(victimOf(victim), ['gone'])
        stage.measure('given up after', goneMs - atMs)
        stage.judge(within('P17', NOTICED, goneMs - atMs, NOTICED_MS_MAX), await takenOver(stage, held))
      },
    }
  },
}
