// P7: no two live workers run one task. Only code that was itself frozen may meet a later attempt, and then for no more
// than 1 s after it woke.
import type { Happening, Run } from '../happenings.js'
import type { Checker, Found, Known } from './all.js'

const LATE_MS = 1_000

export class NoOverlap implements Checker {
  readonly promise = 'P7'
  /** Code that should be gone, for its task runs elsewhere. */
  readonly #late = new Set<Run>()
  /** Workers whose tasks are on their way to others: the batch is not applied yet. */
  readonly #expiring = new Set<string>()

  see(happening: Happening, { facts, now }: Known): Found | undefined {
    const early = this.#confirms(happening)
    if (early !== undefined) return early
    for (const run of this.#late) {
      const { host } = run
      if (run.endedAt !== undefined) this.#late.delete(run)
      else if (!host.frozen && now > host.thawedAt + LATE_MS) {
        const what = `${run.taskId} runs as ${run.leaseId} at ${run.worker.incarnation}, and elsewhere as well`
        return { what, taskId: run.taskId }
      }
    }
    if (happening.kind === 'began') {
      const { run } = happening
      const others = facts.runsOf(run.taskId).filter((other) => other !== run && other.endedAt === undefined)
      // What was frozen before it began may begin after a later one.
      const isLate = others.length > 0 && facts.rows.get(run.taskId)?.task.leaseId !== run.leaseId
      for (const late of isLate ? [run] : others) this.#late.add(late)
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

  /** Who is told that it was heard may run code for a while: not while its tasks are being given to others. */
  #confirms(happening: Happening): Found | undefined {
    switch (happening.kind) {
      case 'master-started':
        this.#expiring.clear()
        return undefined
      case 'taken':
        for (const operation of happening.batch.operations)
          if (operation.kind === 'expire') this.#expiring.add(operation.incarnation)
        return undefined
      case 'applied':
        this.#expiring.clear()
        return undefined
      case 'said': {
        const { message, to } = happening
        if (message.type !== 'heard' || !this.#expiring.has(to)) return undefined
        return { what: `${to} is confirmed while its tasks are being given to others` }
      }
    }
    return undefined
  }
}
