// Who gets which work: what each batch claims for the free slots of all workers, and what goes out once that is durable.
import type { Assignment } from '../../protocol/messages.js'
import type { ClaimOutcome, ClaimRoute, Grant, Offer } from '../../store/store.js'
import { type ClaimInFlight, freeSlots, type MasterState, type Turn, type WorkerState } from '../state.js'
import { chunked, giveBack } from './settle.js'

/** Attempts granted in one batch at most: keeps a batch, and with it everybody's wait, short. */
const OFFERS_PER_BATCH_MAX = 1_000

/** The claims of the next batch: one a group of workers alike, its offers dealt in turn to those with free slots. */
export function claims(state: MasterState, batchId: string): ClaimInFlight[] {
  if (state.stopping !== undefined) return []
  const groups = new Map<string, WorkerState[]>()
  for (const worker of state.workers.values()) {
    if (freeSlots(worker) === 0 || worker.routeKey === '' || state.exhausted.has(worker.routeKey)) continue
    const group = groups.get(worker.routeKey)
    if (group === undefined) groups.set(worker.routeKey, [worker])
    else group.push(worker)
  }
  const made: ClaimInFlight[] = []
  let offered = 0
  for (const [routeKey, workers] of groups) {
    const claim = deal(state, routeKey, workers, batchId, offered)
    offered += claim.claim.offers.length
    made.push(claim)
    if (offered >= OFFERS_PER_BATCH_MAX) break
  }
  return made
}

function deal(
  state: MasterState,
  routeKey: string,
  workers: readonly WorkerState[],
  batchId: string,
  before: number,
): ClaimInFlight {
  const offers: Offer[] = []
  const sessions: number[] = []
  state.turn += 1
  for (let open = true; open && before + offers.length < OFFERS_PER_BATCH_MAX; ) {
    open = false
    for (let index = 0; index < workers.length; index += 1) {
      const worker = workers[(index + state.turn) % workers.length]!
      if (freeSlots(worker) === 0 || worker.session === undefined) continue
      if (before + offers.length >= OFFERS_PER_BATCH_MAX) break
      worker.offered += 1
      offers.push({ leaseId: `${batchId}.${before + offers.length}`, holder: worker.incarnation })
      sessions.push(worker.session)
      open = true
    }
  }
  return { claim: { routes: routesOf(workers[0]), offers }, routeKey, sessions }
}

function routesOf(worker: WorkerState | undefined): ClaimRoute[] {
  const about = worker?.about
  if (about === undefined) return []
  return about.queues.flatMap((queue) =>
    about.types.map(({ type, maxAttempts }) => ({ queue, type, ...(maxAttempts !== undefined && { maxAttempts }) })),
  )
}

/** The grants are durable: they may leave, to the very sessions they were made for. */
export function granted(turn: Turn, claim: ClaimInFlight, outcome: ClaimOutcome): void {
  const { state } = turn
  const sessionOf = new Map<string, number>()
  claim.claim.offers.forEach((offer, index) => {
    sessionOf.set(offer.leaseId, claim.sessions[index]!)
    const worker = state.workers.get(offer.holder)
    if (worker !== undefined) worker.offered = Math.max(0, worker.offered - 1)
  })
  if (outcome.grants.length < claim.claim.offers.length) state.exhausted.add(claim.routeKey)
  const bySession = new Map<number, Grant[]>()
  for (const grant of outcome.grants) {
    const worker = state.workers.get(grant.holder)
    const session = sessionOf.get(grant.leaseId)
    if (worker !== undefined) {
      const { taskId, type } = grant
      worker.leases.set(grant.leaseId, { taskId, type, delivered: false, started: false, settling: false })
    }
    // Gone, drained or connected anew while the claim was on its way: it never got this, and somebody else shall.
    if (worker === undefined || session === undefined || worker.session !== session || worker.phase !== 'ready') {
      giveBack(turn, grant, worker)
      continue
    }
    const grants = bySession.get(session)
    if (grants === undefined) bySession.set(session, [grant])
    else grants.push(grant)
  }
  for (const [session, grants] of bySession) assign(turn, session, grants)
}

function assign(turn: Turn, session: number, grants: readonly Grant[]): void {
  const worker = turn.state.workers.get(grants[0]!.holder)
  if (worker === undefined) return
  for (const chunk of chunked(grants, (grant) => grant.payload.length + (grant.meta?.length ?? 0))) {
    worker.assignSeq += 1
    worker.unseenSince ??= turn.at.monoMs
    turn.send(session, { type: 'assign', seq: worker.assignSeq, list: chunk.map(assignment) })
  }
  turn.state.journal.assigned(worker.name, grants.length)
  for (const grant of grants) {
    const held = worker.leases.get(grant.leaseId)
    if (held !== undefined) held.delivered = true
    turn.log('debug', `task ${grant.taskId} (${grant.type}) attempt ${grant.attempt} to ${worker.name}`, {
      lease: grant.leaseId,
    })
  }
}

function assignment(grant: Grant): Assignment {
  return {
    id: grant.taskId,
    lease: grant.leaseId,
    queue: grant.queue,
    type: grant.type,
    payload: grant.payload,
    encoding: grant.encoding,
    attempt: grant.attempt,
    maxAttempts: grant.maxAttempts,
    ...(grant.timeoutMs !== undefined && { timeoutMs: grant.timeoutMs }),
    ...(grant.suspect && { suspect: true }),
    ...(grant.meta !== undefined && { meta: grant.meta }),
  }
}

/** Beats echo the last assignment seen: they must prove the path that work takes, not only that a process breathes. */
export function assignmentsArrive(turn: Turn, worker: WorkerState, seen: number): boolean {
  if (seen > worker.seenSeq) {
    worker.seenSeq = Math.min(seen, worker.assignSeq)
    worker.unseenSince = worker.seenSeq < worker.assignSeq ? turn.at.monoMs : undefined
  }
  return worker.unseenSince === undefined || turn.at.monoMs - worker.unseenSince <= turn.state.settings.suspectMs
}
