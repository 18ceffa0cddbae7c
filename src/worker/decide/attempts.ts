// Work comes, is begun in the order in which it came, and ends.
import { type Assignment, LIST_MAX } from '../../protocol/messages.js'
import type { AttemptInput, AttemptOutcome } from '../../runner/runner.js'
import type { HostId, HostOutcome } from '../events.js'
import { type Attempt, type Host, hasMaster } from '../state.js'
import type { Turn } from '../turn.js'
import { endByDeadline, limitAt, settleEnded, timeoutOf } from './endings.js'
import { hostForNext, isUsable, maySpawn, spawn } from './hosts.js'
import { hostWithLine, isClosed, lineUp, unstick } from './line.js'
import { paced } from './pace.js'
import { recycleIfDue } from './recycle.js'
import { completedWith, settle, type Verdict } from './results.js'
import { count } from './tally.js'

export function assigned(turn: Turn, list: readonly Assignment[]): void {
  const { state } = turn
  let lacking = false
  for (const assignment of list) {
    // Repeated: it is held already, or has ended and waits to be recorded.
    if (state.attempts.has(assignment.lease) || state.unrecorded.has(assignment.lease)) continue
    const attempt = state.attempts.add(assignment, turn.at)
    count(turn, 'assigned')
    if (state.config.tellsDebug) {
      turn.log('debug', `task ${assignment.id} assigned`, { type: assignment.type, attempt: assignment.attempt })
    }
    if (!state.served.has(assignment.type)) {
      lacking = true
      settle(turn, attempt, { outcome: 'returned', reason: 'unserved', started: false })
    } else if (assignment.deadlineMs !== undefined) endByDeadline(turn, attempt)
  }
  // Its registration must have said otherwise: correct it (P12).
  if (lacking) turn.tell({ type: 'serves', types: [...state.served.values()] })
}

/** Begins what can be begun: in order, while there are slots, hosts, a master to tell and a lease that is alive. */
export function begin(turn: Turn): void {
  const { state } = turn
  if (!hasMaster(state, turn.at) || state.lease !== 'alive' || state.drain !== undefined) return
  const { attempts } = state
  for (const attempt of attempts.waiting) {
    const hasSlot = attempts.inHosts < state.config.slots
    const host = hasSlot ? hostFor(turn, attempt) : hostWithLine(state, attempt)
    if (host !== undefined) attempts.place(attempt, host.id)
    // In order: what may not be in a line waits for a slot, and all behind it.
    else if (!hasSlot) break
  }
  if (attempts.starting.size > 0) start(turn)
}

/** Where it can run. A suspect gets a host of its own at once, and waits for it without keeping the next from starting. */
function hostFor(turn: Turn, attempt: Attempt): Host | undefined {
  if (attempt.assignment.suspect === true) {
    return maySpawn(turn) ? spawn(turn, 'solo') : undefined
  }
  const host = hostForNext(turn)
  return isClosed(host) ? undefined : host
}

/** `started` goes out first: without it the master may take it as proven that the code never began (section 4). */
function start(turn: Turn): void {
  const { attempts, hosts } = turn.state
  const able = [...attempts.starting].filter(({ host }) => host !== undefined && isUsable(hosts.get(host)))
  tellStarted(
    turn,
    able.filter(({ startedTold }) => !startedTold),
  )
  const inputs = new Map<Host, AttemptInput[]>()
  for (const attempt of able) {
    const host = hosts.get(attempt.host!)!
    host.given += 1
    attempts.sent(attempt, turn.at, host.given)
    const before = inputs.get(host)
    if (before === undefined) inputs.set(host, [inputOf(attempt.assignment)])
    else before.push(inputOf(attempt.assignment))
  }
  for (const [host, list] of inputs) {
    turn.do({ kind: 'run', host: host.id, epoch: host.line.epoch, attempts: list })
    lineUp(turn, host)
  }
}

function inputOf(assignment: Assignment): AttemptInput {
  const { id, lease, type, queue, payload, encoding, attempt, maxAttempts, meta, checkpoint, ballot } = assignment
  return {
    taskId: id,
    leaseId: lease,
    type,
    queue,
    payload,
    encoding,
    attempt,
    maxAttempts,
    ...(meta !== undefined && { meta }),
    ...(checkpoint !== undefined && { checkpoint }),
    ...(ballot && { ballot }),
  }
}

export function tellStarted(turn: Turn, attempts: readonly Attempt[]): void {
  for (let from = 0; from < attempts.length; from += LIST_MAX) {
    const some = attempts.slice(from, from + LIST_MAX)
    for (const attempt of some) attempt.startedTold = true
    turn.tell({ type: 'started', list: some.map(({ assignment: { id, lease } }) => ({ id, lease })) })
  }
}

/** From here on the code has begun: that of the first in any case, that of the others as each before them lets go. */
export function began(turn: Turn, id: HostId, leaseIds: readonly string[]): void {
  const host = turn.state.hosts.get(id)
  if (host === undefined) return
  // All that it had said to begin before have.
  begunInAll(turn, id, host.begins)
  let first: number | undefined
  for (const leaseId of leaseIds) {
    const attempt = turn.state.attempts.get(leaseId)
    if (attempt?.host !== id || attempt.phase !== 'sent') continue
    first ??= attempt.nth
    host.begins = attempt.nth
    attempt.phase = 'begun'
    turn.state.idleDeaths = 0
    attempt.limitMs = timeoutOf(turn, attempt)
    if (attempt.limitMs !== undefined) host.untimed.push({ attempt, nth: attempt.nth })
  }
  if (first !== undefined) begunInAll(turn, id, first)
  recycleIfDue(turn, host)
}

/** So many have begun in a host: the limits of these count from here on, and not while they wait for another's code. */
export function begunInAll(turn: Turn, id: HostId, count: number): void {
  const untimed = turn.state.hosts.get(id)?.untimed ?? []
  if (untimed.length === 0) return
  const known = untimed.findIndex(({ nth }) => nth > count)
  for (const { attempt } of untimed.splice(0, known < 0 ? untimed.length : known)) {
    if (attempt.limitMs === undefined || attempt.ending !== undefined || attempt.host !== id) continue
    turn.state.attempts.due(attempt, limitAt(turn, attempt))
  }
}

export function outcomes(turn: Turn, host: HostId, list: readonly HostOutcome[]): void {
  unstick(turn, host)
  const ended: Attempt[] = []
  for (const { leaseId, outcome, tookMs } of list) {
    const attempt = turn.state.attempts.get(leaseId)
    if (attempt?.host !== host || attempt.phase !== 'begun') continue
    ended.push(attempt)
    turn.state.took.add(attempt.assignment.type, tookMs)
    if (attempt.ending !== undefined) settleEnded(turn, attempt, outcome)
    else settle(turn, attempt, verdictOf(outcome))
  }
  paced(turn, ended)
}

function verdictOf(outcome: AttemptOutcome): Verdict {
  switch (outcome.kind) {
    case 'completed':
      return completedWith(outcome)
    case 'failed':
      return { outcome: 'failed', error: outcome.error, final: outcome.final }
    case 'unserved':
      return { outcome: 'returned', reason: 'unserved', started: false }
  }
}
