// Connections stand still, in one direction or both, for longer than makes a worker suspect and shorter than ends its
// code; in between every byte is late. No connection breaks, and nothing that runs is harmed.
import { formatDuration } from '../../config.js'
import { workersApart } from '../apart.js'
import type { Drill } from '../drill.js'
import { livesOf } from '../history.js'
import { needs } from '../needs.js'
import type { Direction } from '../relay.js'
import { nobodyBlamed, unharmed } from '../verdicts.js'

/** Of the time after which code is ended. */
const STALL_SHARE = 0.6
const STALLS: readonly (readonly Direction[])[] = [['in'], ['out'], ['in', 'out']]
const WORDS: Readonly<Record<Direction, string>> = { in: 'to the workers', out: 'from the workers' }

export const stallConnections: Drill = {
  name: 'stall-connections',
  promises: ['P1', 'P6', 'P7', 'P8', 'P9', 'P17'],
  summary: 'connections to workers stand still, in one direction or both, and are slow in between',
  needs: [needs.proc, needs.root, needs.ip],
  foreign: true,
  async run(stage) {
    const relay = await workersApart(stage)
    const stallMs = Math.round(stage.settings.codeDead * STALL_SHARE)
    const long = await stage.submit(3, { ms: STALLS.length * 1.6 * stallMs + 1_000 })
    await stage.until('the long ones to run', () => livesOf(stage.signs).length === long.length)
    await stage.submit(60, { ms: [200, 1_500] })
    stage.stream(100, { ms: [20, 100] })
    for (const stalled of stage.chance.shuffled(STALLS)) {
      const words = stalled.map((direction) => WORDS[direction]).join(' and ')
      stage.inject(`for ${formatDuration(stallMs)} nothing ${words} arrives`, () => {
        relay.weather = { stalled }
      })
      await stage.wait(stallMs)
      stage.inject('all bytes arrive, late', () => {
        relay.weather = { delayMs: [5, 100] }
      })
      await stage.untilReady(stage.cluster.names.filter((name) => name !== 'master'))
      await stage.wait(stallMs / 2)
    }
    relay.weather = {}
    stage.heal('no more stalls')
    const history = await stage.settle()
    const ids = history.accepted.map(({ id }) => id)
    stage.judge(unharmed('P8', `none of ${ids.length} attempts was charged or run again`, history, ids))
    stage.judge(nobodyBlamed(history, 'P8'))
  },
}
