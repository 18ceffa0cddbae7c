// What workers that pull are given. A claim waits until the store has something for it, or its time is over, or its session is
// gone; claims for the same routes are one claim of the store, and are filled in the order in which they came (P15).
import { DtrError } from '../../errors.js'
import type { ClientMessage } from '../../protocol/messages.js'
import type { ClaimOutcome, ClaimRoute, Grant, Offer } from '../../store/store.js'
import type { SessionId } from '../events.js'
import { leaseIdOf, type Pulls, type PullWorker, queuesOf, type WaitingClaim } from '../pulls.js'
import type { ClaimInFlight, MasterState, Turn } from '../state.js'
import { chunked } from './chunks.js'
import { assignment, charsOf } from './dispatch.js'
import { feedGranted } from './feed.js'
import { runs } from './views.js'

type Claim = Extract<ClientMessage, { type: 'pull-claim' }>

/** Granted in one batch at most, beside what goes to workers that hold sessions. */
const OFFERS_PER_BATCH_MAX = 500
/** As where work is dealt: so many, or as many as are likely to be taken. */
const OFFERS_MIN = 16
/** Of one worker. */
const CLAIMS_MAX = 1_000
const BUSY_RETRY_MS = 200

/** As for workers that hold a session: each route is looked at by every claim. */
export const ROUTES_MAX = 10_000

export function claim(turn: Turn, session: SessionId, worker: PullWorker, message: Claim): void {
  const { state, at } = turn
  const { pulls } = state
  const { re, max = 1, leaseMs = pulls.settings.leaseMs, waitMs = 0 } = message
  const asked = routesOf(pulls, worker, message.types)
  if (state.stopping !== undefined) throw new DtrError('stopping', 'the cluster is stopping: nothing is given out')
  if (!pulls.mayWait || worker.claims >= CLAIMS_MAX) throw busy('too many claims wait')
  // Nothing has come since the last claim for these routes was not filled.
  if (waitMs === 0 && state.exhausted.has(asked.routeKey)) return nothing(turn, session, re)
  if (waitMs === 0 && pulls.roomOf(worker) === 0) return nothing(turn, session, re)
  pulls.wait({ session, re, worker, max, leaseMs, ...asked }, at.monoMs, waitMs)
}

export function busy(message: string): DtrError {
  return new DtrError('busy', message, { retryAfterMs: BUSY_RETRY_MS })
}

function routesOf(
  { settings: { maxAttempts } }: Pulls,
  { name, about }: PullWorker,
  asked: readonly string[] | undefined,
): Pick<WaitingClaim, 'routeKey' | 'routes' | 'everyType'> {
  const queues = queuesOf(about)
  const types = asked ?? about.types
  if (types === undefined)
    return { routeKey: `pull *\n${queues.join('\n')}`, routes: [], everyType: { queues, maxAttempts } }
  const foreign = types.find((type) => about.types?.includes(type) === false)
  if (foreign !== undefined) throw new DtrError('bad_input', `types: ${name} has not registered for ${foreign}`)
  if (queues.length * types.length > ROUTES_MAX)
    throw new DtrError('too_large', `more than ${ROUTES_MAX} pairs of queue and type`)
  const routes = queues.flatMap((queue) => types.map((type): ClaimRoute => ({ queue, type, maxAttempts })))
  const keys = routes.map(({ queue, type }) => `${queue}\t${type}`)
  return { routeKey: `pull\n${keys.sort().join('\n')}`, routes, everyType: undefined }
}

/**
 * The claims of the next batch: one for all that ask for the same.
 * @param operations in that batch: each may be a task that is runnable then
 */
export function pullClaims(state: MasterState, batchId: string, operations: number): ClaimInFlight[] {
  const { pulls, exhausted } = state
  const made: ClaimInFlight[] = []
  let left = Math.min(
    Math.max(OFFERS_MIN, operations, 2 * state.lastGranted),
    OFFERS_PER_BATCH_MAX,
    pulls.roomForLeases,
  )
  let index = 0
  for (const [routeKey, claims] of [...pulls.waiting]) {
    if (exhausted.has(routeKey)) continue
    pulls.waitBehind(routeKey)
    const offers: Offer[] = []
    const pulled: WaitingClaim[] = []
    for (const claim of claims) {
      const { worker, leaseMs } = claim
      if (claim.passedOver === state.generation) continue
      const room = Math.min(claim.max, left, pulls.roomOf(worker))
      claim.inFlight = room > 0
      for (let count = 0; count < room; count += 1) {
        offers.push({ leaseId: leaseIdOf(batchId, index, leaseMs), holder: worker.holder })
        pulled.push(claim)
        index += 1
      }
      left -= room
      worker.offered += room
      if (left <= 0) break
    }
    const [first] = pulled
    if (first === undefined) continue
    const { routes, everyType } = first
    const { generation } = state
    made.push({
      claim: { routes, offers, ...(everyType && { everyType }) },
      routeKey,
      generation,
      sessions: [],
      pulled,
    })
    if (left <= 0) break
  }
  return made
}

/** The grants are durable: their answers may leave. */
export function pullGranted(turn: Turn, claim: ClaimInFlight, { grants, passed }: ClaimOutcome): void {
  const { state, at } = turn
  const { pulled = [] } = claim
  const { offers } = claim.claim
  const lists = new Map<WaitingClaim, Grant[]>()
  let met = 0
  for (const [index, waiting] of pulled.entries()) {
    waiting.worker.offered -= 1
    waiting.inFlight = false
    const list = lists.get(waiting) ?? []
    lists.set(waiting, list)
    const grant = grants[met]
    if (grant?.leaseId !== offers[index]!.leaseId) {
      if (passed === true) waiting.passedOver = claim.generation
      continue
    }
    met += 1
    list.push(grant)
    const { taskId, leaseId, type, cancelRequested = false, deadlineAt } = grant
    const lease = { taskId, leaseId, type, lengthMs: waiting.leaseMs, cancelled: cancelRequested }
    state.pulls.lease(waiting.worker, lease, at, deadlineAt)
  }
  state.lastGranted += met
  if (met < offers.length && passed !== true && claim.generation === state.generation)
    state.exhausted.add(claim.routeKey)
  for (const [waiting, list] of lists) {
    if (waiting.over) for (const grant of list) giveBack(turn, waiting.worker, grant)
    else if (list.length > 0) give(turn, waiting, list)
    else if (waiting.immediate || waiting.until <= at.monoMs) end(turn, waiting)
    else state.pulls.waitsUntil = Math.min(state.pulls.waitsUntil ?? waiting.until, waiting.until)
  }
  // Nor is there anything for those that came behind them meanwhile.
  if (!state.exhausted.has(claim.routeKey)) return
  for (const waiting of state.pulls.waiting.get(claim.routeKey) ?? []) if (waiting.immediate) end(turn, waiting)
}

/** As much as one answer holds; the rest was never given. */
function give(turn: Turn, waiting: WaitingClaim, grants: readonly Grant[]): void {
  const { session, re, worker, leaseMs } = waiting
  const [first = [], ...rest] = chunked(grants, charsOf)
  turn.state.pulls.endWait(waiting)
  turn.send(session, {
    type: 'pull-claimed',
    re,
    list: first.map((grant) => ({ ...assignment(grant, turn.at.wallMs), leaseMs })),
  })
  turn.state.journal.assigned(worker.name, first.length)
  for (const grant of first) {
    runs(turn, grant)
    feedGranted(turn, grant, true)
  }
  for (const { taskId, type, attempt, leaseId: lease } of first)
    turn.log('debug', `task ${taskId} (${type}) attempt ${attempt} pulled by ${worker.name}`, { lease })
  for (const grant of rest.flat()) giveBack(turn, worker, grant)
}

/** It never left: as if it had not been granted. */
function giveBack(turn: Turn, worker: PullWorker, { taskId, leaseId }: Grant): void {
  turn.state.pulls.release(worker, taskId, leaseId)
  turn.enqueue(
    { kind: 'settle', taskId, leaseId, ending: { kind: 'returned', reason: 'undelivered', started: false } },
    { kind: 'settle', incarnation: worker.holder, session: undefined },
  )
}

/** Those whose time is over are told that there is nothing. */
export function endWaits(turn: Turn): void {
  const { pulls } = turn.state
  const at = turn.at.monoMs
  if (pulls.waitsUntil === undefined || pulls.waitsUntil > at) return
  // What is in flight is its own answer.
  const waiting = pulls.which(({ inFlight }) => !inFlight)
  for (const claim of waiting) if (claim.until <= at) end(turn, claim)
  const untils = waiting.flatMap(({ over, until }) => (over ? [] : [until]))
  pulls.waitsUntil = untils.length === 0 ? undefined : untils.reduce((one, other) => Math.min(one, other))
}

/** Nothing is given out any more; what is on its way to them goes back. */
export function endAllWaits(turn: Turn): void {
  for (const waiting of turn.state.pulls.which(() => true)) end(turn, waiting)
  turn.state.pulls.waitsUntil = undefined
}

function end(turn: Turn, waiting: WaitingClaim): void {
  turn.state.pulls.endWait(waiting)
  nothing(turn, waiting.session, waiting.re)
}

function nothing(turn: Turn, session: SessionId, re: number): void {
  turn.send(session, { type: 'pull-claimed', re, list: [] })
}

export function sessionGone({ state }: Turn, session: SessionId): void {
  if (state.pulls.waiting.size === 0) return
  for (const waiting of state.pulls.which((claim) => claim.session === session)) state.pulls.endWait(waiting)
}
