// Who gets what: the heads of all routes of a claim merged into the one order of P15. A route is asked for as many heads
// as it probably needs, and again when those are used up, so the cost is that of what is granted, not of what waits.
import { DEFAULT_MAX_ATTEMPTS } from '../task/task.js'
import { distinctRoutes, grantOf, type Head, inClaimOrder, type Rows } from './rows.js'
import type { Claim, ClaimOutcome, ClaimRoute, Grant } from './store.js'
import type { Work } from './work.js'

/** @param open false: nothing new is granted, only what an earlier try of this batch granted already */
export function grantClaim(work: Work, claim: Claim, open: boolean): ClaimOutcome {
  const { rows, now } = work
  const merge = new Merge(rows, claim)
  const grants: Grant[] = []
  for (const offer of claim.offers) {
    const before = work.retried ? rows.leased(offer) : undefined
    if (before !== undefined) {
      grants.push(grantOf(before, offer, before.payload))
      continue
    }
    const next = open ? merge.first() : undefined
    if (next === undefined || (offer.ahead === true && runsOnce(next))) continue
    next.cursor.take()
    const grant = rows.grant(next.head, offer, next.cursor.route.maxAttempts ?? DEFAULT_MAX_ATTEMPTS, now)
    work.moved(grant, 'pending', 'running')
    grants.push(grant)
  }
  return { grants }
}

interface First {
  readonly cursor: Cursor
  readonly head: Head
}

/** It is not held ready, nor is anything that stands behind it. */
function runsOnce({ cursor, head }: First): boolean {
  return (head.maxAttempts ?? cursor.route.maxAttempts) === 1
}

/** All routes in one order. What was taken must be granted before the next is asked for. */
class Merge {
  readonly #cursors: readonly Cursor[]

  constructor(rows: Rows, claim: Claim) {
    const routes = distinctRoutes(claim)
    const pageSize = Math.ceil(claim.offers.length / Math.max(1, routes.length)) + 1
    this.#cursors = routes.map((route) => new Cursor(rows, route, pageSize))
  }

  first(): First | undefined {
    let first: First | undefined
    for (const cursor of this.#cursors) {
      const head = cursor.head()
      if (head !== undefined && (first === undefined || inClaimOrder(head, first.head) < 0)) first = { cursor, head }
    }
    return first
  }
}

/** One route's place in the merge. What was taken from it is granted by now, so that asking again gives what follows. */
class Cursor {
  #page: readonly Head[] | undefined
  #taken = 0

  constructor(
    private readonly rows: Rows,
    readonly route: ClaimRoute,
    private readonly pageSize: number,
  ) {}

  head(): Head | undefined {
    if (this.#page === undefined || (this.#taken === this.#page.length && this.#taken === this.pageSize)) {
      this.#page = this.rows.heads(this.route, this.pageSize)
      this.#taken = 0
    }
    return this.#page[this.#taken]
  }

  take(): void {
    this.#taken += 1
  }
}
