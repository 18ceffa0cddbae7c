// The session with the master: one at a time, registration, heartbeats, and what to make of its silence (design: section 5).
import { formatDuration } from '../../config.js'
import type { MasterToWorker, Register, Welcome } from '../../protocol/messages.js'
import type { WorkerEvent } from '../events.js'
import { type Host, NEVER, type Session, type State } from '../state.js'
import type { Duty, Turn } from '../turn.js'
import { assigned, tellStarted } from './attempts.js'
import { checkpointed, checkpointsUnsupported } from './checkpoints.js'
import { diedBeside } from './deaths.js'
import { beginDrain } from './drain.js'
import { endByMaster } from './endings.js'
import { isInService } from './hosts.js'
import { confirm } from './lease.js'
import { reload } from './reload.js'
import { follow, tellReportsAgain } from './reports.js'
import { recorded } from './results.js'

export function opened(turn: Turn, event: Extract<WorkerEvent, { kind: 'opened' }>): void {
  const { state, at } = turn
  const current = state.session
  if (current !== undefined) {
    const owned = current.master !== event.master && at < current.heardAt + state.timings.suspectMs
    if (owned) return refuse(turn, event.session, event.master, current.master)
    turn.do({ kind: 'close', session: current.id })
  }
  // Of what died before this session nobody may have told.
  diedBeside(turn)
  state.session = {
    id: event.session,
    master: event.master,
    registeredAt: at,
    welcomed: false,
    heardAt: at,
    seen: 0,
    nextBeatAt: NEVER,
    sentAt: new Map(),
    ailingTold: false,
  }
  found(turn)
  state.registrations += 1
  turn.tell(registration(state, event.address))
}

function refuse(turn: Turn, session: number, master: string, owner: string): void {
  turn.log('info', `refused master ${master}: this worker has one`, { owner })
  const message = `this worker belongs to ${owner}, which it heard less than ${formatDuration(turn.state.timings.suspectMs)} ago`
  turn.do({ kind: 'send', session, message: { type: 'refused', code: 'owned', message } })
  turn.do({ kind: 'close', session })
}

function registration(state: State, address: string): Register {
  const { name, pid, hostname, machine, version, slots, queues, token, model } = state.config
  const settled = state.unrecorded.settlements.map(({ id, lease }) => ({ id, lease }))
  const held = [...state.attempts].map(({ assignment: { id, lease } }) => ({ id, lease }))
  return {
    type: 'register',
    ...{ name, pid, hostname, machine, version, slots, address },
    queues: [...queues],
    types: [...state.served.values()],
    hosts: hostsOf(state),
    leases: [...held, ...settled],
    draining: state.drain !== undefined,
    n: state.registrations,
    ...(token !== undefined && { token }),
    follows: true,
    ...(model !== undefined && { model }),
  }
}

/** The hosts as a master and `dtr ps` show them. */
export function hostsOf(state: State): { pid: number; state: string }[] {
  return [...state.hosts.values()].flatMap((host) =>
    host.pid === undefined ? [] : [{ pid: host.pid, state: shownOf(host) }],
  )
}

/** What they have of memory changes all the time: it is told with beats alone. */
function hostsAndMemory(state: State): Register['hosts'] {
  return [...state.hosts.values()].flatMap((host) => {
    const { pid, memoryBytes } = host
    return pid === undefined ? [] : [{ pid, state: shownOf(host), ...(memoryBytes > 0 && { memoryBytes }) }]
  })
}

function shownOf({ silent, blocked, phase }: Host): string {
  return silent ? 'silent' : blocked ? 'blocked' : phase
}

export function closed(turn: Turn, event: Extract<WorkerEvent, { kind: 'closed' }>): void {
  if (turn.state.session?.id === event.session) lose(turn, `its connection ended: ${event.reason}`, turn.at)
}

function lose(turn: Turn, why: string, at: number): void {
  const { state } = turn
  state.session = undefined
  diedBeside(turn)
  // Where it was silent before, it is lost since its last line.
  if (state.loss !== undefined) return
  state.loss = { at, marksTold: 0 }
  turn.log('warn', `lost the master: ${why}`, { running: state.attempts.size, ...leavingIn(state) })
}

function leavingIn(state: State): { leavingIn: string } {
  const { masterTimeoutMs } = state.config
  return { leavingIn: masterTimeoutMs === undefined ? 'never' : formatDuration(masterTimeoutMs) }
}

/** It is heard: whatever was counted down is over. */
function found(turn: Turn): void {
  turn.state.loss = undefined
}

export function messages(turn: Turn, event: Extract<WorkerEvent, { kind: 'messages' }>): void {
  for (const message of event.messages) {
    const { session } = turn.state
    if (session?.id !== event.session) return
    session.heardAt = turn.at
    if (turn.state.loss !== undefined) turn.log('info', 'the master is heard again')
    found(turn)
    heardMessage(turn, session, message)
  }
}

function heardMessage(turn: Turn, session: Session, message: MasterToWorker): void {
  switch (message.type) {
    case 'welcome':
      return welcomed(turn, session, message)
    case 'heard':
      return heard(turn, session, message.n, message.durable)
    case 'assign':
      session.seen = message.seq
      return assigned(turn, message.list)
    case 'recorded':
      return recorded(turn, message.list)
    case 'checkpointed':
      return checkpointed(turn, message.list)
    case 'cancel':
      for (const { lease, reason } of message.list) endByMaster(turn, lease, reason)
      return
    case 'follow':
      return follow(turn, message.list)
    case 'drain':
      return beginDrain(turn, message.graceMs, 'the master stops the cluster')
    case 'reload':
      return reload(turn, message.re)
    case 'died-beside':
      return diedBeside(turn)
    case 'refused':
      turn.log('warn', `the master refuses this worker: ${message.message}`, { code: message.code })
      turn.do({ kind: 'close', session: session.id })
      return lose(turn, 'it refused this worker', turn.at)
    case 'unsupported':
      if (message.what === 'progress') turn.state.reports.unheard = true
      turn.log('warn', 'the master does not know a message of ours: it is of another version')
      if (message.what === 'checkpoints') checkpointsUnsupported(turn)
  }
}

function welcomed(turn: Turn, session: Session, welcome: Welcome): void {
  const { state } = turn
  const { heartbeatMs, suspectMs, leaseMs, codeDeadMs, stale } = welcome
  state.timings = { heartbeatMs, suspectMs, leaseMs, codeDeadMs }
  session.welcomed = true
  // The registration was the first beat; where the welcome took long the next one is due.
  session.nextBeatAt = session.registeredAt + heartbeatMs
  turn.log('info', `registered with ${welcome.master}`, { leases: state.attempts.size, stale: stale.length })
  confirm(turn, session.registeredAt)
  for (const { lease } of stale) endByMaster(turn, lease, 'stale')
  // This session knows nothing yet of what began, and nothing of what ended: both are told again.
  for (const attempt of state.attempts) attempt.startedTold = false
  tellStarted(
    turn,
    [...state.attempts].filter((attempt) => attempt.phase !== 'ready'),
  )
  state.unrecorded.sendAgain()
  tellReportsAgain(turn)
  state.checkpoints.sendAgain()
}

function heard(turn: Turn, session: Session, n: number, durable: number): void {
  const sentAt = session.sentAt.get(durable)
  for (const beat of session.sentAt.keys()) if (beat < n && beat < durable) session.sentAt.delete(beat)
  if (sentAt !== undefined) confirm(turn, sentAt)
}

function beat(turn: Turn, session: Session): void {
  const { state, at } = turn
  state.beats += 1
  session.sentAt.set(state.beats, at)
  session.nextBeatAt = at + state.timings.heartbeatMs
  state.checkpoints.release()
  session.ailingTold = isAiling(state)
  const running = [...state.attempts].filter(({ phase }) => phase !== 'ready' && phase !== 'dead').length
  turn.tell({
    type: 'beat',
    ...{ n: state.beats, seen: session.seen, running, hosts: hostsAndMemory(state) },
    ...(state.memoryBytes > 0 && { memoryBytes: state.memoryBytes }),
    ...(session.ailingTold && { ailing: true }),
  })
}

/** It cannot take work now. */
function isAiling(state: State): boolean {
  return !isInService(state)
}

/** What changes whether work should come is told at once, not at the next beat. */
export function tellAiling(turn: Turn): void {
  const { session, drain } = turn.state
  if (session?.welcomed !== true || drain !== undefined) return
  if (session.ailingTold !== isAiling(turn.state)) beat(turn, session)
}

export const masterDuty: Duty = {
  next({ session, loss, timings }) {
    if (session === undefined) return NEVER
    return Math.min(session.nextBeatAt, session.heardAt + (loss === undefined ? timings.suspectMs : timings.leaseMs))
  },

  due(turn) {
    const { session, timings, loss } = turn.state
    if (session === undefined) return
    const silentMs = turn.at - session.heardAt
    if (silentMs >= timings.suspectMs && loss === undefined) {
      turn.state.loss = { at: session.heardAt, marksTold: 0 }
      diedBeside(turn)
      const fields = { running: turn.state.attempts.size, ...leavingIn(turn.state) }
      turn.log('warn', `the master is silent for ${formatDuration(timings.suspectMs)}: lost until it is heard`, fields)
    }
    if (silentMs >= timings.leaseMs) {
      // Whatever comes of it is a new session: this one may be half open.
      turn.do({ kind: 'close', session: session.id })
      lose(turn, 'it was silent', session.heardAt)
    } else if (turn.at >= session.nextBeatAt) beat(turn, session)
  },
}
