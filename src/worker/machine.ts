// A worker's decisions, all of them and nothing else (design: section 3): no I/O, no clock, no randomness, no await.
//
// Every step first does what is due by its time, so that after a stall the deadlines of our own leases come before
// anything that waited in a socket (section 5). Then the event, then what follows from the state as it now is: a main
// host, tasks that can begin, results that can be sent.
import type { Instant, MonoMs } from '../clock.js'
import { aheadDuty } from './decide/ahead.js'
import { began, begin, begunInAll, outcomes } from './decide/attempts.js'
import { blocked } from './decide/blocked.js'
import { deliverCheckpoints, kept } from './decide/checkpoints.js'
import { hostEnded } from './decide/deaths.js'
import { beginDrain, drainDuty, drainOn, stop } from './decide/drain.js'
import { endingsDuty } from './decide/endings.js'
import { alive, endIdle, hostsDuty, keepMainHost, lastWords, spawned } from './decide/hosts.js'
import { leaseDuty } from './decide/lease.js'
import { lineDuty, recalled } from './decide/line.js'
import { lossDuty } from './decide/loss.js'
import { closed, hostsOf, masterDuty, messages, opened, tellAiling } from './decide/master.js'
import { tookMemory } from './decide/memory.js'
import { ready, reload } from './decide/reload.js'
import { reported, reportsDuty } from './decide/reports.js'
import { deliver } from './decide/results.js'
import { tallyDuty, tell } from './decide/tally.js'
import type { WorkerEffect, WorkerEvent } from './events.js'
import { NEVER, newState, type State, type WorkerConfig } from './state.js'
import { toldOf, type WorkerTold } from './told.js'
import { type Duty, Turn } from './turn.js'

/** The lease first: nothing may happen on it that comes after its end. */
const DUTIES: readonly Duty[] = [
  leaseDuty,
  masterDuty,
  hostsDuty,
  endingsDuty,
  lineDuty,
  aheadDuty,
  drainDuty,
  tallyDuty,
  reportsDuty,
  lossDuty,
]

export class WorkerMachine {
  readonly #state: State

  constructor(config: WorkerConfig) {
    this.#state = newState(config)
  }

  /** The hosts as `dtr ps` shows them. */
  get hosts(): readonly { pid: number; state: string }[] {
    return hostsOf(this.#state)
  }

  told(at: Instant): WorkerTold {
    return toldOf(this.#state, at)
  }

  nextDeadline(): MonoMs | undefined {
    if (this.#state.exited) return undefined
    const next = DUTIES.reduce((earliest, duty) => Math.min(earliest, duty.next(this.#state)), NEVER)
    return next === NEVER ? undefined : next
  }

  step(at: Instant, event: WorkerEvent): readonly WorkerEffect[] {
    const turn = new Turn(this.#state, at.monoMs)
    this.#doDue(turn)
    if (!this.#state.exited) happen(turn, event)
    if (!this.#state.exited) follow(turn)
    return turn.effects
  }

  #doDue(turn: Turn): void {
    const deadline = this.nextDeadline()
    if (deadline === undefined || turn.at < deadline) return
    forgive(turn, turn.at - deadline)
    for (const duty of DUTIES) if (!this.#state.exited) duty.due(turn)
  }
}

/** A stall of ours is nobody else's silence: it moves the deadlines by which we judge others, and no other. */
function forgive(turn: Turn, lagMs: number): void {
  const { session, hosts, timings } = turn.state
  if (lagMs < timings.suspectMs / 5) return
  turn.log('warn', `this process was stalled for ${Math.round(lagMs)} ms`)
  if (session !== undefined) session.heardAt = Math.min(turn.at, session.heardAt + lagMs)
  for (const host of hosts.values()) host.aliveAt = Math.min(turn.at, host.aliveAt + lagMs)
}

function happen(turn: Turn, event: WorkerEvent): void {
  switch (event.kind) {
    case 'tick':
      return
    case 'opened':
      return opened(turn, event)
    case 'messages':
      return messages(turn, event)
    case 'closed':
      return closed(turn, event)
    case 'host-spawned':
      return spawned(turn, event.host, event.pid)
    case 'host-ready':
      return ready(turn, event.host, event.types)
    case 'host-unfit':
      return lastWords(turn, event.host, { code: 'bad_input', message: event.message })
    case 'host-uncaught':
      return lastWords(turn, event.host, event.error)
    case 'host-alive':
      alive(turn, event.host)
      begunInAll(turn, event.host, event.begun)
      blocked(turn, event.host, event.blockedMs)
      turn.state.memoryBytes = event.ownBytes ?? turn.state.memoryBytes
      return tookMemory(turn, event.host, event.memoryBytes)
    case 'host-recalled':
      return recalled(turn, event)
    case 'host-began':
      return began(turn, event.host, event.leaseIds)
    case 'host-reports':
      return reported(turn, event.host, event.list)
    case 'host-outcomes':
      return outcomes(turn, event.host, event.outcomes)
    case 'host-checkpoints':
      return kept(turn, event.host, event.checkpoints)
    case 'host-ended':
      return hostEnded(turn, event)
    case 'drain':
      return beginDrain(turn, event.graceMs, 'asked to stop')
    case 'reload':
      return reload(turn)
    case 'stop':
      return stop(turn)
  }
}

/** What follows from the state, whichever event made it so. */
function follow(turn: Turn): void {
  drainOn(turn)
  if (turn.state.exited) return
  endIdle(turn)
  keepMainHost(turn)
  // Before what begins: that is written at once, and results leave in the same write.
  deliverCheckpoints(turn)
  deliver(turn)
  begin(turn)
  tellAiling(turn)
  tell(turn)
}
