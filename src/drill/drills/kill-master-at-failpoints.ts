// The master dies at each point at which its death could matter, and another takes its place. What runs meanwhile goes on.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type MonoMs, rawMonoMs } from '../../clock.js'
import type { Settings } from '../../config.js'
import { DtrError } from '../../errors.js'
import { type DrillCluster, type Left, type Place, sendSignal } from '../cluster.js'
import type { Drill } from '../drill.js'
import { deathAt, FAILPOINTS, type Failpoint, lastWords } from '../failpoints.js'
import { needs } from '../needs.js'
import { replaceFiles } from '../power/recover.js'
import type { Stage } from '../stage.js'
import { injectedFromStart, injectInto } from '../strace.js'
import { unharmed } from '../verdicts.js'

const FAILPOINTS_QUICK = 8
/** A beat may be answered in the moment in which something else was to be said. */
const TRIES_MAX = 5
/** A master that is back so soon costs no running attempt (P8). */
const BACK_MS_MAX = 8_000
const SLOTS = 4

export const killMasterAtFailpoints: Drill = {
  name: 'kill-master-at-failpoints',
  promises: ['P1', 'P2', 'P3', 'P6', 'P8', 'P9', 'P17'],
  summary: `the master is killed at each of ${FAILPOINTS.length} failpoints (--quick: ${FAILPOINTS_QUICK}, drawn), and started again`,
  needs: [needs.proc, needs.strace],
  async run(stage) {
    const points = stage.chance.shuffled(FAILPOINTS).slice(0, stage.quick ? FAILPOINTS_QUICK : FAILPOINTS.length)
    const isNew = ({ trigger }: Failpoint): boolean => trigger === 'new'
    const starts = new Starts(stage)
    await stage.start({
      ...{ workers: 3, slots: SLOTS, realTimers: true, settings: { keepWorkers: true } },
      places: (name, settings) => (name === 'master' ? starts.place(settings) : {}),
      beforeMaster: async (cluster) => {
        for (const point of points.filter(isNew)) {
          // What the one before has left is not new.
          replaceFiles(cluster.settings.data, new Map())
          await starts.die(cluster, point)
        }
      },
    })
    // One a worker goes on all the while; the other slots are for what comes and goes.
    const long = await stage.submit(3, { ms: 2_000 * points.length })
    let away = 0
    for (const point of points.filter((one) => !isNew(one))) {
      away = Math.max(away, await dieAndComeBack(stage, starts, point))
    }
    stage.measure('failpoints', points.length, 'count')
    stage.measure('the longest time without a master', away)
    const history = await stage.settle()
    if (away < BACK_MS_MAX) {
      stage.judge(unharmed('P8', `${long.length} tasks that ran all the while did so once`, history, long))
    } else stage.saw('P8 was not judged: the master was away for 8 s')
  },
}

/** @returns how long there was no master */
async function dieAndComeBack(stage: Stage, starts: Starts, point: Failpoint): Promise<number> {
  const { cluster } = stage
  const workers = cluster.names.filter((name) => name !== 'master')
  const diedMs = point.trigger === 'start' ? await starts.dieInPlace(point) : await dieAtWork(stage, point)
  await cluster.startMaster()
  const awayMs = rawMonoMs() - diedMs
  stage.heal('another master on the same folder')
  await stage.untilReady(workers)
  await stage.submit(1, { ms: 10 })
  return awayMs
}

/** @returns when it died */
async function dieAtWork(stage: Stage, point: Failpoint): Promise<number> {
  const { cluster } = stage
  for (let tries = 1; tries <= TRIES_MAX; tries += 1) {
    const exit = cluster.exit('master')
    const pid = cluster.pidOf('master')
    const file = tracedTo(stage, point)
    const submit = (): void => void stage.submit(6, { ms: 300 }).catch(() => {})
    if (point.trigger === 'end') await stage.submit(6, { ms: 300 })
    await injectInto(pid, deathAt(point, stage.settings, pid), file)
    stage.inject(`the master (pid ${pid}) is to die ${point.name}`, () => {
      if (point.trigger === 'submit') submit()
      if (point.trigger === 'stop') sendSignal(pid, 'SIGTERM')
    })
    const atMs = await deathOf(stage, exit, point)
    const words = lastWords(readFileSync(file, 'utf8'))
    if (point.saying === undefined || words === point.saying) return atMs
    stage.saw(`it died as ${words} was sent: once more`)
    await cluster.startMaster()
    await stage.untilReady(cluster.names.filter((name) => name !== 'master'))
  }
  throw new DtrError('internal', `the master did not die ${point.name}, ${TRIES_MAX} times`)
}

/** Masters that die before they are at work. */
class Starts {
  #dying: Failpoint | undefined

  constructor(private readonly stage: Stage) {}

  place(settings: Settings): Place {
    if (this.#dying === undefined) return {}
    const file = tracedTo(this.stage, this.#dying)
    return { via: injectedFromStart(deathAt(this.#dying, settings), file) }
  }

  async die(cluster: DrillCluster, point: Failpoint): Promise<void> {
    this.stage.inject(`a master is to die ${point.name}`, () => {})
    this.#dying = point
    cluster.startMaster().catch(() => {})
    this.#dying = undefined
    await deathOf(this.stage, cluster.exit('master'), point)
  }

  /** @returns since when there is no master */
  async dieInPlace(point: Failpoint): Promise<MonoMs> {
    const { cluster } = this.stage
    // What it leaves in its log is for the next one to bring into the file.
    await this.stage.submit(6, { ms: 10 })
    const exit = cluster.exit('master')
    sendSignal(cluster.pidOf('master'), 'SIGKILL')
    const { atMs } = await exit
    await this.die(cluster, point)
    return atMs
  }
}

function tracedTo({ reaper }: Stage, { name }: Failpoint): string {
  return join(reaper.folder, `strace-${name.replaceAll(/\W+/g, '-')}`)
}

async function deathOf(stage: Stage, exit: Promise<Left>, { name }: Failpoint): Promise<MonoMs> {
  let left: Left | undefined
  void exit.then((how) => {
    left = how
  })
  const { signal, atMs } = await stage.until(`the master to die ${name}`, () => left)
  if (signal !== 'SIGKILL') throw new DtrError('internal', `the master did not die ${name}, it left`)
  return atMs
}
