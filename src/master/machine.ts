// The master's decisions, composed: one event in, effects out, no I/O, no clock, no chance (design: section 3).
//
// Nothing that needs to be durable leaves with the step that decides it: it is gathered, `takeBatch` hands it to the
// driver, and only the `committed` event sends what the batch justifies. So every `send` of an accepted submit, an
// assignment or a recorded result stands behind a commit.
import type { Instant, MonoMs, WallMs } from '../clock.js'
import type { FindKey } from '../protocol/handshake.js'
import type { ClientMessage, WorkerMessage } from '../protocol/messages.js'
import type { Batch, Operation, OperationOutcome, Outcome } from '../store/store.js'
import { kept } from './decide/checkpoints.js'
import { claims, granted } from './decide/dispatch.js'
import { expired, forgive, nextWatch, probed, unstartedLeases, watch } from './decide/expire.js'
import { allowed, endExpired, keptKey, keyCreated, keyRevoked } from './decide/keys.js'
import { enlisted, pullKept, pullSettled } from './decide/pull.js'
import { endWaits, pullClaims, pullGranted } from './decide/pull-claims.js'
import { dismissed, pullExpired, pullOverdue } from './decide/pull-leases.js'
import { noteQuarantines, pardoned, quarantined } from './decide/reputation.js'
import { answered, cancelled, clientSpoke, retried, submitted } from './decide/requests.js'
import { LOOK_MS, nextPruning, pruned, pruning } from './decide/retention.js'
import { HEALTH_MS, tellHealth } from './decide/roster.js'
import { attached, closed, newWorker, opened, workerSpoke } from './decide/sessions.js'
import { Announcements, stopReplicas } from './decide/settle.js'
import { leaveIfDone, nextLook, requestStop } from './decide/stop.js'
import type { MasterDecisions, MasterEffect, MasterEvent, MasterSettings } from './events.js'
import { Feed } from './feed.js'
import { Figures } from './figures.js'
import { Journal } from './journal.js'
import { isPull, Pulls } from './pulls.js'
import { charsOf, type MasterState, mayBringWork, type QueuedOperation, Turn } from './state.js'
import { Views } from './views.js'

/** Of one batch at most, so that no batch makes everybody wait, or is held twice in memory when it is large (P23). */
const OPERATIONS_PER_BATCH_MAX = 5_000
const CHARS_PER_BATCH_MAX = 8 * 1024 * 1024
/** With larger payloads the bytes are what costs, and not the wait between two batches: those are held once. */
const EARLY_CHARS_MAX = 1024 * 1024

export class MasterMachine implements MasterDecisions {
  readonly #state: MasterState
  /** When the next watch over the workers is due; what comes later than that tells how long we stood still. */
  #watchAt: MonoMs | undefined
  #last: Instant

  constructor(at: Instant, settings: MasterSettings) {
    this.#state = {
      settings,
      startedAt: at,
      sessions: new Map(),
      workers: new Map(),
      pulls: new Pulls(settings.pull, at, settings.holders),
      clients: new Map(),
      watchers: new Map(),
      views: new Views(),
      queue: [],
      queuedChars: 0,
      inFlight: [],
      exhausted: new Set(),
      noneAhead: new Set(),
      generation: 0,
      lastGranted: 0,
      turn: 0,
      // What was gated before this start may be due.
      nextDueAt: at.wallMs,
      short: false,
      stopping: undefined,
      reloads: new Map(),
      reloadsAsked: 0,
      figures: new Figures(),
      keys: new Map(settings.keys.map((key) => [key.id, key])),
      keysEndAt: undefined,
      quarantined: new Map(settings.quarantined.map(({ voter, reason }) => [voter, reason])),
      retention: { lookAt: at.monoMs + LOOK_MS, waitsSince: undefined, asked: [] },
      healthAt: at.monoMs + HEALTH_MS,
      journal: new Journal(),
      feed: new Feed(),
    }
    for (const holder of settings.holders) {
      if (isPull(holder.incarnation)) continue
      const worker = newWorker(holder.incarnation, holder.incarnation.split('#')[0] ?? holder.incarnation)
      worker.place = holder.place
      worker.heardAt = at.monoMs
      this.#state.workers.set(holder.incarnation, worker)
    }
    noteQuarantines(this.#state)
    this.#watchAt = nextWatch(this.#state, at.monoMs)
    this.#last = at
  }

  step(at: Instant, event: MasterEvent): readonly MasterEffect[] {
    const turn = new Turn(at, this.#state)
    this.#watch(turn)
    endExpired(turn)
    this.#handle(turn, event)
    endWaits(turn)
    this.#watchAt ??= nextWatch(this.#state, at.monoMs)
    const line = this.#state.journal.take(at)
    if (line !== undefined) turn.effects.push({ kind: 'log', entry: line })
    leaveIfDone(turn)
    return turn.effects
  }

  /** What a handshake is to know of a key, at this moment. */
  keyAt({ wallMs }: Instant, ...[id, role]: Parameters<FindKey>): ReturnType<FindKey> {
    return keptKey(this.#state, wallMs, id, role)
  }

  takeBatch(at: Instant, batchId: string, atWork: boolean): Batch | undefined {
    const state = this.#state
    if (atWork && !isWorthIt(state)) return undefined
    if (state.inFlight.length > 0 && !mayOvertake(state)) return undefined
    const gatesDue = state.nextDueAt !== undefined && state.nextDueAt <= at.wallMs
    const operations = this.#gathered()
    if (gatesDue || operations.some(({ operation }) => mayFreeWork(operation))) {
      mayBringWork(state)
    }
    const pulled = state.pulls.waiting.size > 0 ? pullClaims(state, batchId, operations.length) : []
    const claimed = [...pulled, ...claims(state, batchId, operations.length)]
    const quiet = operations.length === 0 && claimed.length === 0 && !gatesDue
    const forget = pruning({ at, state }, quiet ? undefined : operations)
    if (forget !== undefined) operations.push({ operation: forget, purpose: { kind: 'prune' } })
    else if (quiet) return undefined
    state.inFlight.push({ at, operations, claims: claimed })
    return {
      id: batchId,
      now: at.wallMs,
      operations: operations.map((queued) => this.#complete(queued)),
      claims: claimed.map(({ claim }) => claim),
      retried: false,
    }
  }

  #gathered(): QueuedOperation[] {
    const { queue } = this.#state
    let count = 0
    let chars = 0
    while (count < Math.min(queue.length, OPERATIONS_PER_BATCH_MAX) && chars < CHARS_PER_BATCH_MAX) {
      chars += charsOf(queue[count]!.operation)
      count += 1
    }
    this.#state.queuedChars -= chars
    return queue.splice(0, count)
  }

  nextDeadline(): MonoMs | undefined {
    const { journal, stopping, inFlight, nextDueAt, keysEndAt } = this.#state
    const deadlines = [
      this.#watchAt,
      journal.nextDeadline(),
      this.#monoOf(inFlight.length === 0 ? nextDueAt : undefined),
      this.#monoOf(keysEndAt),
      nextPruning(this.#state, this.#last.monoMs),
    ]
    if (this.#state.pulls.waitsUntil !== undefined) deadlines.push(this.#state.pulls.waitsUntil)
    if (stopping !== undefined && !stopping.exited) deadlines.push(nextLook(stopping, this.#last.monoMs))
    return deadlines.reduce((soonest, deadline) =>
      soonest === undefined || (deadline !== undefined && deadline < soonest) ? deadline : soonest,
    )
  }

  /** A wall time on the lease clock, as far as the last step knew both. */
  #monoOf(wallMs: WallMs | undefined): MonoMs | undefined {
    return wallMs === undefined ? undefined : this.#last.monoMs + Math.max(0, wallMs - this.#last.wallMs)
  }

  /** Whatever wakes us after the watch was due: first our own standstill is forgiven, then silence is judged. */
  #watch(turn: Turn): void {
    this.#last = turn.at
    if (this.#watchAt === undefined || turn.at.monoMs < this.#watchAt) return
    forgive(turn, turn.at.monoMs - this.#watchAt)
    watch(turn)
    tellHealth(turn)
    this.#watchAt = nextWatch(this.#state, turn.at.monoMs)
  }

  #handle(turn: Turn, event: MasterEvent): void {
    switch (event.kind) {
      case 'opened':
        return opened(turn, event.session, event.peer)
      case 'message': {
        const session = this.#state.sessions.get(event.session)
        const message = session && allowed(turn, session, event.message)
        if (session === undefined || message === undefined) return
        // The connection checked the message against the table of its peer's role.
        if (session.peer.role === 'client') return clientSpoke(turn, session, message as ClientMessage)
        return workerSpoke(turn, event.session, message as WorkerMessage)
      }
      case 'closed':
        return closed(turn, event.session, event.reason, event.heardAll)
      case 'probed':
        return probed(turn, event.incarnation, event.met)
      case 'committed':
        return this.#committed(turn, event.outcome)
      case 'answered':
        return answered(turn, event.read, event.answer)
      case 'stop':
        return requestStop(turn, event.reason, event.graceMs, event.now)
      case 'started':
        // Those of this machine may be proven dead at once; the others have a full lease to come back.
        for (const worker of this.#state.workers.values()) turn.probe(worker)
        return
      case 'tick':
        return
    }
  }

  #complete({ operation, purpose }: QueuedOperation): Operation {
    if (operation.kind !== 'expire' || purpose.kind !== 'expire') return operation
    return { ...operation, unstarted: unstartedLeases(this.#state, purpose.incarnation, purpose.cause) }
  }

  #committed(turn: Turn, outcome: Outcome): void {
    const state = this.#state
    const inFlight = state.inFlight.shift()
    if (inFlight === undefined) throw new Error('an outcome came although no batch was in flight')
    state.nextDueAt = outcome.nextDueAt
    const [overtaking] = state.inFlight
    if (overtaking !== undefined && (outcome.nextDueAt ?? Infinity) <= overtaking.at.wallMs) mayBringWork(state)
    tellRoom(turn, outcome.short === true)
    state.figures.commit.add(turn.at.monoMs - inFlight.at.monoMs)
    if (outcome.waits !== undefined) state.figures.wait.addAll(outcome.waits)
    if (outcome.reissued === true) mayBringWork(state)
    // Work leaves first: it has the longest way, and whatever else is told can wait for it.
    state.lastGranted = 0
    inFlight.claims.forEach((claim, index) => {
      const give = claim.pulled === undefined ? granted : pullGranted
      give(turn, claim, outcome.claims[index]!)
    })
    const announcements = new Announcements(turn)
    inFlight.operations.forEach((queued, index) => {
      this.#outcomeOf(turn, queued, outcome.operations[index]!, announcements)
    })
    announcements.tell(outcome.ended)
    if (outcome.stopped !== undefined) stopReplicas(turn, outcome.stopped)
    if (outcome.quarantined !== undefined) quarantined(turn, outcome.quarantined)
  }

  #outcomeOf(
    turn: Turn,
    { operation, purpose }: QueuedOperation,
    outcome: OperationOutcome,
    announcements: Announcements,
  ): void {
    if (purpose.kind === 'submit' && outcome.kind === 'submit') {
      submitted(turn, purpose.ticket, purpose.index, outcome)
    } else if (purpose.kind === 'settle' && outcome.kind === 'settle' && operation.kind === 'settle') {
      announcements.settled(operation, purpose.incarnation, purpose.session, outcome)
    } else if (purpose.kind === 'checkpoint' && outcome.kind === 'checkpoint' && operation.kind === 'checkpoint') {
      kept(turn, operation, purpose, outcome)
    } else if (purpose.kind === 'cancel' && outcome.kind === 'cancel') {
      cancelled(turn, purpose.ticket, purpose.index, outcome)
    } else if (purpose.kind === 'retry' && outcome.kind === 'retry') {
      retried(turn, purpose.ticket, purpose.index, outcome)
    } else if (purpose.kind === 'attach' && outcome.kind === 'attach') {
      attached(turn, purpose.session, purpose.incarnation, outcome)
    } else if (purpose.kind === 'expire' && outcome.kind === 'expire') {
      expired(turn, purpose.incarnation, purpose.cause, outcome)
    } else if (purpose.kind === 'prune' && outcome.kind === 'prune') {
      pruned(turn, outcome)
    } else if (purpose.kind === 'enlist') {
      enlisted(turn, purpose)
    } else if (purpose.kind === 'pull-settle' && outcome.kind === 'settle' && operation.kind === 'settle') {
      pullSettled(turn, operation, purpose, outcome)
    } else if (purpose.kind === 'pull-checkpoint' && outcome.kind === 'checkpoint') {
      pullKept(turn, purpose, outcome)
    } else if (purpose.kind === 'pull-overdue' && outcome.kind === 'settle' && operation.kind === 'settle') {
      pullOverdue(turn, operation, purpose, outcome)
    } else if (purpose.kind === 'pull-expire' && outcome.kind === 'expire') {
      pullExpired(turn, purpose, outcome)
    } else if (purpose.kind === 'dismiss') {
      dismissed(turn, purpose.worker)
    } else if (purpose.kind === 'create-key' && outcome.kind === 'create-key') {
      keyCreated(turn, purpose, outcome)
    } else if (purpose.kind === 'revoke-key' && outcome.kind === 'revoke-key') {
      keyRevoked(turn, purpose, outcome)
    } else if (purpose.kind === 'pardon' && outcome.kind === 'pardon' && operation.kind === 'pardon') {
      pardoned(turn, purpose, operation.voter, outcome)
    } else {
      throw new Error(`outcome ${outcome.kind} for an operation ${operation.kind}`)
    }
  }
}

/** Once when it begins, and once when it is over. */
function tellRoom(turn: Turn, short: boolean): void {
  if (short === turn.state.short) return
  turn.state.short = short
  if (short) turn.log('warn', 'the disk of the data folder is nearly full: new tasks are refused until there is room')
  else turn.log('info', 'the disk of the data folder has room again: new tasks are taken')
}

/** Whether as much has gathered as the store is at work on: the same in fewer batches costs less. */
function isWorthIt({ inFlight, queue, queuedChars }: MasterState): boolean {
  return queue.length >= (inFlight[0]?.operations.length ?? 0) && queuedChars <= EARLY_CHARS_MAX
}

/**
 * Whether the next batch may be taken before the outcome of the last was looked at, so that the store need not wait for that.
 * Only what does not hang on that outcome: tasks that come, and attempts that end.
 */
function mayOvertake({ inFlight, queue, pulls, stopping }: MasterState): boolean {
  const [last, ...others] = inFlight
  if (others.length > 0 || pulls.waiting.size > 0 || stopping !== undefined) return false
  if (last?.operations.at(-1)?.purpose.kind === 'prune') return false
  return queue.length > 0 && queue.every(({ purpose: { kind } }) => kind === 'submit' || kind === 'settle')
}

const FREES_NOTHING: ReadonlySet<Operation['kind']> = new Set([
  ...(['cancel', 'enlist', 'checkpoint', 'create-key', 'revoke-key', 'pardon'] as const),
])

/** Whether something may be runnable after it that was not before. */
function mayFreeWork(operation: Operation): boolean {
  const { kind } = operation
  if (FREES_NOTHING.has(kind)) return false
  return kind !== 'settle' || operation.ending.kind !== 'completed'
}
