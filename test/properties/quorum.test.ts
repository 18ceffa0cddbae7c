// What a quorum agrees on, whatever is voted, by whomever and in whatever order.
import fc, { type Arbitrary } from 'fast-check'
import { ballotOf, COMPARISONS } from '../../src/task/ballot.js'
import { agreesWith, decideQuorum, readVoteRule, sentAtFirst, type Vote, type VoteRule } from '../../src/task/quorum.js'
import { holds, same } from './holds.js'

/** Few voters and few ballots, so that two of one voter, ties and disagreement come often. */
const RULE: Arbitrary<VoteRule> = fc
  .record({
    ...{ quorum: fc.integer({ min: 1, max: 4 }), numeric: fc.boolean(), more: fc.nat(4), tolerance: fc.nat(3) },
    all: fc.nat(3).map((n) => n === 0),
  })
  .map(({ quorum, numeric, more, tolerance, all }) =>
    readVoteRule({ replicas: quorum, quorum, maxReplicas: quorum + more, all, ...(numeric && { tolerance }) }),
  )
const VOTES: Arbitrary<readonly Vote[]> = fc
  .array(fc.record({ voter: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'), ballot: fc.nat(6).map(String) }), {
    maxLength: 9,
  })
  .map((votes) => votes.map((vote, index) => ({ ...vote, n: index + 1 })))

interface Drawn {
  readonly rule: VoteRule
  readonly votes: readonly Vote[]
  readonly open: number
}
const POLL: Arbitrary<Drawn> = fc.record({ rule: RULE, votes: VOTES, open: fc.nat(4) })
const verdictOf = ({ rule, votes, open }: Drawn) => decideQuorum(rule, { votes, open, issued: votes.length + open })

function near(rule: VoteRule, one: Vote, other: Vote): boolean {
  if (rule.compare !== 'numeric') return one.ballot === other.ballot
  return Math.abs(Number(one.ballot) - Number(other.ballot)) <= (rule.tolerance ?? 0)
}

let agreements = 0
holds(
  'what is agreed on has as many equal votes as the quorum asks for, each of another voter',
  fc.property(POLL, (poll) => {
    const verdict = verdictOf(poll)
    if (verdict.kind !== 'agreed') return
    agreements += 1
    const { votes } = verdict
    if (votes.length < poll.rule.quorum) throw new Error('too few votes')
    if (new Set(votes.map(({ voter }) => voter)).size < votes.length) throw new Error('two votes of one voter')
    if (votes.some((one) => votes.some((other) => !near(poll.rule, one, other)))) throw new Error('they differ')
    if (votes.some((vote) => !agreesWith(poll.rule, vote.ballot, votes))) throw new Error('not one of its own')
    if (votes.some((vote) => !poll.votes.includes(vote))) throw new Error('a vote that nobody cast')
  }),
  2_000,
  (t) => t.ok(agreements > 400, `${agreements} of them agreed`),
)

holds(
  'where all are waited for the verdict is that of the quorum, once nobody may vote any more who was asked',
  fc.property(POLL, (poll) => {
    const [waiting, eager] = [true, false].map((all) => verdictOf({ ...poll, rule: { ...poll.rule, all } }))
    same(waiting, eager?.kind === 'agreed' && poll.open > 0 ? { kind: 'undecided', more: 0 } : eager)
  }),
)

holds(
  'the order in which votes came does not matter',
  fc.property(POLL, fc.infiniteStream(fc.nat(1_000)), (poll, dice) => {
    const shuffled = poll.votes
      .map((vote) => ({ vote, at: dice.next().value as number }))
      .sort((one, other) => one.at - other.at)
    same(verdictOf({ ...poll, votes: shuffled.map(({ vote }) => vote) }), verdictOf(poll))
  }),
)

holds(
  'a second vote of one voter changes nothing',
  fc.property(POLL, fc.nat(8), fc.nat(6).map(String), (poll, which, ballot) => {
    const again = poll.votes[which]
    if (again === undefined) return
    const votes = [...poll.votes, { voter: again.voter, ballot, n: poll.votes.length + 1 }]
    const issued = poll.votes.length + poll.open
    same(decideQuorum(poll.rule, { votes, open: poll.open, issued }), verdictOf(poll))
  }),
)

holds(
  'a poll ends: sent out as many more as it asks for, it agrees or fails within its limit',
  fc.property(RULE, fc.infiniteStream(fc.nat(6)), (rule, dice) => {
    const votes: Vote[] = []
    for (let issued = sentAtFirst(rule); ; ) {
      while (votes.length < issued) {
        const n = votes.length + 1
        votes.push({ n, voter: `worker ${n}`, ballot: String(dice.next().value) })
      }
      const verdict = decideQuorum(rule, { votes, open: 0, issued })
      if (verdict.kind !== 'undecided') return
      if (verdict.more < 1 || issued + verdict.more > rule.maxReplicas) throw new Error(`asks for ${verdict.more} more`)
      issued += verdict.more
    }
  }),
)

holds(
  'it fails only where nothing that may still come could agree',
  fc.property(POLL, fc.nat(6).map(String), (poll, ballot) => {
    const { rule, votes, open } = poll
    const verdict = verdictOf(poll)
    const left = open + Math.max(0, rule.maxReplicas - votes.length - open)
    const coming = Array.from({ length: left }, (_, index) => ({ n: 100 + index, voter: `new ${index}`, ballot }))
    const then = decideQuorum(rule, { votes: [...votes, ...coming], open: 0, issued: votes.length + left })
    if (verdict.kind === 'failed' && then.kind === 'agreed') throw new Error('it could have agreed')
  }),
  500,
)

const JSON_VALUE = fc.jsonValue({ maxDepth: 4 })
const TURNED = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(TURNED)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, inner]) => [key, TURNED(inner)]),
  )
}

holds(
  'as JSON the order of keys and white space do not matter, and the value does',
  fc.property(JSON_VALUE, JSON_VALUE, (one, other) => {
    const ballot = (value: unknown, indent = 0) =>
      ballotOf({ compare: 'json' }, { result: JSON.stringify(value, null, indent), encoding: 'json' })
    const first = ballot(one)
    if (first === undefined || first !== ballot(TURNED(one), 2)) throw new Error('the same value, another ballot')
    const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value))
    if ((first === ballot(other)) !== (first === ballot(plain(other)))) throw new Error('by its spelling')
    same(JSON.parse(first), JSON.parse(ballot(plain(one)) ?? ''))
  }),
)

holds(
  'no text makes it throw: what is no JSON, or lacks the part, has no ballot',
  fc.property(
    fc.string(),
    fc.constantFrom(...COMPARISONS),
    fc.constantFrom('/a', '/a/0', ''),
    fc.constantFrom('json', 'base64'),
    (text, compare, on, encoding) => {
      const own = ballotOf({ compare: 'own' }, { result: '1', encoding, ballot: text })
      if (own !== undefined && own !== ballotOf({ compare: 'json' }, { result: text, encoding: 'json' })) {
        throw new Error('of its own it is another value')
      }
      const ballot = ballotOf({ compare, on }, { result: text, encoding })
      if (compare !== 'exact' && encoding === 'base64' && ballot !== undefined) throw new Error('of bytes')
    },
  ),
)
