// A host is gone: what becomes of the attempts that were in it. Only a task that was alone in it is charged (P9, P11).
//
// A signal from outside may be that of a person who kills processes, and then another one dies beside it. So such a death is
// charged only once the master has confirmed what was sent 6 s later: it lived then, and had told of every other death on this
// machine. What the code did to its own process (an exit, a full heap) is its own doing, whatever happens beside it.
import type { MonoMs } from '../../clock.js'
import { EXIT_OK } from '../../errors.js'
import type { TaskError } from '../../task/task.js'
import type { HostEnd, WorkerEvent } from '../events.js'
import { type Attempt, type Host, NEVER } from '../state.js'
import type { Turn } from '../turn.js'
import { settleEnded } from './endings.js'
import { backOff } from './hosts.js'
import { wantOfMemory } from './memory.js'
import { heirEnded } from './recycle.js'
import { nextEnded } from './reload.js'
import { settle, type Verdict } from './results.js'

type HostEnded = Extract<WorkerEvent, { kind: 'host-ended' }>
interface Lease {
  readonly id: string
  readonly lease: string
}

const FROM_OUTSIDE: readonly (string | undefined)[] = ['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT']
/** Deaths so near to each other count for nobody. */
const BESIDE_MS = 5_000
/** The master tells of others' deaths once in so long at most. */
const TOLD_MS = 1_000
/** Told late or not: what happens after so long is not beside it. */
const APART_MS = BESIDE_MS + TOLD_MS

export function hostEnded(turn: Turn, event: HostEnded): void {
  const { state } = turn
  const host = state.hosts.get(event.host)
  if (host === undefined) return
  state.hosts.delete(host.id)
  const inIt = [...state.attempts].filter((attempt) => attempt.host === host.id)
  const begun = inIt.filter(({ phase }) => phase === 'begun')
  const unbegun = inIt.filter(({ phase }) => phase !== 'begun')
  passOn(turn, unbegun)
  if (host.killedFor === undefined || host.killedFor === 'loading') died(turn, host, event, begun)
  else if (host.killedFor === 'memory') judge(turn, host, event, begun)
  else for (const attempt of begun) endKilled(turn, host, attempt)
  const why = (): string => host.lastWords?.message ?? causeOfDeath(host, event).message
  if (host.role === 'next') nextEnded(turn, host, why())
  if (host.role === 'heir') heirEnded(turn, host, why())
}

/** They were not begun: the next host takes them, or they end here if that was under way. */
function passOn(turn: Turn, attempts: readonly Attempt[]): void {
  turn.state.attempts.giveBack(attempts)
  for (const attempt of attempts) {
    if (attempt.ending === 'lost') attempt.ending = undefined
    if (attempt.ending !== undefined) settleEnded(turn, attempt)
  }
}

/** The worker killed it: for each attempt it is known whose fault that was. */
function endKilled(turn: Turn, host: Host, attempt: Attempt): void {
  if (attempt.ending !== undefined) return settleEnded(turn, attempt)
  if (host.killedFor === 'silence') {
    // Not before the lease of a frozen worker would be over either: one rule for both (section 5).
    attempt.phase = 'adrift'
    turn.state.attempts.due(attempt, host.aliveAt + turn.state.timings.leaseMs)
    return
  }
  const reason = host.killedFor === 'drain' ? 'drain' : 'neighbour'
  settle(turn, attempt, { outcome: 'returned', reason, started: true })
}

function died(turn: Turn, host: Host, event: HostEnded, begun: readonly Attempt[]): void {
  const error = causeOfDeath(host, event)
  turn.log('error', `host died: ${error.message}`, { pid: host.pid, running: begun.length })
  const list = judge(turn, host, event, begun)
  if (turn.state.session?.welcomed === true) turn.tell({ type: 'host-died', list })
  if (begun.length === 0 && host.role !== 'next' && host.role !== 'heir') endIdle(turn, host, error)
}

/** @returns those whose fault it may have been */
function judge(turn: Turn, host: Host, event: HostEnd, begun: readonly Attempt[]): Lease[] {
  const error = causeOfDeath(host, event)
  const beside = isBeside(turn)
  // What the worker has ended itself excuses nobody.
  if (host.killedFor !== 'memory') diedBeside(turn)
  const list: Lease[] = []
  for (const attempt of begun) {
    if (attempt.ending !== undefined) settleEnded(turn, attempt)
    else if (begun.length > 1) settle(turn, attempt, returned(error))
    else if (isOwnDoing(host, event)) settle(turn, attempt, charged(error))
    else if (beside) settle(turn, attempt, excused(error))
    else {
      wait(turn, attempt, error)
      list.push({ id: attempt.assignment.id, lease: attempt.assignment.lease })
    }
  }
  return list
}

/** It ended itself, or said why it ends. */
function isOwnDoing(host: Host, { signal }: HostEnd): boolean {
  return host.lastWords !== undefined || !FROM_OUTSIDE.includes(signal)
}

/** Whose fault it was shows later. Its slot is free. */
function wait({ state, at }: Turn, attempt: Attempt, error: TaskError): void {
  attempt.phase = 'dead'
  attempt.death = { at, error }
  state.attempts.unplace(attempt)
  state.attempts.due(attempt, NEVER)
}

function charged(error: TaskError): Verdict {
  return { outcome: 'failed', error, final: false }
}

/** Nobody's fault that is known: it runs again, alone in its host. */
function returned(error: TaskError, waitMs?: number): Verdict {
  const wait = waitMs === undefined ? {} : { waitMs }
  return { outcome: 'returned', reason: 'neighbour', started: true, suspect: true, error, ...wait }
}

/** Likewise, but not at once: this death shall excuse no later one of the same task. */
function excused(error: TaskError): Verdict {
  return returned(error, APART_MS)
}

/** Something died a moment ago; or nobody is there who would tell of it. */
function isBeside({ state, at }: Turn): boolean {
  const told = state.session?.welcomed === true && state.loss === undefined
  return !told || at - state.deathAt <= APART_MS
}

/** Another host of this machine or the master died, or may have: no death beside it counts. */
export function diedBeside(turn: Turn): void {
  turn.state.deathAt = turn.at
  for (const attempt of turn.state.attempts) {
    if (attempt.death !== undefined) settle(turn, attempt, excused(attempt.death.error))
  }
}

/** The master lived then: whatever had died beside these deaths is known by now. */
export function judgeDeaths(turn: Turn, confirmedAt: MonoMs): void {
  for (const attempt of turn.state.attempts) {
    const { death } = attempt
    if (death !== undefined && death.at + APART_MS <= confirmedAt) settle(turn, attempt, charged(death.error))
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

function causeOfDeath(host: Host, event: HostEnd): TaskError {
  const how = event.signal !== undefined ? `signal ${event.signal}` : `exit code ${event.exitCode ?? 'unknown'}`
  const said = wantOfMemory(host, event) ?? host.lastWords
  const asked = event.exitCode === EXIT_OK ? ': its code ended it' : ''
  return {
    code: said?.code === 'out_of_memory' ? 'out_of_memory' : 'host_died',
    message:
      said === undefined ? `its process ended with ${how}${asked}` : `${said.message} (its process ended with ${how})`,
    ...(host.lastWords?.stack !== undefined && { stack: host.lastWords.stack }),
    ...(event.exitCode !== undefined && { exitCode: event.exitCode }),
    ...(event.signal !== undefined && { signal: event.signal }),
  }
}
