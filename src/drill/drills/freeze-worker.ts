// A worker stands still until long after it was given up, and then delivers what its tasks had returned: a zombie's
// results, which must change nothing.
import { formatDuration } from '../../config.js'
import { sendSignal } from '../cluster.js'
import type { Drill } from '../drill.js'
import { CHARGED, heldBy, named, takenOver, underLoad, victimOf, workersOf } from '../here.js'
import { livesOf } from '../history.js'
import { needs } from '../needs.js'
import { within } from '../verdicts.js'

/** Between the end of a lease and a client that hears of it. */
const MARGIN_MS = 1_500

export const freezeWorker: Drill = {
  name: 'freeze-worker',
  promises: ['P5', 'P6', 'P7', 'P9', 'P17'],
  summary: 'kill -STOP of a worker, kill -CONT long after its tasks ran elsewhere',
  needs: [needs.proc],
  foreign: true,
  async run(stage) {
    await stage.start({ workers: 3, slots: 3 })
    const { lease, heartbeat } = stage.settings
    await stage.submit(60, { ms: [400, 900] })
    stage.stream(100, { ms: [50, 200] })
    await stage.untilEnds(6)
    const victim = await stage.victim()
    const ran = `while it ran ${victim.lives.length} tasks`
    const atMs = stage.inject(`kill -STOP of ${victim.name} (pid ${victim.pid}) ${ran}`, () =>
      sendSignal(victim.pid, 'SIGSTOP'),
    )
    stage.measure('suspected after', (await stage.untilState(victim, ['suspect'])) - atMs)
    const goneMs = (await stage.untilState(victim, ['gone', 'lost'])) - atMs
    stage.measure('given up after', goneMs)
    const about = `given up after a silence of ${formatDuration(lease)}, no earlier`
    stage.judge(within('P7', about, goneMs, lease + heartbeat + MARGIN_MS, lease - heartbeat))
    const tasks = new Set(victim.lives.map(({ task }) => task))
    await stage.until('its tasks to run elsewhere', () => {
      const again = livesOf(stage.signs).filter(({ task, startMs }) => tasks.has(task) && startMs > atMs)
      return new Set(again.map(({ task }) => task)).size === tasks.size
    })
    sendSignal(victim.pid, 'SIGCONT')
    stage.heal(`kill -CONT of ${victim.name}`)
    const refused = async (): Promise<number | undefined> => (await stage.client.status()).stale || undefined
    stage.measure('late results refused as stale', await stage.until('a late result to be refused', refused), 'count')
    await stage.untilReady([victim.name])
    stage.saw(`${victim.name} is at work again`)
    await stage.settle()
  },
  here(running, chance) {
    const victim = chance.shuffled(workersOf(running, 2))[0]!
    return {
      words: [`kill -STOP of ${named(victim)} until it is given up, then kill -CONT`, CHARGED],
      async play(stage) {
        await underLoad(stage)
        const held = await heldBy(stage, [victim])
        stage.reaper.undo('kill', '-CONT', String(victim.pid))
        const ran = `while it ran ${held.length} tasks`
        const atMs = stage.inject(`kill -STOP of ${named(victim)} ${ran}`, () => sendSignal(victim.pid, 'SIGSTOP'))
        stage.measure('given up after', (await stage.untilState(victimOf(victim), ['gone', 'lost'])) - atMs)
        stage.judge(await takenOver(stage, held))
        sendSignal(victim.pid, 'SIGCONT')
        stage.heal(`kill -CONT of ${named(victim)}`)
        await stage.untilReady([victim.name])
        stage.saw(`${victim.name} is at work again`)
      },
    }
  },
}
