// P16: a retry waits: it is not granted before its time, and its time is within the window of its attempt.
import type { Operation } from '../../../src/store/store.js'
import { type Happening, retriedBy } from '../happenings.js'
import type { Checker, Found } from './all.js'

export class Backoff implements Checker {
  readonly promise = 'P16'
  /** The wall clock of the masters may have been set back since the time of a task came (P20). */
  #latest = 0

  see(happening: Happening): Found | undefined {
    if (happening.kind !== 'applied') return undefined
    const { batch, outcome, before, after } = happening
    this.#latest = Math.max(this.#latest, batch.now)
    for (const { grants } of batch.retried ? [] : outcome.claims) {
      for (const { taskId } of grants) {
        const task = after.get(taskId)?.task
        if (task !== undefined && task.runAt > this.#latest) {
          return { what: `${taskId} was granted ${task.runAt - this.#latest} ms before its time`, taskId }
        }
      }
    }
    const retried = retriedBy(happening)
    const excused = excusedBy(batch.operations)
    for (const [taskId, { task }] of before) {
      const { state, runAt, attempt, uncharged, forgiven } = after.get(taskId)!.task
      if (
        task.state !== 'running' ||
        state !== 'pending' ||
        runAt === task.runAt ||
        retried.has(taskId) ||
        excused.has(taskId)
      )
        continue
      const windowMs = 1_000 * 2 ** (attempt - uncharged - forgiven - 1)
      if (runAt < batch.now || runAt > batch.now + windowMs) {
        return { what: `${taskId} runs again in ${runAt - batch.now} ms; its window is ${windowMs} ms`, taskId }
      }
    }
    return undefined
  }
}

/** Whose host was killed, and which are not to run again so soon. */
function excusedBy(operations: readonly Operation[]): ReadonlySet<string> {
  const waits = operations.flatMap((operation) => {
    const ending = operation.kind === 'settle' ? operation.ending : undefined
    return operation.kind === 'settle' && ending?.kind === 'returned' && ending.waitMs !== undefined
      ? [operation.taskId]
      : []
  })
  return new Set(waits)
}
