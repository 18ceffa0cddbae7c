// P7: no two live workers run one task. Only code that was itself frozen may meet a later attempt, and then for no more
// than 1 s after it woke.
import type { Happening, Run } from '../happenings.js'
import type { Checker, Found, Known } from './all.js'

const LATE_MS = 1_000

export class NoOverlap implements Checker {
  readonly promise = 'P7'
  /** Code that should be gone, for its task runs elsewhere. */
  readonly #late = new Set<Run>()

  see(happening: Happening, { facts, now }: Known): Found | undefined {
    for (const run of this.#late) {
      const { host } = run
      if (run.endedAt !== undefined) this.#late.delete(run)
      else if (!host.frozen && now > host.thawedAt + LATE_MS) {
        const what = `${run.taskId} runs as ${run.leaseId} at ${run.worker.incarnation}, and elsewhere as well`
        return { what, taskId: run.taskId }
      }
    }
    if (happening.kind === 'began') {
      for (const other of facts.runsOf(happening.run.taskId)) {
        if (other !== happening.run && other.endedAt === undefined) this.#late.add(other)
      }
      // What was not frozen at all may not meet it for a moment.
      const met = [...this.#late].find(
        ({ taskId, host }) => taskId === happening.run.taskId && !host.frozen && now > host.thawedAt + LATE_MS,
      )
      if (met !== undefined) {
        const what = `${met.taskId} begins as ${happening.run.leaseId} while ${met.leaseId} runs at ${met.worker.incarnation}`
        return { what, taskId: met.taskId }
      }
    }
    return undefined
  }
}
