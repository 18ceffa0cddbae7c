// Sessions and the roster: who is there, who came back, what each may still run.
import type { Settlement, WorkerMessage } from '../../protocol/messages.js'
import { nameOf } from '../../store/rows.js'
import type { OperationOutcome } from '../../store/store.js'
import type { SessionId, SessionPeer } from '../events.js'
import { Leases } from '../leases.js'
import { isPull } from '../pulls.js'
import { roomOf, type Turn, type WorkerState, workerOf } from '../state.js'
import { keep } from './checkpoints.js'
import { hostDied, tellNeighbours } from './deaths.js'
import { assignmentsArrive } from './dispatch.js'
import { judge, withdrawExpiry } from './expire.js'
import { feedHeld, feedStarted } from './feed.js'
import { admitKey, voterOf } from './keys.js'
import { sessionGone } from './pull-claims.js'
import { reloaded, reloadsLost, reloadUnsupported } from './reload.js'
import { unwatch } from './requests.js'
import { settle } from './settle.js'
import { followAgain, reported, unviewAll } from './views.js'

/** A claim looks at the head of each route, so that their number is what a claim costs. */
const ROUTES_MAX = 10_000

type Message<Type extends WorkerMessage['type']> = Extract<WorkerMessage, { type: Type }>

export function opened(turn: Turn, session: SessionId, peer: SessionPeer): void {
  const { state } = turn
  const opening = { id: session, peer, watches: new Set<string>(), reads: 0, openedAt: turn.at.monoMs, closing: false }
  state.sessions.set(session, opening)
  if (peer.keyId !== undefined && !admitKey(turn, opening, peer.keyId)) return
  if (peer.role === 'worker') return
  const before = state.clients.get(peer.incarnation)
  if (before !== undefined) turn.close(before, 'this client has connected again')
  state.clients.set(peer.incarnation, session)
}

export function closed(turn: Turn, id: SessionId, reason: string, heardAll: boolean): void {
  const { state } = turn
  const session = state.sessions.get(id)
  if (session === undefined) return
  const worker = workerOf(state, id)
  state.sessions.delete(id)
  for (const taskId of session.watches) unwatch(turn, taskId, id)
  unviewAll(turn, id)
  if (state.clients.get(session.peer.incarnation) === id) state.clients.delete(session.peer.incarnation)
  reloadsLost(turn, id)
  sessionGone(turn, id)
  if (worker === undefined) return
  // A `started` may have been lost on its way: nothing is proven to have never begun.
  if (!heardAll) worker.leases.presumeBegun()
  lose(turn, worker, reason)
}

/** The connection is gone, which is no proof that the worker is: it is dialled at once, and judged later (P8). */
function lose(turn: Turn, worker: WorkerState, reason: string): void {
  const drained = worker.phase === 'draining' && worker.leases.running === 0
  worker.session = undefined
  worker.phase = 'away'
  if (drained) {
    turn.log('info', `${worker.name} has drained and left`, { worker: worker.incarnation })
    judge(turn, worker, 'left')
    return
  }
  turn.log('warn', `lost the connection to ${worker.name} (${reason}); it holds ${worker.leases.size} tasks`, {
    worker: worker.incarnation,
    address: worker.place?.address,
  })
  tellNeighbours(turn, worker)
  turn.probe(worker)
}

export function workerSpoke(turn: Turn, session: SessionId, message: WorkerMessage): void {
  if (message.type === 'register') {
    register(turn, session, message)
    return
  }
  if (message.type === 'refused') {
    turn.log('info', `a worker does not want this master: ${message.message}`, { code: message.code })
    turn.close(session, 'refused by the worker')
    return
  }
  const worker = workerOf(turn.state, session)
  if (worker === undefined) {
    turn.close(session, `${message.type} from a worker that is not registered on this connection`)
    return
  }
  hear(turn, worker)
  switch (message.type) {
    case 'beat':
      return beat(turn, worker, session, message)
    case 'started':
      for (const { lease } of message.list) {
        const held = worker.leases.get(lease)
        if (held !== undefined) worker.leases.start(held, turn.at.monoMs)
      }
      feedStarted(turn, message.list)
      return
    case 'results':
      worker.ahead = message.ahead ?? 0
      return settle(turn, worker, session, message.list as readonly Settlement[])
    case 'progress':
      return reported(turn, worker, message.list)
    case 'checkpoints':
      return keep(turn, worker, session, message.list)
    case 'host-died':
      return hostDied(turn, worker, message.list)
    case 'draining':
      worker.phase = 'draining'
      turn.log('info', `${worker.name} drains: it finishes ${worker.leases.running} tasks and takes no more`)
      return
    case 'serves':
      return corrected(turn, worker, session, message)
    case 'reloaded':
      return reloaded(turn, message)
    case 'unsupported':
      turn.log('warn', `${worker.name} does not know the message ${message.what}`)
      reloadUnsupported(turn, message.re)
      return
  }
}

function hear(turn: Turn, worker: WorkerState): void {
  worker.heardAt = turn.at.monoMs
  if (worker.expiring) withdrawExpiry(turn, worker)
  if (!worker.suspect) return
  worker.suspect = false
  turn.log('info', `${worker.name} is heard again`, { worker: worker.incarnation })
}

/** First contact or return: the store says what it still holds, and only then it is welcome. */
function register(turn: Turn, session: SessionId, message: Message<'register'>): void {
  const { state } = turn
  const opening = state.sessions.get(session)
  if (opening?.peer.role !== 'worker') return
  const { peer } = opening
  const known = state.workers.get(peer.incarnation)
  if (known?.session === session) return turn.close(session, 'registered twice')
  if (servesTooMuch(message)) {
    return refuse(turn, session, 'too_large', `more than ${ROUTES_MAX} pairs of queue and type`)
  }
  if (isPull(peer.incarnation)) {
    return refuse(turn, session, 'owned', 'names that end like this are for workers that pull')
  }
  // Somebody who has the secret of the cluster, and took the name of a worker (P25).
  if (known?.about !== undefined && known.about.token !== message.token) {
    turn.log('warn', `somebody else claims to be ${known.name}`, { remote: peer.remote })
    return refuse(turn, session, 'owned', 'this is the name of another worker')
  }
  // By a connection that it has given up since: what it held then says nothing of what it holds now.
  if (known !== undefined && message.n !== undefined && message.n < known.registration) {
    return turn.close(session, 'this worker has registered anew since')
  }
  if (known?.session !== undefined) {
    turn.close(known.session, 'this worker has connected again')
  }
  const worker = known ?? newWorker(peer.incarnation, message.name)
  state.workers.set(peer.incarnation, worker)
  worker.session = session
  worker.registration = message.n ?? 0
  worker.phase = 'attaching'
  worker.name = message.name
  worker.hosts = message.hosts
  worker.voter = opening.key === undefined ? nameOf(worker.incarnation) : voterOf(opening.key)
  worker.quarantined = state.quarantined.get(worker.voter)
  worker.suspect = false
  worker.ailing = false
  worker.heardAt = turn.at.monoMs
  worker.ahead = 0
  worker.assignSeq = worker.seenSeq = 0
  worker.unseenSince = undefined
  serves(turn, worker, message)
  withdrawExpiry(turn, worker)
  const leases = message.leases.map(({ id, lease }) => ({ taskId: id, leaseId: lease }))
  turn.enqueue(
    {
      ...{ kind: 'attach', incarnation: worker.incarnation, leases },
      ...(worker.place && { place: worker.place }),
      ...(opening.key && { voter: worker.voter }),
      ...(message.model !== undefined && { model: message.model }),
    },
    { kind: 'attach', session, incarnation: worker.incarnation },
  )
  turn.log('info', `${worker.name} ${known === undefined ? 'found' : 'is back'} at ${message.address}`, {
    worker: worker.incarnation,
    pid: message.pid,
    slots: message.slots,
    types: message.types.map(({ type }) => type).join(','),
    holds: leases.length,
  })
}

function refuse(turn: Turn, session: SessionId, code: 'owned' | 'too_large', message: string): void {
  turn.send(session, { type: 'refused', code, message })
  turn.close(session, `refused: ${message}`)
}

function servesTooMuch({ queues, types }: Pick<Message<'register'>, 'queues' | 'types'>): boolean {
  return queues.length * types.length > ROUTES_MAX
}

export function newWorker(incarnation: string, name: string): WorkerState {
  return {
    incarnation,
    name,
    about: undefined,
    place: undefined,
    routeKey: '',
    session: undefined,
    registration: 0,
    phase: 'away',
    voter: nameOf(incarnation),
    quarantined: undefined,
    suspect: false,
    ailing: false,
    heardAt: 0,
    hosts: [],
    memoryBytes: undefined,
    leases: new Leases(),
    ahead: 0,
    offered: 0,
    passedOver: undefined,
    assignSeq: 0,
    seenSeq: 0,
    unseenSince: undefined,
    besideToldAt: Number.NEGATIVE_INFINITY,
    expiring: false,
    completed: 0,
    failed: 0,
  }
}

/** What it said of its types at registration holds no more. */
function corrected(turn: Turn, worker: WorkerState, session: SessionId, { types }: Message<'serves'>): void {
  if (worker.about === undefined) return
  const about = { ...worker.about, types }
  if (servesTooMuch(about)) turn.close(session, 'serves too many pairs of queue and type')
  else serves(turn, worker, about)
}

function serves(turn: Turn, worker: WorkerState, about: Message<'register'>): void {
  worker.about = about
  worker.place = { address: about.address, machine: about.machine }
  const routes = about.queues.flatMap((queue) =>
    about.types.map(({ type, maxAttempts }) => `${queue}\t${type}\t${maxAttempts ?? ''}`),
  )
  worker.routeKey = routes.sort().join('\n')
  worker.passedOver = undefined
  turn.state.exhausted.delete(worker.routeKey)
  turn.state.noneAhead.delete(worker.routeKey)
}

/** The attach is durable: what it holds is known, and it may work. */
export function attached(
  turn: Turn,
  session: SessionId,
  incarnation: string,
  outcome: Extract<OperationOutcome, { kind: 'attach' }>,
): void {
  const { state } = turn
  const worker = state.workers.get(incarnation)
  if (outcome.returned > 0) {
    turn.log('info', `${outcome.returned} tasks never reached ${worker?.name ?? incarnation} and wait again`)
  }
  if (worker === undefined || worker.session !== session) return
  // Its silence until now was ours: it waits for this very word.
  worker.heardAt = turn.at.monoMs
  worker.leases.clear()
  for (const { leaseId } of outcome.live) worker.leases.add(leaseId).delivered = true
  // What it holds may have begun while nobody heard it say so, and counts as if it had.
  worker.leases.presumeBegun()
  feedHeld(turn, incarnation, outcome.live)
  const { heartbeatMs, suspectMs, leaseMs, codeDeadMs } = state.settings
  turn.send(session, {
    type: 'welcome',
    master: state.settings.incarnation,
    heartbeatMs,
    suspectMs,
    leaseMs,
    codeDeadMs,
    stale: outcome.stale.map(({ taskId, leaseId }) => ({ id: taskId, lease: leaseId })),
  })
  const cancels = outcome.live.filter(({ cancelRequested }) => cancelRequested)
  if (cancels.length > 0) {
    const list = cancels.map(({ taskId, leaseId }) => ({ id: taskId, lease: leaseId, reason: 'cancelled' as const }))
    turn.send(session, { type: 'cancel', list })
  }
  // It may drain since before it came, or have said so meanwhile: then nothing more is for it (P21).
  if (worker.phase === 'attaching') worker.phase = worker.about?.draining === true ? 'draining' : 'ready'
  followAgain(turn, worker)
  if (state.stopping !== undefined && !state.settings.keepWorkers) {
    turn.send(session, { type: 'drain', graceMs: Math.max(0, state.stopping.deadline - turn.at.monoMs) })
  }
  turn.log(
    'info',
    `${worker.name} registered with ${roomOf(worker).free} free slots; it goes on with ${outcome.live.length} tasks`,
    {
      worker: worker.incarnation,
      stale: outcome.stale.length,
    },
  )
}

function beat(turn: Turn, worker: WorkerState, session: SessionId, message: Message<'beat'>): void {
  worker.hosts = message.hosts
  worker.memoryBytes = message.memoryBytes
  const ailing = message.ailing === true
  if (ailing !== worker.ailing) {
    worker.ailing = ailing
    turn.log(
      ailing ? 'warn' : 'info',
      `${worker.name} ${ailing ? 'cannot take work: its host does not answer' : 'can take work again'}`,
    )
  }
  if (!assignmentsArrive(turn, worker, message.seen)) {
    turn.close(session, 'assignments do not arrive')
    return
  }
  // Its tasks are on their way to others: to confirm it now would let its code run on beside them (P7).
  if (worker.expiring) return
  turn.send(session, { type: 'heard', n: message.n, durable: message.n })
}
