// A host is gone: what becomes of the attempts that were in it. Only a task that was alone in it is charged (P9, P11).
import { EXIT_OK } from '../../errors.js'
import type { TaskError } from '../../task/task.js'
import type { WorkerEvent } from '../events.js'
import type { Attempt, Host } from '../state.js'
import type { Turn } from '../turn.js'
import { settleEnded } from './endings.js'
import { backOff } from './hosts.js'
import { nextEnded } from './reload.js'
import { settle } from './results.js'

type HostEnded = Extract<WorkerEvent, { kind: 'host-ended' }>

export function hostEnded(turn: Turn, event: HostEnded): void {
  const { state } = turn
  const host = state.hosts.get(event.host)
  if (host === undefined) return
  state.hosts.delete(host.id)
  const inIt = [...state.attempts.values()].filter((attempt) => attempt.host === host.id)
  const begun = inIt.filter((attempt) => attempt.phase === 'begun')
  for (const attempt of inIt) if (attempt.phase !== 'begun') passOn(turn, attempt)
  if (host.role === 'next') return nextEnded(turn, host, host.lastWords?.message ?? causeOfDeath(host, event).message)
  if (host.killedFor !== undefined && host.killedFor !== 'loading') {
    for (const attempt of begun) endKilled(turn, host, attempt)
  } else endDied(turn, host, event, begun)
}

/** It was not begun: the next host takes it, or it ends here if that was under way. */
function passOn(turn: Turn, attempt: Attempt): void {
  attempt.host = undefined
  attempt.phase = 'ready'
  if (attempt.ending === 'lost') attempt.ending = undefined
  if (attempt.ending !== undefined) settleEnded(turn, attempt)
}

/** The worker killed it: for each attempt it is known whose fault that was. */
function endKilled(turn: Turn, host: Host, attempt: Attempt): void {
  if (attempt.ending !== undefined) return settleEnded(turn, attempt)
  if (host.killedFor === 'silence') {
    // Not before the lease of a frozen worker would be over either: one rule for both (section 5).
    attempt.phase = 'adrift'
    attempt.dueAt = host.aliveAt + turn.state.timings.leaseMs
    return
  }
  const reason = host.killedFor === 'drain' ? 'drain' : 'neighbour'
  settle(turn, attempt, { outcome: 'returned', reason, started: true })
}

function endDied(turn: Turn, host: Host, event: HostEnded, begun: readonly Attempt[]): void {
  const error = causeOfDeath(host, event)
  turn.log('error', `host died: ${error.message}`, { pid: host.pid, running: begun.length })
  if (begun.length === 0) return endIdle(turn, host, error)
  for (const attempt of begun) {
    if (attempt.ending !== undefined) settleEnded(turn, attempt)
    else if (begun.length === 1) settle(turn, attempt, { outcome: 'failed', error, final: false })
    else settle(turn, attempt, { outcome: 'returned', reason: 'neighbour', started: true, suspect: true, error })
  }
}

function endIdle(turn: Turn, host: Host, error: TaskError): void {
  if (host.role === 'old') return
  if (turn.state.accepting) return backOff(turn)
  // The first host: without knowing what it serves a worker is of no use.
  const problem = host.lastWords?.message ?? `the task modules could not be loaded: ${error.message}`
  turn.do({ kind: 'exit', code: 2, problem })
  turn.state.exited = true
}

function causeOfDeath(host: Host, event: HostEnded): TaskError {
  const how = event.signal !== undefined ? `signal ${event.signal}` : `exit code ${event.exitCode ?? 'unknown'}`
  const said = host.lastWords?.message
  const asked = event.exitCode === EXIT_OK ? ': its code ended it' : ''
  return {
    code: 'host_died',
    message: said === undefined ? `its process ended with ${how}${asked}` : `${said} (its process ended with ${how})`,
    ...(host.lastWords?.stack !== undefined && { stack: host.lastWords.stack }),
    ...(event.exitCode !== undefined && { exitCode: event.exitCode }),
    ...(event.signal !== undefined && { signal: event.signal }),
  }
}
