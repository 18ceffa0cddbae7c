// Work comes, is begun in the order in which it came, and ends.
import { type Assignment, LIST_MAX } from '../../protocol/messages.js'
import type { AttemptInput, AttemptOutcome } from '../../runner/runner.js'
import type { HostId, HostOutcome } from '../events.js'
import { type Attempt, type Host, hasMaster } from '../state.js'
import type { Turn } from '../turn.js'
import { settleEnded, timeoutOf } from './endings.js'
import { hostForNext, isUsable, maySpawn, spawn } from './hosts.js'
import { paced } from './pace.js'
import { settle, type Verdict } from './results.js'
import { count } from './tally.js'

export function assigned(turn: Turn, list: readonly Assignment[]): void {
  const { state } = turn
  let lacking = false
  for (const assignment of list) {
    // Repeated: it is held already, or has ended and waits to be recorded.
    if (state.attempts.has(assignment.lease) || state.unrecorded.has(assignment.lease)) continue
    const attempt = state.attempts.add(assignment, turn.at)
    count(turn, 'assigned')
    turn.log('debug', `task ${assignment.id} assigned`, { type: assignment.type, attempt: assignment.attempt })
    if (!state.served.has(assignment.type)) {
      lacking = true
      settle(turn, attempt, { outcome: 'returned', reason: 'unserved', started: false })
    }
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
    if (attempts.inHosts >= state.config.slots) break
    const host = hostFor(turn, attempt)
    if (host !== undefined) attempts.place(attempt, host.id)
  }
  if (attempts.starting.size > 0) start(turn)
}

/** Where it can run. A suspect gets a host of its own at once, and waits for it without keeping the next from starting. */
function hostFor(turn: Turn, attempt: Attempt): Host | undefined {
  if (attempt.assignment.suspect === true) {
    return maySpawn(turn) ? spawn(turn, 'solo') : undefined
  }
  return hostForNext(turn)
}

/** `started` goes out first: without it the master may take it as proven that the code never began (section 4). */
function start(turn: Turn): void {
  const { attempts, hosts } = turn.state
  const able = [...attempts.starting].filter(({ host }) => host !== undefined && isUsable(hosts.get(host)))
  tellStarted(
    turn,
    able.filter(({ startedTold }) => !startedTold),
  )
  const inputs = new Map<HostId, AttemptInput[]>()
  for (const attempt of able) {
    attempts.sent(attempt, turn.at)
    const host = attempt.host!
    const before = inputs.get(host)
    if (before === undefined) inputs.set(host, [inputOf(attempt.assignment)])
    else before.push(inputOf(attempt.assignment))
  }
  for (const [host, list] of inputs) turn.do({ kind: 'run', host, attempts: list })
}

function inputOf(assignment: Assignment): AttemptInput {
  const { id, lease, type, queue, payload, encoding, attempt, maxAttempts, meta } = assignment
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
  for (const leaseId of leaseIds) {
    host.begins += 1
    const attempt = turn.state.attempts.get(leaseId)
    if (attempt?.host !== id || attempt.phase !== 'sent') continue
    attempt.phase = 'begun'
    turn.state.idleDeaths = 0
    attempt.limitMs = timeoutOf(turn, attempt)
    if (attempt.limitMs !== undefined) host.untimed.push({ attempt, nth: host.begins })
  }
  begunInAll(turn, id, host.begins - leaseIds.length + 1)
}

/** So many have begun in a host: the limits of these count from here on, and not while they wait for another's code. */
export function begunInAll(turn: Turn, id: HostId, count: number): void {
  const untimed = turn.state.hosts.get(id)?.untimed ?? []
  if (untimed.length === 0) return
  const known = untimed.findIndex(({ nth }) => nth > count)
  for (const { attempt } of untimed.splice(0, known < 0 ? untimed.length : known)) {
    if (attempt.limitMs === undefined || attempt.ending !== undefined || attempt.host !== id) continue
    turn.state.attempts.due(attempt, turn.at + attempt.limitMs)
  }
}

export function outcomes(turn: Turn, host: HostId, list: readonly HostOutcome[]): void {
  for (const { leaseId, outcome } of list) {
    const attempt = turn.state.attempts.get(leaseId)
    if (attempt?.host !== host || attempt.phase !== 'begun') continue
    paced(turn, attempt)
    if (attempt.ending !== undefined) settleEnded(turn, attempt, outcome)
    else settle(turn, attempt, verdictOf(outcome))
  }
}

function verdictOf(outcome: AttemptOutcome): Verdict {
  switch (outcome.kind) {
    case 'completed':
      return { outcome: 'completed', result: outcome.result, encoding: outcome.encoding }
    case 'failed':
      return { outcome: 'failed', error: outcome.error, final: outcome.final }
    case 'unserved':
      return { outcome: 'returned', reason: 'unserved', started: false }
  }
}
