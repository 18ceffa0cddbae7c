// All that a master remembers: sessions, and what is in flight. Bounded by capacity, never by backlog; a restart has
// nothing to rebuild but this, from the store's holders and the workers that come back.
//
// What always holds:
// - a worker has at most one session, and a session belongs to at most one worker;
// - a slot is used by a lease that its worker may still run, or by an offer in a batch in flight;
// - `leases` changes on outcomes only; a lease that its worker has settled frees the slot at once, for the worker said so.
import type { Instant, MonoMs, WallMs } from '../clock.js'
import type { LogEntry, LogLevel } from '../log.js'
import type { MasterToClient, MasterToWorker, Register } from '../protocol/messages.js'
import type { Claim, KeyRecord, Operation, Place } from '../store/store.js'
import type { MasterEffect, MasterSettings, Read, SessionId, SessionPeer } from './events.js'
import type { Feed } from './feed.js'
import type { Figures } from './figures.js'
import type { Journal } from './journal.js'
import type { Leases } from './leases.js'
import {
  EVERY_TYPE,
  type PullAbout,
  type PulledLease,
  type Pulls,
  type PullWorker,
  type WaitingClaim,
} from './pulls.js'
import type { Views } from './views.js'

/** What may be gathered for the next batch; beyond it submits are answered busy, so that memory stays bounded (P23). */
const QUEUED_OPERATIONS_MAX = 50_000
/** Little, for what waits is what the garbage collector takes as its measure: with 16 MiB a flood of results took 300. */
const QUEUED_CHARS_MAX = 5 * 1024 * 1024

export interface MasterState {
  readonly settings: MasterSettings
  readonly startedAt: Instant
  readonly sessions: Map<SessionId, Session>
  /** By incarnation. A worker without a session is away, and stays until it is judged. */
  readonly workers: Map<string, WorkerState>
  readonly pulls: Pulls
  /** The session of each connected client, by incarnation: that is where the end of its tasks is told. */
  readonly clients: Map<string, SessionId>
  /** Sessions that asked for the end of a task which they did not submit themselves. */
  readonly watchers: Map<string, Set<SessionId>>
  /** Tasks whose course somebody wants to see. */
  readonly views: Views
  /** Gathered for the next batch, in order of arrival. */
  readonly queue: QueuedOperation[]
  queuedChars: number
  /** Taken by the driver: the first is on its way to disk, or its outcome is looked at now while a second is on its way. */
  readonly inFlight: InFlight[]
  /** Groups of workers alike for whom the last claim left nothing runnable; cleared by whatever may change that. */
  readonly exhausted: Set<string>
  /** Grows with whatever may bring work: what was not there for somebody before may be there now. */
  generation: number
  /** Groups for whom it left nothing that may be held ready. */
  readonly noneAhead: Set<string>
  /** Tasks that the last batch granted: about so many more may be there. */
  lastGranted: number
  /** Where the next round of offers begins, so that single tasks do not always meet the same worker. */
  turn: number
  nextDueAt: WallMs | undefined
  /** The disk of the store is nearly full: new tasks are refused. */
  short: boolean
  stopping: Stopping | undefined
  /** Questions to workers to load their modules anew, by the number that was told to the worker. */
  readonly reloads: Map<number, ReloadAsked>
  reloadsAsked: number
  readonly figures: Figures
  /** Those that were given out, by id: the store's, as far as its outcomes have come. */
  readonly keys: Map<string, KeyRecord>
  /** When the first key expires of those with which somebody is here, or earlier. */
  keysEndAt: WallMs | undefined
  /** Why whom is given nothing more, by voter: the store's, as far as its outcomes have come. */
  readonly quarantined: Map<string, string>
  readonly retention: Retention
  /** When the health of the cluster is told in the log the next time. */
  healthAt: MonoMs
  readonly journal: Journal
  /** What goes on, while somebody looks. */
  readonly feed: Feed
}

export interface Session {
  readonly id: SessionId
  readonly peer: SessionPeer
  readonly watches: Set<string>
  readonly openedAt: MonoMs
  /** Questions to the store that are not answered yet. */
  reads: number
  /** It came with this; none, with the secret, and may do all. */
  key?: KeyRecord
  /** This side has ended it. */
  closing: boolean
}

export interface WorkerState {
  readonly incarnation: string
  name: string
  /** What it said when it registered; none for a holder that was found in the store and has not come back. */
  about: Register | undefined
  /** Where it is or was; unknown for a holder of which the store does not tell. */
  place: Place | undefined
  /** Names the routes that it serves: workers with the same key are alike to a claim. */
  routeKey: string
  session: SessionId | undefined
  /** The number of its last registration. */
  registration: number
  /** `attaching`: registered, and what it holds is not confirmed by the store yet. */
  phase: 'attaching' | 'ready' | 'draining' | 'away'
  /** As whom it votes. */
  voter: string
  /** Why it is given nothing more. */
  quarantined: string | undefined
  suspect: boolean
  ailing: boolean
  heardAt: MonoMs
  hosts: Register['hosts']
  /** Of its own process, as its last beat had it. */
  memoryBytes: number | undefined
  readonly leases: Leases
  /** It takes so many tasks beyond those that its slots run. */
  ahead: number
  /** Offers in batches in flight. */
  offered: number
  /** In which generation there was nothing for this one, although there was for others that are alike. */
  passedOver: number | undefined
  /** The last assignment sent, and the first one that was not echoed yet. */
  assignSeq: number
  seenSeq: number
  unseenSince: MonoMs | undefined
  /** When it was last told that something died beside it. */
  besideToldAt: MonoMs
  /** An expiry is gathered or in flight. */
  expiring: boolean
  completed: number
  failed: number
}

/** A client's question that a worker has not answered. */
export interface ReloadAsked {
  readonly client: SessionId
  readonly re: number
  /** The session through which the worker was asked. */
  readonly asked: SessionId
  readonly worker: WorkerState
}

/** An operation with what its outcome is for. */
export interface QueuedOperation {
  readonly operation: Operation
  readonly purpose: Purpose
}

export type Purpose =
  | { readonly kind: 'submit'; readonly ticket: Ticket; readonly index: number }
  | { readonly kind: 'settle'; readonly incarnation: string; readonly session: SessionId | undefined }
  | { readonly kind: 'checkpoint'; readonly session: SessionId; readonly n: number }
  | { readonly kind: 'retry'; readonly ticket: Ticket; readonly index: number }
  | { readonly kind: 'cancel'; readonly ticket: Ticket; readonly index: number }
  | { readonly kind: 'attach'; readonly session: SessionId; readonly incarnation: string }
  | { readonly kind: 'expire'; readonly incarnation: string; readonly cause: ExpiryCause }
  | { readonly kind: 'prune' }
  | {
      readonly kind: 'enlist'
      readonly session: SessionId
      readonly re: number
      readonly worker: string
      readonly about: PullAbout
    }
  | { readonly kind: 'pull-settle'; readonly session: SessionId; readonly re: number; readonly worker: PullWorker }
  | {
      readonly kind: 'pull-expire'
      readonly worker: PullWorker
      readonly over: readonly PulledLease[]
      readonly ticket: RequeueTicket | undefined
    }
  | { readonly kind: 'pull-checkpoint'; readonly session: SessionId; readonly re: number }
  /** Its deadline is over. */
  | { readonly kind: 'pull-overdue'; readonly worker: PullWorker }
  | { readonly kind: 'dismiss'; readonly worker: PullWorker }
  | { readonly kind: 'create-key'; readonly session: SessionId; readonly re: number }
  | { readonly kind: 'revoke-key'; readonly session: SessionId; readonly re: number }
  | { readonly kind: 'pardon'; readonly session: SessionId; readonly re: number }

export type ExpiryCause = 'silent' | 'dead' | 'left'

/** A client's request whose answers come one by one, perhaps over several batches; answered when all are there. */
export interface Ticket {
  readonly session: SessionId
  readonly re: number
  readonly ids: readonly string[]
  /** By the places of the ids. Of a submit a task that has none is accepted. */
  readonly answers: unknown[]
  remaining: number
  readonly unserved: readonly string[]
  /** Those that are accepted are to be told by their ids alone. */
  readonly brief: boolean
}

/** A person asked for leases that are over: answered when all of them are on disk. */
export interface RequeueTicket {
  readonly session: SessionId
  readonly re: number
  remaining: number
  count: number
}

export interface InFlight {
  readonly at: Instant
  readonly operations: readonly QueuedOperation[]
  readonly claims: readonly ClaimInFlight[]
}

export interface ClaimInFlight {
  readonly claim: Claim
  readonly routeKey: string
  /** What it leaves says nothing of what came with later ones. */
  readonly generation: number
  /** The session that each offer was made for, in the order of the offers. */
  readonly sessions: readonly SessionId[]
  /** Of a claim of workers that pull, in place of sessions: what each offer answers. */
  readonly pulled?: readonly WaitingClaim[]
}

export interface Retention {
  /** When it is to look what is too old or too many. */
  lookAt: MonoMs
  /** Since when that has waited for a quiet moment. */
  waitsSince: MonoMs | undefined
  /** Who has asked for all to be forgotten that has ended, and waits for it. */
  asked: ForgetRequest[]
}

export interface ForgetRequest {
  readonly session: SessionId
  readonly re: number
  /** What ended before. */
  readonly before: WallMs
  /** A batch that knows of it was taken. */
  begun: boolean
  count: number
}

export interface Stopping {
  readonly reason: string
  readonly deadline: MonoMs
  /** Work that had started was handed back or left behind. */
  handedBack: boolean
  exited: boolean
}

/** One step: the instant, the state, and the effects gathered so far. */
export class Turn {
  readonly effects: MasterEffect[] = []

  constructor(
    readonly at: Instant,
    readonly state: MasterState,
  ) {}

  /** To a session that is gone nothing is sent. */
  send(session: SessionId, message: MasterToWorker | MasterToClient): void {
    if (this.state.sessions.has(session)) this.effects.push({ kind: 'send', session, message })
  }

  /** What matters only as long as it is new: left out for a session that has much to read already (P23). */
  sendLossy(session: SessionId, message: MasterToWorker | MasterToClient): void {
    if (this.state.sessions.has(session)) this.effects.push({ kind: 'send', session, message, lossy: true })
  }

  close(session: SessionId, reason: string): void {
    const ending = this.state.sessions.get(session)
    if (ending !== undefined) ending.closing = true
    this.effects.push({ kind: 'close', session, reason })
  }

  probe(worker: WorkerState): void {
    if (worker.place === undefined) return
    this.effects.push({ kind: 'probe', incarnation: worker.incarnation, address: worker.place.address })
  }

  read(read: Read): void {
    this.effects.push({ kind: 'read', read })
  }

  log(level: LogLevel, text: string, fields?: LogEntry['fields']): void {
    this.effects.push({ kind: 'log', entry: { level, text, ...(fields && { fields }) } })
  }

  exit(code: number): void {
    this.effects.push({ kind: 'exit', code })
  }

  enqueue(operation: Operation, purpose: Purpose): void {
    this.state.queue.push({ operation, purpose })
    this.state.queuedChars += charsOf(operation)
  }
}

export function isFull({ queue, queuedChars }: MasterState, more: number): boolean {
  return queue.length + more > QUEUED_OPERATIONS_MAX || queuedChars > QUEUED_CHARS_MAX
}

/** What a gathered operation holds in memory, as far as it can be much. */
export function charsOf(operation: Operation): number {
  if (operation.kind === 'submit') return operation.task.payload.length
  if (operation.kind === 'checkpoint') return operation.value.length
  if (operation.kind !== 'settle') return 0
  const said = operation.log?.text.length ?? 0
  const { ending } = operation
  return ending.kind === 'completed' ? said + ending.result.length + (ending.ballot?.length ?? 0) : said
}

/** The worker that speaks through this session, if it has registered and was not replaced. */
export function workerOf(state: MasterState, session: SessionId): WorkerState | undefined {
  const peer = state.sessions.get(session)?.peer
  if (peer?.role !== 'worker') return undefined
  const worker = state.workers.get(peer.incarnation)
  return worker?.session === session ? worker : undefined
}

/** How many more tasks this worker may be given now: to run at once, and beyond that to be held ready. */
export function roomOf(worker: WorkerState): { readonly free: number; readonly ahead: number } {
  if (worker.phase !== 'ready' || worker.suspect || worker.ailing || worker.expiring || worker.about === undefined) {
    return { free: 0, ahead: 0 }
  }
  if (worker.quarantined !== undefined) return { free: 0, ahead: 0 }
  const room = worker.about.slots - worker.leases.running - worker.offered
  const free = Math.max(0, room)
  return { free, ahead: Math.max(0, room + worker.ahead - free) }
}

/** There may be work for whoever had none. */
export function mayBringWork(state: MasterState): void {
  state.exhausted.clear()
  state.noneAhead.clear()
  state.generation += 1
}

function routeName(queue: string, type: string): string {
  return `${queue}\t${type}`
}

/** Whether somebody serves a route at this moment. */
export type Serves = (queue: string, type: string) => boolean

export function served(state: MasterState, at: MonoMs): Serves {
  const routes = servedRoutes(state)
  const pulled = state.pulls.idle ? undefined : state.pulls.served(at, routeName)
  return (queue, type) =>
    routes.has(routeName(queue, type)) ||
    (pulled !== undefined && (pulled.has(routeName(queue, type)) || pulled.has(routeName(queue, EVERY_TYPE))))
}

/** Those of workers that hold a session, as `routeName` writes them. */
function servedRoutes(state: MasterState): ReadonlySet<string> {
  const served = new Set<string>()
  const alike = new Set<string>()
  for (const worker of state.workers.values()) {
    if (worker.quarantined !== undefined || (worker.phase !== 'ready' && worker.phase !== 'attaching')) continue
    if (worker.about === undefined || alike.has(worker.routeKey)) continue
    alike.add(worker.routeKey)
    for (const { type } of worker.about.types)
      for (const queue of worker.about.queues) served.add(routeName(queue, type))
  }
  return served
}
