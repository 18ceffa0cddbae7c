// Who gets what: the heads of all routes of a claim merged into the one order of P15. A route is asked for as many heads
// as it probably needs, and again when those are used up, so the cost is that of what is granted, not of what waits.
import { DEFAULT_MAX_ATTEMPTS } from '../task/task.js'
import { mayBeReplica } from './polls.js'
import { distinctRoutes, grantOf, type Head, inClaimOrder, type Rows } from './rows.js'
import type { Claim, ClaimOutcome, ClaimRoute, EveryType, Grant, Offer } from './store.js'
import type { Work } from './work.js'

/** Of one queue, in a claim of every type: each is looked at, as where a worker names them. */
const TYPES_MAX = 10_000
/** Replicas that one claim passes over in a route: what stands behind more of them waits until some are granted or over. */
const PASSED_MAX = 5_000

/** @param open false: nothing new is granted, only what an earlier try of this batch granted already */
export function grantClaims(work: Work, claims: readonly Claim[], open: boolean): ClaimOutcome[] {
  const met = claims.map((claim) => grantApart(work, claim, open))
  return met.map((apart, index) => (apart.passed ? grantAnywhere(work, claims[index]!, apart) : outcomeOf(apart)))
}

interface Met {
  readonly grants: (Grant | undefined)[]
  /** Something is there that was not for whoever asked. */
  readonly passed: boolean
  /** Somebody asked who is given nothing at all. */
  readonly barred: boolean
}

function grantApart(work: Work, claim: Claim, open: boolean): Met {
  const { rows } = work
  const merge = new Merge(work, claim)
  let barred = false
  const grants = claim.offers.map((offer) => {
    const before = work.retried ? rows.leased(offer) : undefined
    if (before !== undefined) {
      work.granted(before.runAt)
      return goingOn(work, grantOf(before, offer, before.payload))
    }
    const isBarred = work.polls.isBarred(offer.holder)
    barred ||= isBarred
    return open && !isBarred ? grantNext(work, merge, offer, true) : undefined
  })
  work.writeGiven()
  return { grants, passed: merge.passed > 0, barred }
}

/** What was to be kept for another machine is for whoever is left, where in no claim of this batch anybody took it. */
function grantAnywhere(work: Work, claim: Claim, { grants, barred }: Met): ClaimOutcome {
  // Others may have been given meanwhile what stood first here.
  const merge = new Merge(work, claim)
  for (const [index, offer] of claim.offers.entries()) {
    if (!work.polls.isBarred(offer.holder)) grants[index] ??= grantNext(work, merge, offer, false)
  }
  work.writeGiven()
  return outcomeOf({ grants, passed: merge.passed > 0, barred })
}

function outcomeOf({ grants, passed, barred }: Met): ClaimOutcome {
  const met = grants.filter((grant) => grant !== undefined)
  return (passed || barred) && met.length < grants.length ? { grants: met, passed: true } : { grants: met }
}

function grantNext(work: Work, merge: Merge, offer: Offer, apart: boolean): Grant | undefined {
  const { polls } = work
  const { holder } = offer
  const next = merge.first(holder, ({ id }) => !mayBeReplica(id) || polls.maySeat(id, holder, apart))
  if (next === undefined || (offer.ahead === true && runsOnce(next))) return undefined
  next.cursor.take(next.head)
  const { maxAttempts = DEFAULT_MAX_ATTEMPTS } = next.cursor.route
  const grant = work.give({ head: next.head, offer, maxAttempts })
  if (mayBeReplica(grant.taskId)) polls.seat(grant.taskId, holder)
  return goingOn(work, grant)
}

/** With what an attempt before it kept; of the first nobody asks. */
function goingOn({ rows, polls }: Work, grant: Grant): Grant {
  const kept = grant.attempt === 1 ? undefined : rows.checkpoint(grant.taskId)
  const told = kept === undefined ? grant : { ...grant, checkpoint: kept.value }
  return polls.asksBallot(grant.taskId) ? { ...told, ballot: true } : told
}

interface First {
  readonly cursor: Cursor
  readonly head: Head
}

/** It is not held ready, nor is anything that stands behind it. */
function runsOnce({ cursor, head }: First): boolean {
  return (head.maxAttempts ?? cursor.route.maxAttempts) === 1
}

/** All routes in one order. What was taken must be given before the next is asked for. */
class Merge {
  readonly #cursors: readonly Cursor[]

  constructor(work: Work, claim: Claim) {
    const { rows } = work
    const routes = claim.everyType === undefined ? distinctRoutes(claim) : runnableRoutes(rows, claim.everyType)
    const pageSize = Math.ceil(claim.offers.length / Math.max(1, routes.length)) + 1
    this.#cursors = routes.map((route) => new Cursor(work, route, pageSize))
  }

  /** The first that this is for. */
  first(who: string, isFor: (head: Head) => boolean): First | undefined {
    let first: First | undefined
    for (const cursor of this.#cursors) {
      const head = cursor.first(who, isFor)
      if (head !== undefined && (first === undefined || inClaimOrder(head, first.head) < 0)) first = { cursor, head }
    }
    return first
  }

  /** Heads that were not for whoever asked, and are still there. */
  get passed(): number {
    return this.#cursors.reduce((sum, { left }) => sum + left, 0)
  }
}

/** Types are found by what waits, so that one that waits for nothing costs nothing. */
function runnableRoutes(rows: Rows, { queues, maxAttempts }: EveryType): ClaimRoute[] {
  const routes = queues.flatMap((queue) =>
    rows
      .runnableTypes(queue, TYPES_MAX)
      .map((type) => ({ queue, type, ...(maxAttempts !== undefined && { maxAttempts }) })),
  )
  return distinctRoutes({ routes })
}

/** One route's place in the merge. What was taken from it is given by now, so that asking again gives what follows. */
class Cursor {
  /** Were not for whoever asked, and stand before the page; few but where replicas wait for workers without a part in them. */
  readonly #passed: (Head | undefined)[] = []
  /** So many of them were passed over by each who asks: seats are only taken, so what is not for one never is. */
  readonly #passedBy = new Map<string, number>()
  #page: readonly Head[] | undefined
  #at = 0
  #isLast = false
  #left = 0

  constructor(
    private readonly work: Work,
    readonly route: ClaimRoute,
    private readonly pageSize: number,
  ) {}

  /** Of those that were passed over. */
  get left(): number {
    return this.#left
  }

  first(who: string, isFor: (head: Head) => boolean): Head | undefined {
    for (let index = this.#passedBy.get(who) ?? 0; index < this.#passed.length; index += 1) {
      const head = this.#passed[index]
      this.#passedBy.set(who, index)
      if (head !== undefined && isFor(head)) return head
    }
    for (let head = this.#next(); head !== undefined; head = this.#next()) {
      if (isFor(head)) return head
      if (this.#left >= PASSED_MAX) return undefined
      this.#left += 1
      this.#at += 1
      this.#passedBy.set(who, this.#passed.push(head))
    }
    return undefined
  }

  take(head: Head): void {
    if (this.#page?.[this.#at] === head) {
      this.#at += 1
      return
    }
    this.#passed[this.#passed.indexOf(head)] = undefined
    this.#left -= 1
  }

  /** As many more as were passed over, so that passing over many costs no more than their number. */
  #next(): Head | undefined {
    if (this.#page === undefined || (this.#at === this.#page.length && !this.#isLast)) {
      const limit = this.pageSize + 2 * this.#left
      this.work.writeGiven()
      const heads = this.work.rows.heads(this.route, limit)
      const known = new Set(this.#passed.map((head) => head?.seq))
      this.#page = this.#left === 0 ? heads : heads.filter(({ seq }) => !known.has(seq))
      this.#isLast = heads.length < limit
      this.#at = 0
    }
    return this.#page[this.#at]
  }
}
