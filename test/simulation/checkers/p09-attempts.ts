// P9: code starts at most `maxAttempts` times, plus uncharged returns; only what provably never started is taken back; the
// grant is on disk before the assignment leaves.
import type { Operation } from '../../../src/store/store.js'
import { chargedAttempts, DEFAULT_MAX_ATTEMPTS, UNCHARGED_RETURNS_MAX } from '../../../src/task/task.js'
import { type Applied, type Happening, retriedBy } from '../happenings.js'
import type { Checker, Found, Known } from './all.js'

export class Attempts implements Checker {
  readonly promise = 'P9'

  see(happening: Happening, known: Known): Found | undefined {
    if (happening.kind === 'began') return this.#began(happening.run, known)
    if (happening.kind === 'applied')
      return this.#takenBack(happening, known) ?? this.#charged(happening) ?? sentBack(happening)
    if (happening.kind !== 'said' || happening.message.type !== 'assign') return undefined
    const early = happening.message.list.find(({ lease }) => !known.facts.granted.has(lease))
    return early && { what: `${early.lease} was assigned before its grant was on disk`, taskId: early.id }
  }

  #began(run: Extract<Happening, { kind: 'began' }>['run'], { facts }: Known): Found | undefined {
    const { taskId, leaseId } = run
    const runs = facts.runsOf(taskId)
    if (runs.filter((other) => other.leaseId === leaseId).length > 1) return { what: `${leaseId} began twice`, taskId }
    const task = facts.rows.get(taskId)?.task
    const most = (task?.maxAttempts ?? DEFAULT_MAX_ATTEMPTS) + (task?.uncharged ?? 0) + (task?.forgiven ?? 0)
    const starts = facts.startsOf(taskId)
    return starts > most ? { what: `${taskId} began ${starts} times; ${most} are allowed`, taskId } : undefined
  }

  /** An attempt that is not counted any more must not have begun. */
  #takenBack({ before, after }: Applied, { facts }: Known): Found | undefined {
    for (const [taskId, { task }] of before) {
      const now = after.get(taskId)!.task
      if (task.state !== 'running' || now.attempt > task.attempt) continue
      const uncounted = now.attempt < task.attempt || (now.leaseId !== task.leaseId && now.attempt === task.attempt)
      if (uncounted && facts.byLease.has(task.leaseId ?? '')) {
        return { what: `${task.leaseId} was taken back as never started, and its code began`, taskId }
      }
    }
    return undefined
  }

  #charged({ batch, before, after, outcome }: Applied): Found | undefined {
    for (const [index, operation] of batch.operations.entries()) {
      if (operation.kind !== 'settle' || operation.ending.kind !== 'returned' || !operation.ending.started) continue
      const { taskId, leaseId } = operation
      // A lease that was pulled ran out just before, in this very batch.
      if (batch.operations.slice(0, index).some((earlier) => endsLease(earlier, leaseId))) continue
      const was = before.get(taskId)?.task
      const is = after.get(taskId)?.task
      if (was?.leaseId !== leaseId || was.state !== 'running' || is === undefined || is.cancelRequested) continue
      if (was.maxAttempts === 1 || was.uncharged >= UNCHARGED_RETURNS_MAX) continue
      const settled = outcome.operations[index]
      if (settled?.kind !== 'settle' || settled.state !== 'pending' || is.uncharged !== was.uncharged + 1) {
        return { what: `${leaseId} was handed back (${operation.ending.reason}) and is charged`, taskId }
      }
    }
    return undefined
  }
}

function endsLease(operation: Operation, leaseId: string): boolean {
  return operation.kind === 'expire' && operation.leases?.some((lease) => lease.leaseId === leaseId) === true
}

/** What a person sends back has all its attempts again. */
function sentBack(applied: Applied): Found | undefined {
  for (const taskId of retriedBy(applied)) {
    const task = applied.after.get(taskId)?.task
    if (task?.state !== 'pending' || chargedAttempts(task) === 0) continue
    return { what: `${taskId} was sent back, and ${chargedAttempts(task)} of its attempts count still`, taskId }
  }
  return undefined
}
