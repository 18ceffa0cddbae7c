// Redundant execution, pure: how many replicas of a task there are, and what their votes decide. Words as in BOINC.
//
//   votes of replicas ---> agreed     as many as the quorum voted the same: the canonical result is one of theirs
//                     ---> doubtful   of "auto": the first vote is there, and whoever cast it decides whether it is enough
//                     ---> undecided  and so many more replicas are to be sent out, or none: those that are out are waited for
//                     ---> failed     even if all that may still be sent out agreed, it would not be enough
//
// What always holds:
// - nothing is agreed on with fewer than `quorum` equal votes;
// - a voter has one vote, the one of its first replica, whatever it casts beside it;
// - the order in which votes came does not matter.
//
// With a tolerance `equal` is not transitive (1 is near 2, and 2 near 3): votes agree where any two of them are within the
// tolerance of each other. Of several such groups the largest counts, then the narrowest, then the lowest.
import { DtrError } from '../errors.js'
import { type Comparison, isPointer } from './ballot.js'

export const REPLICAS_MAX = 100
/** As many replicas as the record of those who do the task asks for (task/reputation.ts): one, or one and then others. */
export const AUTO = 'auto'
const AUTO_QUORUM = 2

/** How a task is voted on. */
export interface VoteRule {
  /** Sent out at first, in parallel. */
  readonly replicas: number | typeof AUTO
  /** So many must vote the same. */
  readonly quorum: number
  /** Sent out in all. */
  readonly maxReplicas: number
  readonly compare: Comparison
  /** A JSON Pointer to the part of the result that is voted on; all of it without one. */
  readonly on?: string
  /** Of `numeric`: votes may be so far apart. */
  readonly tolerance?: number
  /** Whoever was asked is waited for, also where enough agree already: each vote is counted, and each voter has its point. */
  readonly all?: boolean
  /** Never two on one machine where others are free. On one worker there are never two. */
  readonly spread?: 'host'
}

/** As a person asks for it. */
export type VoteRequest = { readonly [Field in keyof VoteRule]?: VoteRule[Field] | undefined }

/** A vote that was cast for something. */
export interface Vote {
  /** The number of its replica. */
  readonly n: number
  readonly voter: string
  readonly ballot: string
}

export interface Poll<Cast extends Vote = Vote> {
  readonly votes: readonly Cast[]
  /** Replicas that may still vote. */
  readonly open: number
  /** Replicas that were sent out in all. */
  readonly issued: number
  /** Of `auto`: one vote was not enough. */
  readonly checked?: boolean
}

export type Verdict<Cast extends Vote = Vote> =
  /** By these votes, in the order of their replicas. */
  | { readonly kind: 'agreed'; readonly votes: readonly Cast[] }
  /** It is agreed on if this vote is enough, and else `checked`. */
  | { readonly kind: 'doubtful'; readonly vote: Cast }
  | { readonly kind: 'undecided'; readonly more: number }
  /** @property most how many voted the same at most */
  | { readonly kind: 'failed'; readonly most: number }

/** The rule with its defaults. @throws DtrError `bad_input` that names the field */
export function readVoteRule(asked: VoteRequest): VoteRule {
  const { replicas, quorum, maxReplicas } = asked.replicas === AUTO ? readAuto(asked) : readNumbers(asked)
  const { on, tolerance, all } = asked
  const compare = asked.compare ?? (tolerance === undefined ? 'json' : 'numeric')
  if (on !== undefined && !isPointer(on)) {
    throw bad(`voteOn: "${on}" is no JSON Pointer`, 'write /label, or /scores/0 for the first of a list')
  }
  if (on !== undefined && compare === 'own') {
    throw bad('voteOn: own compares what the code of the task says', 'let its ballot be that part')
  }
  if (on !== undefined && compare === 'exact') {
    throw bad('voteOn: exact compares the whole result', 'compare json looks at a part')
  }
  if (tolerance !== undefined && compare !== 'numeric') {
    throw bad(`tolerance: ${compare} compares without one`, 'compare numeric has one')
  }
  if (tolerance !== undefined && !(Number.isFinite(tolerance) && tolerance >= 0)) {
    throw bad(`tolerance: ${tolerance} is not a number from 0 on`)
  }
  if (all !== undefined) checkAll(all, replicas, quorum)
  return {
    ...{ replicas, quorum, maxReplicas, compare },
    ...(on !== undefined && on !== '' && { on }),
    ...(tolerance !== undefined && { tolerance }),
    ...(all === true && { all }),
    ...(asked.spread !== undefined && { spread: asked.spread }),
  }
}

function readNumbers(asked: VoteRequest) {
  const given = asked.replicas === AUTO ? undefined : asked.replicas
  const replicas = whole('replicas', given ?? asked.quorum ?? 3, 1, REPLICAS_MAX)
  const quorum = whole('quorum', asked.quorum ?? Math.floor(replicas / 2) + 1, 1, replicas)
  const most = Math.min(REPLICAS_MAX, 2 * replicas + 1)
  return { replicas, quorum, maxReplicas: whole('maxReplicas', asked.maxReplicas ?? most, replicas, REPLICAS_MAX) }
}

/** Nobody's word is enough for ever: whoever is checked needs another one who says the same. */
function readAuto(asked: VoteRequest) {
  const quorum = whole('quorum of replicas auto', asked.quorum ?? AUTO_QUORUM, 2, REPLICAS_MAX)
  const most = Math.min(REPLICAS_MAX, 4 * quorum - 1)
  const maxReplicas = whole('maxReplicas', asked.maxReplicas ?? most, quorum, REPLICAS_MAX)
  return { replicas: AUTO, quorum, maxReplicas } as const
}

/** Were half of them enough, two groups might be, and neither be what was agreed on. */
function checkAll(all: boolean, replicas: VoteRule['replicas'], quorum: number): void {
  if (typeof all !== 'boolean') throw bad(`voteAll: ${String(all)} is neither true nor false`)
  if (!all) return
  if (replicas === AUTO) {
    throw bad('voteAll: replicas auto asks others only where one is not enough', 'give replicas as a number')
  }
  if (2 * quorum <= replicas) {
    throw bad(
      `voteAll: of ${replicas} replicas that are all waited for more than half must agree, and quorum is ${quorum}`,
      `set quorum to ${Math.floor(replicas / 2) + 1} or more; over HTTP replicas, unlike required_submissions, waits for no others`,
    )
  }
}

/** So many replicas go out with the task. */
export function sentAtFirst({ replicas }: VoteRule): number {
  return replicas === AUTO ? 1 : replicas
}

export function decideQuorum<Cast extends Vote>(
  rule: VoteRule,
  { votes, open, issued, checked }: Poll<Cast>,
): Verdict<Cast> {
  const agreeing = largestGroup(rule, oneEach(votes))
  if (agreeing.length >= rule.quorum) {
    const waits = rule.all === true && open > 0
    return waits ? { kind: 'undecided', more: 0 } : { kind: 'agreed', votes: agreeing }
  }
  const mayBeOne = rule.replicas === AUTO && checked !== true
  const [first] = agreeing
  if (mayBeOne && first !== undefined) return { kind: 'doubtful', vote: first }
  const missing = mayBeOne ? 1 : rule.quorum - agreeing.length
  if (open >= missing) return { kind: 'undecided', more: 0 }
  const more = missing - open
  if (issued + more > rule.maxReplicas) return { kind: 'failed', most: agreeing.length }
  return { kind: 'undecided', more }
}

/** Whether a vote is one for what was agreed on: equal, or within the tolerance of each of those who agreed. */
export function agreesWith(rule: VoteRule, ballot: string, agreed: readonly Vote[]): boolean {
  if (rule.compare !== 'numeric') return ballot === agreed[0]?.ballot
  return agreed.every((vote) => Math.abs(Number(vote.ballot) - Number(ballot)) <= (rule.tolerance ?? 0))
}

/** The votes that count, in the order of their replicas. */
function oneEach<Cast extends Vote>(votes: readonly Cast[]): Cast[] {
  const first = new Map<string, Cast>()
  for (const vote of votes.toSorted((one, other) => one.n - other.n)) {
    if (!first.has(vote.voter)) first.set(vote.voter, vote)
  }
  return [...first.values()]
}

function largestGroup<Cast extends Vote>(rule: VoteRule, votes: readonly Cast[]): readonly Cast[] {
  const group = rule.compare === 'numeric' ? nearest(votes, rule.tolerance ?? 0) : mostEqual(votes)
  return group.toSorted((one, other) => one.n - other.n)
}

/** Of groups that are as large, the one with the least ballot: whichever it is, it is the same for all orders. */
function mostEqual<Cast extends Vote>(votes: readonly Cast[]): readonly Cast[] {
  const groups = new Map<string, Cast[]>()
  for (const vote of votes) groups.set(vote.ballot, [...(groups.get(vote.ballot) ?? []), vote])
  let most: readonly Cast[] = []
  for (const group of groups.values()) {
    const first = most[0]?.ballot ?? ''
    if (group.length > most.length || (group.length === most.length && group[0]!.ballot < first)) most = group
  }
  return most
}

/** The most of them within one window of that width. */
function nearest<Cast extends Vote>(votes: readonly Cast[], width: number): readonly Cast[] {
  const inOrder = votes.toSorted((one, other) => Number(one.ballot) - Number(other.ballot) || one.n - other.n)
  const valueAt = (index: number): number => Number(inOrder[index]?.ballot)
  let best = { from: 0, to: 0 }
  let from = 0
  for (let to = 1; to <= inOrder.length; to += 1) {
    while (valueAt(to - 1) - valueAt(from) > width) from += 1
    const size = to - from
    const bestSize = best.to - best.from
    const isNarrower = valueAt(to - 1) - valueAt(from) < valueAt(best.to - 1) - valueAt(best.from)
    if (size > bestSize || (size === bestSize && isNarrower)) best = { from, to }
  }
  return inOrder.slice(best.from, best.to)
}

function whole(field: string, value: number, min: number, max: number): number {
  if (Number.isInteger(value) && value >= min && value <= max) return value
  throw bad(`${field}: ${value} is not a whole number from ${min} to ${max}`)
}

function bad(message: string, hint?: string): DtrError {
  return new DtrError('bad_input', message, hint === undefined ? {} : { hint })
}
