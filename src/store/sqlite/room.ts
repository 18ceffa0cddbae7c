// How much room a disk must have for new tasks to be taken (P24). The rest is kept for what was accepted: its ends and
// cancels go on as long as they can (P4).
import { statfsSync } from 'node:fs'

/** The log between two checkpoints, what those add to the file, and the results of tasks. */
const RESERVE_BYTES_MAX = 64 * 1024 * 1024
/** Of a small disk. */
const RESERVE_SHARE = 1 / 8

export interface DiskRoom {
  readonly bsize: number
  readonly blocks: number
  /** Blocks that are free for us. */
  readonly bavail: number
}

export function isShort({ bsize, blocks, bavail }: DiskRoom): boolean {
  return bavail * bsize < Math.min(RESERVE_BYTES_MAX, blocks * bsize * RESERVE_SHARE)
}

/** Whether the disk under a folder is nearly full. What the system does not say is no reason to refuse. */
export function isDiskShort(folder: string): boolean {
  try {
    return isShort(statfsSync(folder))
  } catch {
    return false
  }
}
