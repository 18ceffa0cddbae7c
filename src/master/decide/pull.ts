// What workers that pull say, through whichever client: that they are there, that they live and what they still run, and what
// came of it. What they are given: pull-claims.ts; when a lease is over: pull-leases.ts.
import { DtrError, type ErrorCode } from '../../errors.js'
import type { ClientMessage, PullEndingField } from '../../protocol/messages.js'
import type { OperationOutcome, SettleOperation } from '../../store/store.js'
import type { Ending } from '../../task/task.js'
import type { SessionId } from '../events.js'
import { holderOf, type PullAbout, type PulledLease, type PullWorker, queuesOf } from '../pulls.js'
import { isFull, type Purpose, type Session, type Turn } from '../state.js'
import { voterOf } from './keys.js'
import { busy, claim, ROUTES_MAX } from './pull-claims.js'
import { requeue } from './pull-leases.js'
import { noteQuarantine } from './reputation.js'
import { completedBy, journal } from './settle.js'
import { progressed } from './views.js'

type Message<Type extends ClientMessage['type']> = Extract<ClientMessage, { type: Type }>
type Key = Session['key']
export type PullMessage = Extract<ClientMessage, { type: `pull-${string}` }>

/** What such a worker may say of code that it alone has seen: the others are this cluster's own words. */
const CODES: readonly string[] = ['task_failed', 'non_retryable', 'payload_refused', 'too_large', 'timeout']

export function pullSpoke(turn: Turn, { id: session, key }: Session, message: PullMessage): void {
  const owner = ownerOf(key, message)
  try {
    switch (message.type) {
      case 'pull-register':
        return register(turn, session, message, owner)
      case 'pull-beat':
        return beat(turn, session, message, key, owner)
      case 'pull-claim':
        return claim(turn, session, known(turn, message.worker, owner), message)
      case 'pull-settle':
        return settle(turn, session, message, key, owner)
      case 'pull-checkpoint':
        return checkpoint(turn, session, message, key, owner)
      case 'pull-requeue':
        return requeue(turn, session, message.re)
    }
  } catch (error) {
    if (!(error instanceof DtrError)) throw error
    const { code, message: text, retryAfterMs } = error
    const { re } = message
    turn.send(session, { type: 'error', re, code, message: text, ...(retryAfterMs !== undefined && { retryAfterMs }) })
  }
}

/**
 * The key with which the worker proved itself: to the client that speaks for it, which says so and is believed where it may do
 * all (rights.ts), or by that client's own. Undefined where it came without one.
 */
function ownerOf(key: Key, message: PullMessage): string | undefined {
  const named = message.type === 'pull-requeue' ? undefined : message.key
  return named ?? (key?.role === 'admin' ? undefined : key?.id)
}

/** Whoever speaks for it has heard from it. */
function known({ state, at }: Turn, name: string, owner: string | undefined): PullWorker {
  const worker = state.pulls.workers.get(name)
  // Who has a key has no use for a name that nobody proved: registered anew it is that key's.
  if (worker === undefined || (worker.about.key === undefined && owner !== undefined))
    throw new DtrError('not_found', `no worker that pulls is known as ${name}: it must register`)
  if (worker.about.key !== owner) throw new DtrError('forbidden', foreign(name))
  if (worker.leaving) throw busy(`${name} is being forgotten: it must register anew`)
  worker.heardAt = at.monoMs
  return worker
}

function foreign(name: string): string {
  return `${name} is a worker that registered with another key: use that one, or another name`
}

/** The lease that this worker has on the task, where whoever speaks for it may speak of tasks of that type. */
function leaseFor(key: Key, worker: PullWorker | undefined, taskId: string): PulledLease | undefined {
  const lease = worker?.leases.get(taskId)
  return lease === undefined || key?.types?.includes(lease.type) === false ? undefined : lease
}

function register(turn: Turn, session: SessionId, message: Message<'pull-register'>, owner: string | undefined): void {
  const { state, at } = turn
  const { type: _, re, worker: name, key: __, ...said } = message
  const about: PullAbout = { ...said, ...(owner !== undefined && { key: owner }) }
  const routes = queuesOf(about).length * (about.types?.length ?? 1)
  if (routes > ROUTES_MAX) throw new DtrError('too_large', `more than ${ROUTES_MAX} pairs of queue and type`)
  if (about.types?.length === 0)
    throw new DtrError('bad_input', 'types: is empty; without it a worker serves every type')
  state.pulls.checkRoom(name, about)
  const before = state.pulls.workers.get(name)
  if (before?.leaving === true) throw busy(`${name} is being forgotten`)
  if (before !== undefined && before.about.key !== owner && state.pulls.isTaken(before, at.monoMs))
    throw new DtrError('conflict', foreign(name))
  if (before !== undefined && JSON.stringify(before.about) === JSON.stringify(about)) {
    before.heardAt = at.monoMs
    return registered(turn, session, re, name, about)
  }
  if (isFull(state, 1)) throw busy('too much waits to be written')
  turn.enqueue(
    {
      ...{ kind: 'enlist', incarnation: holderOf(name), about: JSON.stringify(about) },
      ...(owner !== undefined && { voter: voterOf({ id: owner }) }),
      ...(about.model !== undefined && { model: about.model }),
    },
    { kind: 'enlist', session, re, worker: name, about },
  )
}

/** It is on disk. */
export function enlisted(turn: Turn, { session, re, worker: name, about }: Extract<Purpose, { kind: 'enlist' }>): void {
  const { state, at } = turn
  const isNew = !state.pulls.workers.has(name)
  noteQuarantine(state, state.pulls.know(name, about, at.monoMs))
  const types = about.types?.join(',') ?? 'every type'
  turn.log('info', `${name} ${isNew ? 'registers to pull' : 'registers anew'}`, { types, slots: about.slots })
  registered(turn, session, re, name, about)
}

function registered(turn: Turn, session: SessionId, re: number, name: string, about: PullAbout): void {
  const { pulls } = turn.state
  const worker = pulls.field(pulls.know(name, about, turn.at.monoMs), turn.at.monoMs)
  const { leaseMs, staleMs } = pulls.settings
  turn.send(session, { type: 'pull-registered', re, worker, leaseMs, staleMs })
}

function beat(
  turn: Turn,
  session: SessionId,
  { re, worker: name, tasks = [] }: Message<'pull-beat'>,
  key: Key,
  owner: string | undefined,
): void {
  const { pulls } = turn.state
  const worker = known(turn, name, owner)
  const renewed: { id: string; lease: string; leaseMs: number }[] = []
  const lost: string[] = []
  for (const { id, lease: leaseId, leaseMs, percent, message } of tasks) {
    const lease = leaseFor(key, worker, id)
    if (lease === undefined || lease.ending || (leaseId !== undefined && leaseId !== lease.leaseId)) {
      lost.push(id)
      continue
    }
    renewed.push({ id, lease: lease.leaseId, leaseMs: renew(lease, turn.at.monoMs, leaseMs) })
    if (percent !== undefined) progressed(turn, lease, { percent, ...(message !== undefined && { message }) })
  }
  const cancelled: string[] = []
  for (const lease of worker.leases.values()) if (lease.cancelled && !lease.ending) cancelled.push(lease.taskId)
  const field = pulls.field(worker, turn.at.monoMs)
  turn.send(session, { type: 'pull-heard', re, worker: field, renewed, lost, cancelled })
}

function renew(lease: PulledLease, at: number, lengthMs = lease.lengthMs): number {
  lease.lengthMs = lengthMs
  lease.endsAt = at + lengthMs
  return lengthMs
}

function settle(
  turn: Turn,
  session: SessionId,
  message: Message<'pull-settle'>,
  key: Key,
  owner: string | undefined,
): void {
  const { state, at } = turn
  const { re, worker: name, id: taskId, ending } = message
  const worker = state.pulls.workers.get(name)
  const held = leaseFor(key, worker, taskId)
  const leaseId = message.lease ?? held?.leaseId ?? worker?.settled.get(taskId)
  const isForeign = held === undefined && worker?.leases.has(taskId) === true
  if (worker === undefined || leaseId === undefined || isForeign || worker.about.key !== owner) {
    state.figures.refused()
    return turn.send(session, { type: 'pull-settled', re, status: 'stale' })
  }
  worker.heardAt = at.monoMs
  const own = held?.leaseId === leaseId && !held.ending
  // What it holds is bounded; what it does not hold, or has settled, is welcome while there is room (P23).
  if (!own && isFull(state, 1)) throw busy('too much waits to be written')
  if (own) {
    held.ending = true
    if (ending.outcome !== 'returned') state.figures.run.add(at.monoMs - held.grantedAt)
  }
  turn.enqueue(
    { kind: 'settle', taskId, leaseId, holder: worker.holder, ending: endingOf(ending) },
    { kind: 'pull-settle', session, re, worker },
  )
}

function checkpoint(
  turn: Turn,
  session: SessionId,
  message: Message<'pull-checkpoint'>,
  key: Key,
  owner: string | undefined,
): void {
  const { state, at } = turn
  const { re, worker: name, id: taskId, value } = message
  const worker = state.pulls.workers.get(name)
  const held = worker?.about.key === owner ? leaseFor(key, worker, taskId) : undefined
  if (worker === undefined || held === undefined || held.ending || (message.lease ?? held.leaseId) !== held.leaseId) {
    state.figures.refused()
    return turn.send(session, { type: 'pull-checkpointed', re, status: 'stale' })
  }
  worker.heardAt = at.monoMs
  if (state.short || isFull(state, 1)) throw busy('there is no room for a checkpoint')
  turn.enqueue(
    { kind: 'checkpoint', taskId, leaseId: held.leaseId, holder: worker.holder, value },
    { kind: 'pull-checkpoint', session, re },
  )
}

/** It is on disk, or was refused as stale. */
export function pullKept(
  turn: Turn,
  { session, re }: Extract<Purpose, { kind: 'pull-checkpoint' }>,
  { status }: Extract<OperationOutcome, { kind: 'checkpoint' }>,
): void {
  if (status === 'stale') turn.state.figures.refused()
  turn.send(session, { type: 'pull-checkpointed', re, status })
}

function endingOf(ending: PullEndingField): Ending {
  switch (ending.outcome) {
    case 'completed':
      return completedBy(ending)
    case 'failed': {
      const code = (CODES.includes(ending.error.code) ? ending.error.code : 'task_failed') as ErrorCode
      return { kind: 'failed', error: { ...ending.error, code }, final: ending.final ?? code === 'non_retryable' }
    }
    case 'returned':
      return { kind: 'returned', reason: 'drain', started: ending.started ?? true }
  }
}

/** It is on disk, or was refused as stale. */
export function pullSettled(
  turn: Turn,
  operation: SettleOperation,
  { session, re, worker }: Extract<Purpose, { kind: 'pull-settle' }>,
  outcome: Extract<OperationOutcome, { kind: 'settle' }>,
): void {
  const { state } = turn
  const { taskId, leaseId } = operation
  state.pulls.release(worker, taskId, leaseId)
  if (outcome.status === 'stale') state.figures.refused()
  else state.pulls.settled(worker, taskId, leaseId)
  journal(turn, operation, worker, outcome)
  const told = outcome.state !== undefined && { state: outcome.state }
  turn.send(session, { type: 'pull-settled', re, status: statusOf(operation, outcome), ...told })
}

function statusOf(
  { ending }: SettleOperation,
  { status, state, refused }: Extract<OperationOutcome, { kind: 'settle' }>,
): 'recorded' | 'stale' | 'cancelled' {
  if (status === 'recorded' && state === 'cancelled') return 'cancelled'
  // This lease had ended otherwise before, as by a settlement that named none: its result does not count.
  return ending.kind === 'completed' && state !== 'completed' && refused === undefined ? 'stale' : status
}
