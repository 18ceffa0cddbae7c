// Code that must end: a timeout, a deadline, a cancel, a lease that is not ours any more, the end of a drain. AbortSignal, then a grace, at whose end a runner
// itself ends what it runs in processes of their own; then its host is killed (P13, P14). What the code still says after the signal does not undo why it was ended.

import type { MonoMs } from '../../clock.js'
import { formatDuration } from '../../config.js'
import type { AttemptOutcome } from '../../runner/runner.js'
import type { AbortReason } from '../events.js'
import { type Attempt, NEVER } from '../state.js'
import type { Duty, Turn } from '../turn.js'
import { kill } from './hosts.js'
import { completedWith, drop, settle } from './results.js'

/** For a runner that ends code at the end of its grace: a kill of the host would cost the neighbours as well. */
const RUNNER_MS = 500

/** Limit of a run: the task's own, else its type's, else the worker's. */
export function timeoutOf(turn: Turn, attempt: Attempt): number | undefined {
  const { type, timeoutMs } = attempt.assignment
  const { served, config } = turn.state
  return timeoutMs ?? served.get(type)?.timeoutMs ?? config.defaultTimeoutMs
}

/** Its code has begun now: when it is over its limit, or its task over its deadline. */
export function limitAt(turn: Turn, attempt: Attempt): MonoMs {
  return Math.min(turn.at + (attempt.limitMs ?? NEVER), deadlineOf(attempt))
}

/** It ends at the deadline of its task, wherever it stands then. */
export function endByDeadline(turn: Turn, attempt: Attempt): void {
  const at = deadlineOf(attempt)
  if (at > turn.at) turn.state.attempts.due(attempt, at)
  else end(turn, attempt, 'deadline')
}

function deadlineOf({ assignment: { deadlineMs = NEVER }, assignedAt }: Attempt): MonoMs {
  return assignedAt + deadlineMs
}

/** A master wants it to end. */
export function endByMaster(turn: Turn, lease: string, reason: 'cancelled' | 'stale'): void {
  const attempt = turn.state.attempts.get(lease)
  if (attempt === undefined) return
  if (givesWay(attempt)) end(turn, attempt, reason)
  // A master that disowns the lease does not want to hear of it either, whatever else is under way.
  else if (reason === 'stale') attempt.ending = reason
}

/** It runs on, or was told to end for what may still turn out otherwise. */
function givesWay({ ending }: Attempt): boolean {
  return ending === undefined || ending === 'lost' || ending === 'stopping'
}

function end(turn: Turn, attempt: Attempt, reason: AbortReason): void {
  attempt.ending = reason
  if (attempt.phase === 'ready' || attempt.phase === 'adrift' || attempt.phase === 'dead')
    return settleEnded(turn, attempt)
  abort(turn, attempt, reason)
  turn.state.attempts.due(attempt, turn.at + turn.state.config.killGraceMs + RUNNER_MS)
}

export function abort(turn: Turn, attempt: Attempt, reason: AbortReason): void {
  if (attempt.host === undefined) return
  turn.do({ kind: 'abort', host: attempt.host, leaseId: attempt.assignment.lease, reason })
}

/** The code of an attempt that was told to end has ended; `said` is what it still returned or threw, if anything. */
export function settleEnded(turn: Turn, attempt: Attempt, said?: AttemptOutcome): void {
  switch (attempt.ending) {
    case 'cancelled':
      return settle(turn, attempt, { outcome: 'cancelled' })
    case 'stale':
      return drop(turn, attempt)
    case 'timeout': {
      const limit = formatDuration(attempt.limitMs ?? 0)
      const error = { code: 'timeout', message: `it ran longer than its limit of ${limit}` }
      // Nor does why it was ended undo that another attempt would be in vain.
      const final = said?.kind === 'failed' && said.final
      return settle(turn, attempt, { outcome: 'failed', error, final })
    }
    case 'deadline': {
      const error = { code: 'deadline', message: 'its deadline was over before it ended' }
      return settle(turn, attempt, { outcome: 'failed', error, final: true })
    }
    default: {
      if (said?.kind === 'completed') return settle(turn, attempt, completedWith(said))
      if (attempt.ending === 'stopping') {
        return settle(turn, attempt, { outcome: 'returned', reason: 'drain', started: true })
      }
      const error = { code: 'lost', message: 'its code was ended: its worker had lost the master' }
      return settle(turn, attempt, { outcome: 'lost', started: true, error })
    }
  }
}

export const endingsDuty: Duty = {
  next: ({ attempts }) => attempts.dueFrom,

  due(turn) {
    for (const attempt of turn.state.attempts.takeDue(turn.at)) dueOf(turn, attempt)
  },
}

function dueOf(turn: Turn, attempt: Attempt): void {
  if (attempt.phase === 'adrift') {
    const error = { code: 'lost', message: 'its host was frozen, and was killed' }
    return settle(turn, attempt, { outcome: 'lost', started: true, error })
  }
  const { id, type } = attempt.assignment
  if (givesWay(attempt)) {
    const reason = turn.at >= deadlineOf(attempt) ? 'deadline' : 'timeout'
    turn.log('warn', `task ${id} ran into its ${reason === 'timeout' ? 'limit' : reason}: told to end`, { type })
    return end(turn, attempt, reason)
  }
  const host = attempt.host === undefined ? undefined : turn.state.hosts.get(attempt.host)
  if (host === undefined) return
  turn.log('warn', `task ${id} did not end (${attempt.ending}): its host is killed`, { type, pid: host.pid })
  kill(turn, host, 'neighbour')
}
