// The disk of the data folder is nearly full, then full, and has room again. First new tasks are refused, and what was
// accepted still ends; then nothing is acknowledged; then work goes on.
import { spawnSync } from 'node:child_process'
import { appendFileSync, mkdirSync, rmSync, statfsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Settings } from '../../config.js'
import { DtrError } from '../../errors.js'
import type { Drill } from '../drill.js'
import { needs } from '../needs.js'
import type { Reaper } from '../reaper.js'
import type { Stage } from '../stage.js'
import { verdict } from '../verdicts.js'

const MIB = 1_048_576
const DISK_MIB = 64
/** Of the eighth that the master keeps for what it has accepted. */
const LEFT = 6 * MIB
const FULL_MS = 3_000
/** What was said before may still be on its way to the client. */
const ON_ITS_WAY_MS = 250
const CHUNK = Buffer.alloc(65_536)

export const fullDisk: Drill = {
  name: 'full-disk',
  promises: ['P1', 'P2', 'P4', 'P6', 'P9', 'P14', 'P17', 'P24'],
  summary: 'a small disk for the data folder is nearly full, then full, and emptied again',
  needs: [needs.proc, needs.root, needs.mount],
  async run(stage) {
    const { cluster } = await stage.start({ workers: 3, slots: 4, prepare: mountDisk })
    await stage.submit(60, { ms: [400, 1_000] })
    const doomed = await stage.submit(6, { ms: 60_000, endsWith: 'cancelled' })
    stage.stream(20, { ms: [20, 100] })
    await stage.untilEnds(10)
    const filler = join(stage.settings.data, 'filler')
    stage.inject(`${LEFT / MIB} of ${DISK_MIB} MiB are left on the disk of the data folder`, () => fill(filler, LEFT))
    await judgeShort(stage, doomed)
    fill(filler, 0)
    stage.inject('the disk is full', () => {})
    await stage.wait(ON_ITS_WAY_MS)
    const before = stage.acceptedCount
    await stage.wait(FULL_MS)
    const during = stage.acceptedCount - before
    stage.judge(verdict('P4', 'on a full disk nothing was accepted', during === 0 ? [] : [`${during} submits were`]))
    rmSync(filler)
    stage.heal('the disk has room again')
    if (!cluster.names.includes('master')) {
      await cluster.startMaster()
      stage.heal('the master had left: another in its place')
    }
    await stage.until('a submit to be accepted again', () => stage.acceptedCount > before)
    await stage.settle()
  },
}

/** Where room is short new tasks are refused first; what was accepted ends and can be cancelled. */
async function judgeShort(stage: Stage, doomed: readonly string[]): Promise<void> {
  const refused = await stage.until('a submit to be refused', () => refusal(stage))
  stage.saw(`a submit is refused: ${refused.code}, again in ${refused.retryAfterMs} ms`)
  const isBusy = refused.code === 'busy' && refused.retryAfterMs !== undefined
  stage.judge(verdict('P24', 'new tasks are refused as busy, with a time to retry', isBusy ? [] : [refused.message]))
  await stage.wait(ON_ITS_WAY_MS)
  const before = { accepted: stage.acceptedCount, ended: stage.endedCount }
  const cancelled = await stage.client.cancel(doomed)
  await stage.until('tasks to end', () => stage.endedCount >= before.ended + doomed.length + 10)
  stage.saw(`${stage.endedCount - before.ended} tasks have ended meanwhile`)
  const taken = stage.acceptedCount - before.accepted
  stage.judge(
    verdict(
      'P24',
      'no new task was accepted while room was short',
      taken === 0 ? [] : [`${taken} submits were accepted`],
    ),
  )
  const kept = cancelled.filter(({ status }) => status !== 'cancelled' && status !== 'cancelling')
  stage.judge(
    verdict(
      'P4',
      'what was accepted ended, and could be cancelled',
      kept.map(({ id, status }) => `task ${id}: ${status}`),
    ),
  )
}

async function refusal(stage: Stage): Promise<DtrError | undefined> {
  try {
    await stage.client.submit('drill', { ms: 0, witness: stage.cluster.witness }, { busyFor: '1ms' })
    return undefined
  } catch (error) {
    if (error instanceof DtrError) return error
    throw error
  }
}

function mountDisk({ data }: Settings, reaper: Reaper): void {
  mkdirSync(data, { mode: 0o700 })
  reaper.undo('umount', '--lazy', data)
  const options = `size=${DISK_MIB}m,mode=700`
  const { status, stderr } = spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'none', data])
  if (status !== 0) throw new DtrError('unsupported', `a small disk cannot be mounted: ${String(stderr).trim()}`)
}

/** @param left bytes that stay free */
function fill(file: string, left: number): void {
  const free = ({ bavail, bsize } = statfsSync(dirname(file))): number => bavail * bsize
  for (const bytes of [CHUNK.length, 4_096, 1]) {
    try {
      while (left === 0 || free() >= left + bytes) appendFileSync(file, CHUNK.subarray(0, bytes))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
    }
  }
}
