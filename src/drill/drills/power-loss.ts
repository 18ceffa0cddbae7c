// Power is lost. A process that is killed leaves all that it wrote; power takes what no sync covered. So what the master
// writes, syncs and says is recorded, the disk is built anew as each loss would have left it, and what the master had said
// by then must be in it. One of the losses is played out: the next master works with what is left.
import { existsSync, mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { messageOf } from '../../errors.js'
import { type Place, sendSignal } from '../cluster.js'
import type { Drill } from '../drill.js'
import { needs } from '../needs.js'
import { Disk, type Files } from '../power/disk.js'
import { losses } from '../power/losses.js'
import { type Recorded, readRecording, recorder } from '../power/recording.js'
import { recover, replaceFiles } from '../power/recover.js'
import { brokenWords, Told } from '../power/told.js'
import type { Stage } from '../stage.js'
import { verdict } from '../verdicts.js'

const ENDS = 120
const ENDS_QUICK = 8
const OFTEN = { perSync: 2, afterWords: 0.5, between: 0.02 }
const OFTEN_QUICK = { perSync: 1, afterWords: 0.1, between: 0.002 }
/** Thousands of disks are made that nobody needs a minute later. */
const MEMORY = '/dev/shm'

/** The life of one master on a disk. */
interface Life {
  readonly before: Files
  readonly recording: readonly Recorded[]
}

export const powerLoss: Drill = {
  name: 'power-loss',
  promises: ['P1', 'P3', 'P6', 'P9', 'P14', 'P17'],
  summary: 'power is lost at every sync to disk and between: what no sync had covered is gone or torn',
  needs: [needs.proc, needs.strace],
  async run(stage) {
    const fileOf = (life: number): string => join(stage.reaper.folder, `recording-${life}`)
    let lives = 0
    const recorded = (): Place => {
      lives += 1
      return { via: recorder(fileOf(lives)) }
    }
    await stage.start({
      ...{ workers: 2, slots: 4, realTimers: true },
      places: (name) => (name === 'master' ? recorded() : {}),
    })
    const ends = stage.quick ? ENDS_QUICK : ENDS
    stage.stream(stage.quick ? 150 : 50, { ms: [20, 200] })
    await load(stage, ends)
    const first = { before: new Map(), recording: await endMaster(stage, 'SIGKILL', fileOf(1)) }
    const left = wreck(first, stage)
    replaceFiles(stage.settings.data, left)
    await stage.cluster.startMaster()
    stage.heal('another master, on the disk as the loss of power left it')
    await load(stage, 2 * ends)
    await stage.settle()
    const second = { before: left, recording: await endMaster(stage, 'SIGTERM', fileOf(2)) }
    await judgeLosses(stage, [first, second])
  },
}

/** Also cancels: of tasks that run and of tasks that wait. */
async function load(stage: Stage, ends: number): Promise<void> {
  await stage.submit(20, { ms: [50, 300] })
  const doomed = await stage.submit(12, { ms: 60_000, endsWith: 'cancelled' })
  await stage.client.cancel(doomed)
  await stage.untilEnds(ends)
}

async function endMaster(stage: Stage, signal: NodeJS.Signals, file: string): Promise<Recorded[]> {
  const { cluster } = stage
  const pid = cluster.pidOf('master')
  const exit = cluster.exit('master')
  if (signal === 'SIGKILL') stage.inject(`power is lost (the master, pid ${pid}, is killed)`, () => {})
  sendSignal(pid, signal)
  await exit
  return stage.until('the recording to end', () => readRecording(file, pid, stage.settings.data))
}

/** What is left of the last writes is drawn. */
function wreck({ before, recording }: Life, { chance }: Stage): Files {
  const disk = new Disk(before)
  for (const [index, recorded] of recording.entries()) if (recorded.kind !== 'sent') disk.take(index, recorded)
  return disk.after(chance.fraction() < 0.5 ? 'none' : 'torn', chance)
}

async function judgeLosses(stage: Stage, lives: readonly Life[]): Promise<void> {
  const history = await stage.settle()
  const payloads = new Map(history.accepted.map(({ id, payload }) => [id, payload]))
  const known = { payloads, started: new Set(history.signs.map(({ lease }) => lease)) }
  const folder = mkdtempSync(join(existsSync(MEMORY) ? MEMORY : stage.cluster.folder, 'dtr-drill-'))
  stage.reaper.undo('rm', '-rf', folder)
  const told = new Told()
  const [unreadable, broken]: [string[], string[]] = [[], []]
  let images = 0
  for (const [life, { before, recording }] of lives.entries()) {
    told.restart()
    const options = { chance: stage.chance, ...(stage.quick ? OFTEN_QUICK : OFTEN) }
    for (const { at, fate, files } of losses(recording, new Disk(before), told, options)) {
      stage.signal.throwIfAborted()
      images += 1
      const where = `life ${life + 1}, after ${at} of ${recording.length} records, ${fate} of the rest`
      try {
        const found = await recover(folder, files, [...payloads.keys()])
        broken.push(...brokenWords(told, found, known).map((what) => `${what} (${where})`))
      } catch (error) {
        unreadable.push(`${messageOf(error)} (${where})`)
      }
    }
  }
  const syncs = lives.flatMap(({ recording }) => recording).filter(({ kind }) => kind === 'sync').length
  stage.measure('syncs to disk', syncs, 'count')
  stage.measure('disks after a loss of power', images, 'count')
  stage.measure('words of the master that were held against them', told.count, 'count')
  stage.judge(verdict('P3', `all ${images} disks after a loss of power open, and are whole`, unreadable))
  stage.judge(verdict('P1', 'whatever the master had said by then is on each of them', broken))
}
