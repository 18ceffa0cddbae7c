// By what a death for want of memory is known: V8 says so on standard error before it ends a process whose heap is full; the
// kernel of Linux says nothing to anybody, but counts whom it has killed.
import { readFileSync } from 'node:fs'
import { type MonoMs, rawMonoMs } from '../clock.js'

/** Of this container, or where that is the whole machine, of it. */
const COUNTS = ['/sys/fs/cgroup/memory.events', '/proc/vmstat'] as const
const LOOK_EVERY_MS = 5_000

/** @param text some of standard error */
export function isHeapFull(text: string | Buffer): boolean {
  return text.includes('heap out of memory')
}

/** How many processes the kernel has killed for want of memory; undefined where it does not say. */
export function kernelKills(files: readonly string[] = COUNTS): number | undefined {
  for (const file of files) {
    try {
      const [, count] = /^oom_kill (\d+)$/m.exec(readFileSync(file, 'utf8')) ?? []
      if (count !== undefined) return Number(count)
    } catch {
      // The next one may be there.
    }
  }
  return undefined
}

/** Whether it has killed since a moment ago. */
export class KernelKills {
  #count = kernelKills()
  #lookedAtMs: MonoMs = rawMonoMs()

  /** Now and then while all is well: what it killed before has nothing to do with what comes. */
  look(): void {
    const nowMs = rawMonoMs()
    if (nowMs - this.#lookedAtMs < LOOK_EVERY_MS) return
    this.#lookedAtMs = nowMs
    this.#count = kernelKills()
  }

  haveGrown(): boolean {
    const count = kernelKills()
    return count !== undefined && this.#count !== undefined && count > this.#count
  }
}
