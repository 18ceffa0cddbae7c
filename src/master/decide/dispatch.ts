// Who gets which work: what each batch claims for the free slots of all workers, and what goes out once that is durable.
import type { WallMs } from '../../clock.js'
import type { Assignment } from '../../protocol/messages.js'
import type { ClaimOutcome, ClaimRoute, Grant, Offer } from '../../store/store.js'
import type { SessionId } from '../events.js'
import { type ClaimInFlight, type MasterState, roomOf, type Turn, type WorkerState } from '../state.js'
import { chunked } from './chunks.js'
import { feedGranted } from './feed.js'
import { giveBack } from './settle.js'
import { runs } from './views.js'

/** Attempts granted in one batch at most: keeps a batch, and with it everybody's wait, short. */
const OFFERS_PER_BATCH_MAX = 1_000
/** An offer costs although nothing may be there for it: so many, or as many as are likely to be taken. */
const OFFERS_MIN = 16
/** How many times what it is offered in a row a worker must take ahead: that is some 50 ms of work, so a row is some 2 ms. */
const AHEAD_PER_ROW = 25

/**
 * The claims of the next batch: one a group of workers alike, its offers dealt in turn to those with room.
 * @param operations in that batch: each may be a task that is runnable then
 */
export function claims(state: MasterState, batchId: string, operations: number): ClaimInFlight[] {
  if (state.stopping !== undefined) return []
  const groups = new Map<string, Room[]>()
  for (const worker of state.workers.values()) {
    const { routeKey, session } = worker
    if (routeKey === '' || session === undefined || state.exhausted.has(routeKey)) continue
    if (worker.passedOver === state.generation) continue
    const { free, ahead } = roomOf(worker)
    const room: Room = { worker, session, row: rowOf(worker), free, ahead: state.noneAhead.has(routeKey) ? 0 : ahead }
    if (room.free === 0 && room.ahead === 0) continue
    const group = groups.get(routeKey)
    if (group === undefined) groups.set(routeKey, [room])
    else group.push(room)
  }
  // What is taken up wholly is asked for again at once, and twice as much of it.
  const likely = Math.max(OFFERS_MIN, operations, 2 * state.lastGranted)
  const made: ClaimInFlight[] = []
  let offered = 0
  for (const [routeKey, rooms] of groups) {
    const offersMax = Math.min(likely, OFFERS_PER_BATCH_MAX - offered)
    const claim = deal(state, routeKey, rooms, { batchId, from: offered, offersMax })
    offered += claim.claim.offers.length
    made.push(claim)
    if (offered >= OFFERS_PER_BATCH_MAX) break
  }
  return made
}

/** What one worker may still be offered. */
interface Room {
  readonly worker: WorkerState
  readonly session: SessionId
  /** So many in a row. */
  readonly row: number
  free: number
  ahead: number
}

/**
 * One whose tasks are tiny, as what it takes ahead says, is dealt some in a row: a message to each of a thousand workers
 * costs more than the tasks in it. Of what it takes ahead it is a small part, so that it does not matter who does them.
 */
function rowOf({ ahead }: WorkerState): number {
  return Math.max(1, Math.floor(ahead / AHEAD_PER_ROW))
}

/** First whatever can run at once, and then what is held ready. */
function deal(
  state: MasterState,
  routeKey: string,
  rooms: readonly Room[],
  { batchId, from, offersMax }: { readonly batchId: string; readonly from: number; readonly offersMax: number },
): ClaimInFlight {
  const offers: Offer[] = []
  const sessions: number[] = []
  let met = 0
  const offer = ({ worker, session }: Room, ahead: boolean): void => {
    worker.offered += 1
    const leaseId = `${batchId}.${from + offers.length}`
    offers.push({ leaseId, holder: worker.incarnation, ...(ahead && { ahead }) })
    sessions.push(session)
  }
  for (const kind of ['free', 'ahead'] as const) {
    for (let open = true; open && offers.length < offersMax; ) {
      open = false
      for (let index = 0; index < rooms.length && offers.length < offersMax; index += 1) {
        const room = rooms[(index + state.turn) % rooms.length]!
        const count = Math.min(room[kind], room.row, offersMax - offers.length)
        room[kind] -= count
        met += 1
        for (let dealt = 0; dealt < count; dealt += 1) offer(room, kind === 'ahead')
        open ||= count > 0
      }
    }
  }
  // The next round begins with whoever had no turn in this.
  state.turn += met
  return { claim: { routes: routesOf(rooms[0]?.worker), offers }, routeKey, generation: state.generation, sessions }
}

function routesOf(worker: WorkerState | undefined): ClaimRoute[] {
  const about = worker?.about
  if (about === undefined) return []
  return about.queues.flatMap((queue) =>
    about.types.map(({ type, maxAttempts }) => ({ queue, type, ...(maxAttempts !== undefined && { maxAttempts }) })),
  )
}

/** The grants are durable: they may leave, to the very sessions they were made for. */
export function granted(turn: Turn, claim: ClaimInFlight, { grants, passed }: ClaimOutcome): void {
  const { state } = turn
  const { offers } = claim.claim
  const bySession = new Map<SessionId, Grant[]>()
  const unmet = { free: false, ahead: false }
  let met = 0
  for (let index = 0; index < offers.length; index += 1) {
    const { leaseId, holder, ahead } = offers[index]!
    const worker = state.workers.get(holder)
    if (worker !== undefined) worker.offered = Math.max(0, worker.offered - 1)
    const grant = grants[met]
    if (grant?.leaseId !== leaseId) {
      if (passed === true && ahead !== true && worker !== undefined) worker.passedOver = claim.generation
      else unmet[ahead === true ? 'ahead' : 'free'] = true
      continue
    }
    met += 1
    worker?.leases.add(leaseId)
    const session = claim.sessions[index]!
    // Gone, drained or connected anew while the claim was on its way: it never got this, and somebody else shall.
    if (worker === undefined || worker.session !== session || worker.phase !== 'ready') {
      giveBack(turn, grant, worker)
      continue
    }
    const list = bySession.get(session)
    if (list === undefined) bySession.set(session, [grant])
    else list.push(grant)
  }
  if (met !== grants.length) throw new Error('a task was granted that no offer asked for')
  state.lastGranted += met
  noteWhatIsLeft(state, claim, unmet)
  for (const [session, list] of bySession) assign(turn, session, list)
}

/** Nothing is left to run, or at least nothing that may be held ready. */
function noteWhatIsLeft(
  { exhausted, noneAhead, generation }: MasterState,
  { routeKey, generation: seen }: ClaimInFlight,
  unmet: { readonly free: boolean; readonly ahead: boolean },
): void {
  if (!unmet.free && !unmet.ahead) noneAhead.delete(routeKey)
  else if (seen === generation) (unmet.free ? exhausted : noneAhead).add(routeKey)
}

function assign(turn: Turn, session: number, grants: readonly Grant[]): void {
  const { settings, workers } = turn.state
  const worker = workers.get(grants[0]!.holder)
  if (worker === undefined) return
  for (const chunk of chunked(grants, charsOf)) {
    worker.assignSeq += 1
    worker.unseenSince ??= turn.at.monoMs
    turn.send(session, {
      type: 'assign',
      seq: worker.assignSeq,
      list: chunk.map((grant) => assignment(grant, turn.at.wallMs)),
    })
  }
  turn.state.journal.assigned(worker.name, grants.length)
  for (const grant of grants) {
    const held = worker.leases.get(grant.leaseId)
    if (held !== undefined) held.delivered = true
    runs(turn, grant)
    feedGranted(turn, grant, false)
    if (!settings.tellsDebug) continue
    turn.log('debug', `task ${grant.taskId} (${grant.type}) attempt ${grant.attempt} to ${worker.name}`, {
      lease: grant.leaseId,
    })
  }
}

/** Of what a grant carries. */
export function charsOf({ payload, meta, checkpoint }: Grant): number {
  return payload.length + (meta?.length ?? 0) + (checkpoint?.length ?? 0)
}

/** Until its deadline a worker counts by its own clock, from what is left now (P20). */
export function assignment(grant: Grant, now: WallMs): Assignment {
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
    ...(grant.deadlineAt !== undefined && { deadlineMs: Math.max(0, grant.deadlineAt - now) }),
    ...(grant.suspect && { suspect: true }),
    ...(grant.meta !== undefined && { meta: grant.meta }),
    ...(grant.checkpoint !== undefined && { checkpoint: grant.checkpoint }),
    ...(grant.ballot && { ballot: true }),
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
