// The disk of the data folder is full, and has room again: what was accepted is kept, and work goes on.
import { spawnSync } from 'node:child_process'
import { appendFileSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { DtrError } from '../../errors.js'
import type { Drill } from '../drill.js'
import { needs } from '../needs.js'

const DISK = '8m'
const FULL_MS = 3_000
const CHUNK = Buffer.alloc(65_536)

export const fullDisk: Drill = {
  name: 'full-disk',
  promises: ['P1', 'P2', 'P4', 'P6', 'P9', 'P17'],
  summary: 'a small disk for the data folder is filled, and emptied again',
  needs: [needs.proc, needs.root, needs.mount],
  async run(stage) {
    const { cluster } = await stage.start({ workers: 3, slots: 4, prepare: mountDisk })
    await stage.submit(60, { ms: [100, 400] })
    stage.stream(20, { ms: [20, 100] })
    await stage.untilEnds(10)
    const filler = join(stage.settings.data, 'filler')
    stage.inject('the disk of the data folder is full', () => fill(filler))
    const before = stage.acceptedCount
    await stage.wait(FULL_MS)
    stage.measure('submits accepted meanwhile', stage.acceptedCount - before, 'count')
    rmSync(filler)
    stage.heal('the disk has room again')
    if (!cluster.names.includes('master')) {
      await cluster.startMaster()
      stage.heal('the master had left: another in its place')
    }
    const then = stage.acceptedCount
    await stage.until('a submit to be accepted again', () => stage.acceptedCount > then)
    await stage.settle()
  },
}

/** @returns what takes it away again */
function mountDisk(data: string): () => void {
  mkdirSync(data, { mode: 0o700 })
  const { status, stderr } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK},mode=700`, 'none', data])
  if (status !== 0) throw new DtrError('unsupported', `a small disk cannot be mounted: ${String(stderr).trim()}`)
  return () => void spawnSync('umount', ['--lazy', data])
}

function fill(file: string): void {
  for (const bytes of [CHUNK.length, 4_096, 1]) {
    try {
      for (;;) appendFileSync(file, CHUNK.subarray(0, bytes))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
    }
  }
}
