// Connections break again and again: after any number of bytes, in mid-line, with a FIN or a reset, and for a moment all
// together. Between breaks bytes come one by one or a few at a time. What runs goes on, and what was sent is sent again.

import { rawMonoMs } from '../../clock.js'
import { formatDuration } from '../../config.js'
import { DtrError } from '../../errors.js'
import { masterApart, workersApart } from '../apart.js'
import type { Drill } from '../drill.js'
import { needs } from '../needs.js'
import type { Relay, Weather } from '../relay.js'
import type { Stage } from '../stage.js'
import { unharmed } from '../verdicts.js'

const FLAP_MS = 20_000
const FLAP_MS_QUICK = 5_000
/** Some do not survive their handshake, some carry hundreds of messages. */
const WEATHER: Weather = { cutAfter: [1, 10_000], chunks: [1, 3, 16, 65_536] }
/** Of the time after which code is ended: a break that is so short costs nothing, also where a dial or two fail. */
const BREAK_SHARE_MAX = 0.3

export const flapConnections: Drill = {
  name: 'flap-connections',
  promises: ['P1', 'P6', 'P7', 'P8', 'P9', 'P17'],
  summary: 'connections to workers are cut and reset in mid-line, again and again, their bytes chopped',
  needs: [needs.proc, needs.root, needs.ip],
  foreign: true,
  run: async (stage) => play(stage, await workersApart(stage)),
}

export const flapMaster: Drill = {
  name: 'flap-master',
  promises: ['P1', 'P2', 'P6', 'P7', 'P8', 'P9', 'P17'],
  summary: 'connections of clients, and of workers that join, are cut and reset in mid-line, their bytes chopped',
  needs: [needs.proc, needs.root, needs.ip],
  run: async (stage) => play(stage, await masterApart(stage)),
}

async function play(stage: Stage, relay: Relay): Promise<void> {
  await stage.submit(60, { ms: [200, 1_500] })
  stage.stream(30, { ms: [20, 100] })
  await stage.untilEnds(10)
  await flap(stage, relay)
  const { cuts } = relay
  const midLine = cuts.filter((cut) => cut.midLine)
  stage.heal(`no more breaks, after ${cuts.length}`)
  stage.measure('connections cut', cuts.length, 'count')
  stage.measure('of them in mid-line', midLine.length, 'count')
  stage.measure('of those with a reset', midLine.filter(({ by }) => by === 'reset').length, 'count')
  if (midLine.length === 0) throw new DtrError('internal', 'no connection was cut in mid-line')
  const history = await stage.settle()
  const ids = history.accepted.map(({ id }) => id)
  stage.judge(unharmed('P8', `none of ${ids.length} attempts was charged or run again`, history, ids))
}

async function flap(stage: Stage, relay: Relay): Promise<void> {
  const breakMs = stage.settings.codeDead * BREAK_SHARE_MAX
  const endMs = rawMonoMs() + (stage.quick ? FLAP_MS_QUICK : FLAP_MS)
  stage.inject('connections are cut after any number of bytes, and these are chopped', () => {
    relay.weather = WEATHER
  })
  while (rawMonoMs() < endMs) {
    await stage.wait(stage.chance.between(500, 3_000))
    const ms = stage.chance.between(0, breakMs)
    stage.inject(`for ${formatDuration(ms)} no connection is left`, () => {
      relay.weather = { down: true }
    })
    await stage.wait(ms)
    relay.weather = WEATHER
  }
  relay.weather = {}
}
