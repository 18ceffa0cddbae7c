// Work comes, is begun in the order in which it came, and ends.
import { type Assignment, LIST_MAX } from '../../protocol/messages.js'
import type { AttemptOutcome } from '../../runner/runner.js'
import type { HostId, HostOutcome } from '../events.js'
import { type Attempt, type Host, hasMaster, NEVER, type State } from '../state.js'
import type { Turn } from '../turn.js'
import { settleEnded, timeoutOf } from './endings.js'
import { isUsable, mainHost, maySpawn, spawn } from './hosts.js'
import { settle, type Verdict } from './results.js'
import { count } from './tally.js'

export function assigned(turn: Turn, list: readonly Assignment[]): void {
  const { state } = turn
  let lacking = false
  for (const assignment of list) {
    // Repeated: it is held already, or has ended and waits to be recorded.
    if (state.attempts.has(assignment.lease) || state.unrecorded.has(assignment.lease)) continue
    const attempt: Attempt = {
      assignment,
      phase: 'ready',
      host: undefined,
      startedTold: false,
      ending: undefined,
      limitMs: undefined,
      dueAt: NEVER,
    }
    state.attempts.set(assignment.lease, attempt)
    count(turn, 'assigned')
    turn.log('debug', `task ${assignment.id} assigned`, { type: assignment.type, attempt: assignment.attempt })
    if (!serves(state, assignment.type)) {
      lacking = true
      settle(turn, attempt, { outcome: 'returned', reason: 'unserved', started: false })
    }
  }
  // Its registration must have said otherwise: correct it (P12).
  if (lacking) turn.tell({ type: 'serves', types: [...state.types] })
}

function serves(state: State, type: string): boolean {
  return state.types.some((entry) => entry.type === type)
}

/** Begins what can be begun: in order, while there are slots, hosts, a master to tell and a lease that is alive. */
export function begin(turn: Turn): void {
  const { state } = turn
  if (!hasMaster(state, turn.at) || state.lease !== 'alive' || state.drain !== undefined) return
  let free = state.config.slots
  for (const attempt of state.attempts.values()) if (attempt.host !== undefined) free -= 1
  const starting: { attempt: Attempt; host: Host }[] = []
  for (const attempt of state.attempts.values()) {
    if (attempt.phase !== 'ready' || (free === 0 && attempt.host === undefined)) continue
    const host = hostFor(turn, attempt)
    if (host === undefined) continue
    if (attempt.host === undefined) free -= 1
    attempt.host = host.id
    if (isUsable(host)) starting.push({ attempt, host })
  }
  start(turn, starting)
}

/** Where it can run. A suspect gets a host of its own at once, and waits for it without keeping the next from starting. */
function hostFor(turn: Turn, attempt: Attempt): Host | undefined {
  if (attempt.host !== undefined) return turn.state.hosts.get(attempt.host)
  if (attempt.assignment.suspect === true) {
    return maySpawn(turn) ? spawn(turn, 'solo') : undefined
  }
  const main = mainHost(turn.state)
  return isUsable(main) ? main : undefined
}

/** `started` goes out first: without it the master may take it as proven that the code never began (section 4). */
function start(turn: Turn, starting: readonly { attempt: Attempt; host: Host }[]): void {
  tellStarted(
    turn,
    starting.map(({ attempt }) => attempt).filter((attempt) => !attempt.startedTold),
  )
  for (const { attempt, host } of starting) {
    attempt.phase = 'sent'
    const { id, lease, suspect: _suspect, timeoutMs: _timeoutMs, ...rest } = attempt.assignment
    turn.do({ kind: 'run', host: host.id, attempt: { taskId: id, leaseId: lease, ...rest } })
  }
}

export function tellStarted(turn: Turn, attempts: readonly Attempt[]): void {
  for (let from = 0; from < attempts.length; from += LIST_MAX) {
    const some = attempts.slice(from, from + LIST_MAX)
    for (const attempt of some) attempt.startedTold = true
    turn.tell({ type: 'started', list: some.map(({ assignment: { id, lease } }) => ({ id, lease })) })
  }
}

/** From here on the code has begun, and its limit counts. */
export function began(turn: Turn, host: HostId, leaseId: string): void {
  const attempt = turn.state.attempts.get(leaseId)
  if (attempt?.host !== host || attempt.phase !== 'sent') return
  attempt.phase = 'begun'
  turn.state.idleDeaths = 0
  attempt.limitMs = timeoutOf(turn, attempt)
  if (attempt.ending === undefined && attempt.limitMs !== undefined) attempt.dueAt = turn.at + attempt.limitMs
}

export function outcomes(turn: Turn, host: HostId, list: readonly HostOutcome[]): void {
  for (const { leaseId, outcome } of list) {
    const attempt = turn.state.attempts.get(leaseId)
    if (attempt?.host !== host || attempt.phase !== 'begun') continue
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
