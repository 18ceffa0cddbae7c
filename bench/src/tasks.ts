// The tasks of the benchmark.
import { appendFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { defineTasks } from '../../dist/src/index.js'
import { now } from './machine.js'
import type { Sign } from './measurements/recovery.js'
import { RESULT } from './system.js'

export default defineTasks({
  noop: () => RESULT,

  /** Takes its time without the processor, and says when it began. */
  async rest({ ms }: { ms: number }) {
    const atMs = now()
    await pause(ms)
    return { atMs }
  },

  async witness({ witness, ms }: { witness: string; ms: number }, { signal }) {
    const sign: Sign = { worker: process.ppid, atMs: now() }
    appendFileSync(witness, `${JSON.stringify(sign)}\n`)
    await pause(ms, undefined, { signal })
  },
})
