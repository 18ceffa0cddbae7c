// What a voter's word is worth, pure: how its record grows, when one vote of it is enough, and when it is asked for none.
// Words and rule as in BOINC's adaptive replication.
//
//   vote ---> matched   somebody else voted the same, and that was agreed on
//        ---> wrong     others agreed on something else
//        ---> alone     it was believed without a second one: that proves nothing, of nobody
//
// What always holds:
// - trust comes of votes that others confirmed, one by one, and of nothing else; one wrong vote ends it;
// - checks never end: of whomever some are looked at;
// - the dice are thrown with what nobody knows before the vote is on disk (the batch that records it), and fall the same when
//   that is looked at again.
import { createHash } from 'node:crypto'

/** Confirmed votes in a row, of one task type with one model, from which on a single one may be enough. */
export const TRUSTED_AFTER = 10
/** Whoever is trusted is checked once in so many votes as were confirmed in a row, and never less often than this. */
export const CHECK_CHANCE_MIN = 0.02

export const CREDITS = ['matched', 'wrong', 'alone'] as const
export type Credit = (typeof CREDITS)[number]

/** What became of the votes of one voter, for one task type with one model. */
export interface Tally {
  readonly matched: number
  readonly wrong: number
  readonly alone: number
  /** Matched since the last that was wrong. */
  readonly streak: number
}

const NOTHING: Tally = { matched: 0, wrong: 0, alone: 0, streak: 0 }

export function credit({ matched, wrong, alone, streak }: Tally = NOTHING, what: Credit): Tally {
  if (what === 'alone') return { matched, wrong, alone: alone + 1, streak }
  if (what === 'wrong') return { matched, wrong: wrong + 1, alone, streak: 0 }
  return { matched: matched + 1, wrong, alone, streak: streak + 1 }
}

/** How often a single vote of it is not enough. */
export function checkChance(streak: number): number {
  return streak < TRUSTED_AFTER ? 1 : Math.max(1 / streak, CHECK_CHANCE_MIN)
}

/** From 0 up to 1. @param batchId of the batch that records the vote: random, and made when the vote was there already */
export function throwDice(batchId: string, taskId: string): number {
  return createHash('sha256').update(`${batchId}/${taskId}`).digest().readUIntBE(0, 6) / 2 ** 48
}

/** Of its last votes so many are looked at, once there are at least so many. */
const RECENT_MAX = 50
const RECENT_MIN = 20
/** Whoever was wrong in a larger share of them is given nothing more; 1 is never. */
export const QUARANTINE_SHARE = 0.5

/** The last votes of a voter that proved something, of all types and models, the oldest first: a letter each. */
export type Recent = string

export function remember(recent: Recent, what: Exclude<Credit, 'alone'>): Recent {
  return `${recent}${what === 'wrong' ? 'w' : 'm'}`.slice(-RECENT_MAX)
}

/** Why it is to have no more work, if it is not to. */
export function whyQuarantined(recent: Recent, share: number): string | undefined {
  const wrong = recent.replaceAll('m', '').length
  if (recent.length < RECENT_MIN || wrong / recent.length <= share) return undefined
  return `${wrong} of its last ${recent.length} votes were wrong`
}
