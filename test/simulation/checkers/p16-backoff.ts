// P16: a retry waits: it is not granted before its time, and its time is within the window of its attempt.
import type { Happening } from '../happenings.js'
import type { Checker, Found } from './all.js'

export class Backoff implements Checker {
  readonly promise = 'P16'

  see(happening: Happening): Found | undefined {
    if (happening.kind !== 'applied') return undefined
    const { batch, outcome, before, after } = happening
    for (const { grants } of batch.retried ? [] : outcome.claims) {
      for (const { taskId } of grants) {
        const task = after.get(taskId)?.task
        if (task !== undefined && task.runAt > batch.now) {
          return { what: `${taskId} was granted ${task.runAt - batch.now} ms before its time`, taskId }
        }
      }
    }
    for (const [taskId, { task }] of before) {
      const { state, runAt, attempt, uncharged } = after.get(taskId)!.task
      if (task.state !== 'running' || state !== 'pending' || runAt === task.runAt) continue
      const windowMs = 1_000 * 2 ** (attempt - uncharged - 1)
      if (runAt < batch.now || runAt > batch.now + windowMs) {
        return { what: `${taskId} runs again in ${runAt - batch.now} ms; its window is ${windowMs} ms`, taskId }
      }
    }
    return undefined
  }
}
