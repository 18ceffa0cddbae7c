// Votes by example: what counts as the same, who agrees, how many more are sent out, and which rules are refused.
import t from 'tap'
import { ballotOf } from '../../src/task/ballot.js'
import { agreesWith, decideQuorum, readVoteRule, sentAtFirst, type Vote } from '../../src/task/quorum.js'

const THREE = readVoteRule({ replicas: 3, quorum: 2 })
const cast = (...ballots: string[]): Vote[] =>
  ballots.map((ballot, index) => ({ n: index + 1, voter: `w${index}`, ballot }))

t.test('two of three agree, whoever is slow', async (t) => {
  t.same(decideQuorum(THREE, { votes: cast('yes'), open: 2, issued: 3 }), { kind: 'undecided', more: 0 })
  const votes = cast('yes', 'no', 'yes')
  t.same(decideQuorum(THREE, { votes, open: 0, issued: 3 }), { kind: 'agreed', votes: [votes[0], votes[2]] })
  t.match(decideQuorum(THREE, { votes: cast('yes', 'yes'), open: 1, issued: 3 }), { kind: 'agreed' })
})

t.test('where they disagree one more is sent out, until there may be no more', async (t) => {
  t.same(decideQuorum(THREE, { votes: cast('a', 'b', 'c'), open: 0, issued: 3 }), { kind: 'undecided', more: 1 })
  const all = cast('a', 'b', 'c', 'd', 'e', 'f', 'g')
  t.same(decideQuorum(THREE, { votes: all, open: 0, issued: 7 }), { kind: 'failed', most: 1 })
})

t.test('a replica that ends without a vote is made up for', async (t) => {
  t.same(decideQuorum(THREE, { votes: cast('a'), open: 0, issued: 3 }), { kind: 'undecided', more: 1 })
  t.same(decideQuorum(THREE, { votes: [], open: 1, issued: 3 }), { kind: 'undecided', more: 1 })
  t.same(decideQuorum(THREE, { votes: [], open: 0, issued: 7 }), { kind: 'failed', most: 0 })
})

t.test('all are waited for: those who may still vote, and nobody else', async (t) => {
  const rule = readVoteRule({ replicas: 3, all: true })
  t.match(rule, { quorum: 2, all: true })
  const votes = cast('yes', 'yes', 'no')
  t.same(decideQuorum(rule, { votes: votes.slice(0, 2), open: 1, issued: 3 }), { kind: 'undecided', more: 0 })
  t.same(decideQuorum(rule, { votes, open: 0, issued: 3 }), { kind: 'agreed', votes: votes.slice(0, 2) })
  const two = votes.slice(0, 2)
  t.same(decideQuorum(rule, { votes: two, open: 0, issued: 3 }), { kind: 'agreed', votes: two }, 'one gave none')
  t.same(decideQuorum(rule, { votes: cast('a', 'b'), open: 0, issued: 3 }), { kind: 'undecided', more: 1 })
  t.same(decideQuorum(rule, { votes: cast('a', 'b', 'c'), open: 0, issued: 7 }), { kind: 'failed', most: 1 })
  t.same(readVoteRule({ replicas: 3, all: false }), readVoteRule({ replicas: 3 }), 'the same rule')
})

t.test('numbers agree where any two of them are near, and not in a chain', async (t) => {
  const rule = readVoteRule({ replicas: 3, quorum: 3, tolerance: 1 })
  t.match(decideQuorum(rule, { votes: cast('1', '2', '3'), open: 0, issued: 3 }), { kind: 'undecided' })
  t.match(decideQuorum(rule, { votes: cast('1', '2', '1.5'), open: 0, issued: 3 }), { kind: 'agreed' })
  const two = readVoteRule({ replicas: 4, quorum: 2, tolerance: 1 })
  const votes = cast('1', '2', '9', '9.5')
  t.same(decideQuorum(two, { votes, open: 0, issued: 4 }), { kind: 'agreed', votes: votes.slice(2) }, 'the narrowest')
  t.ok(agreesWith(two, '8.7', votes.slice(2)))
  t.notOk(agreesWith(two, '8.4', votes.slice(2)), 'near one of them only')
})

t.test('what a result votes for', async (t) => {
  const json = (result: string, on?: string) =>
    ballotOf({ compare: 'json', ...(on !== undefined && { on }) }, { result, encoding: 'json' })
  t.equal(json('{"b":1,"a":[1.0,2e0]}'), '{"a":[1,2],"b":1}')
  t.equal(json('{"label":"positive","confidence":0.93}', '/label'), '"positive"')
  t.equal(json('{"label":"positive","confidence":0.51}', '/label'), '"positive"')
  t.equal(json('{"a/b":{"~":[5,6]}}', '/a~1b/~0/1'), '6')
  t.equal(json('null'), 'null')
  t.equal(json('-0'), '0')
  t.equal(json('{"a":1}', '/b'), undefined)
  t.equal(json('[1]', '/length'), undefined)
  t.equal(json('{}', '/toString'), undefined)
  t.equal(json('{"__proto__":{"a":1}}'), '{"__proto__":{"a":1}}')
  t.equal(json(`${'['.repeat(9_000)}${']'.repeat(9_000)}`), undefined, 'too deep for anybody')
  t.equal(ballotOf({ compare: 'numeric', on: '/n' }, { result: '{"n":1e2}', encoding: 'json' }), '100')
  t.equal(ballotOf({ compare: 'numeric' }, { result: '"100"', encoding: 'json' }), undefined)
  const exact = (result: string, encoding: 'json' | 'base64') => ballotOf({ compare: 'exact' }, { result, encoding })
  t.equal(exact('AQID', 'base64'), 'base64:AQID')
  t.not(exact('"AQID"', 'json'), exact('"AQID"', 'base64'))
})

t.test('a ballot of its own is a value as well, and stands for the result whatever that is', async (t) => {
  const own = (ballot: string | undefined, result = '1') =>
    ballotOf({ compare: 'own' }, { result, encoding: 'json', ballot })
  t.equal(own('{"b":1.0,"a":-0}'), '{"a":0,"b":1}')
  t.equal(own('"x"', '{"at":1}'), own(' "x"', '{"at":2}'))
  t.equal(ballotOf({ compare: 'own' }, { result: 'AQID', encoding: 'base64', ballot: 'null' }), 'null')
  t.equal(own(undefined), undefined)
  t.equal(own('{'), undefined)
  t.equal(ballotOf({ compare: 'json' }, { result: '1', encoding: 'json', ballot: '2' }), '1', 'nobody asked for it')
  const rule = readVoteRule({ compare: 'own' })
  t.match(decideQuorum(rule, { votes: cast('"x"', '"y"', '"x"'), open: 0, issued: 3 }), { kind: 'agreed' })
  t.ok(agreesWith(rule, '"x"', cast('"x"')))
  t.notOk(agreesWith(rule, '"y"', cast('"x"')))
})

t.test('auto: the first vote may be enough; checked it is one of as many as the quorum', async (t) => {
  const rule = readVoteRule({ replicas: 'auto' })
  const vote = (n: number, ballot: string): Vote => ({ n, voter: `w${n}`, ballot })
  t.equal(sentAtFirst(rule), 1)
  t.same(decideQuorum(rule, { votes: [], open: 1, issued: 1 }), { kind: 'undecided', more: 0 })
  t.same(
    decideQuorum(rule, { votes: [], open: 0, issued: 1 }),
    { kind: 'undecided', more: 1 },
    'it ended without a vote',
  )
  t.same(decideQuorum(rule, { votes: [], open: 0, issued: 7 }), { kind: 'failed', most: 0 })
  const votes = [vote(1, 'yes')]
  t.same(decideQuorum(rule, { votes, open: 0, issued: 1 }), { kind: 'doubtful', vote: votes[0] })
  const checked = { open: 0, checked: true }
  t.same(decideQuorum(rule, { votes, issued: 1, ...checked }), { kind: 'undecided', more: 1 })
  const both = [...votes, vote(2, 'no')]
  t.same(decideQuorum(rule, { votes: both, issued: 2, ...checked }), { kind: 'undecided', more: 1 })
  t.match(decideQuorum(rule, { votes: [...both, vote(3, 'no')], issued: 3, ...checked }), { kind: 'agreed' })
})

t.test('a rule has defaults', async (t) => {
  t.same(readVoteRule({}), { replicas: 3, quorum: 2, maxReplicas: 7, compare: 'json' })
  t.same(readVoteRule({ replicas: 5 }), { replicas: 5, quorum: 3, maxReplicas: 11, compare: 'json' })
  t.same(readVoteRule({ quorum: 2 }), { replicas: 2, quorum: 2, maxReplicas: 5, compare: 'json' })
  t.same(readVoteRule({ replicas: 'auto' }), { replicas: 'auto', quorum: 2, maxReplicas: 7, compare: 'json' })
  t.match(readVoteRule({ replicas: 'auto', quorum: 3, maxReplicas: 3 }), { quorum: 3, maxReplicas: 3 })
  t.match(readVoteRule({ tolerance: 0.1, on: '/n', spread: 'host' }), { compare: 'numeric', on: '/n', spread: 'host' })
})

t.test('a rule that cannot be is refused by name', async (t) => {
  const refused = (asked: Parameters<typeof readVoteRule>[0], message: RegExp) =>
    t.throws(() => readVoteRule(asked), { code: 'bad_input', message })
  refused({ replicas: 3, quorum: 4 }, /quorum: 4 is not a whole number from 1 to 3/)
  refused({ replicas: 0 }, /replicas: 0 is not a whole number from 1 to 100/)
  refused({ replicas: 3, maxReplicas: 2 }, /maxReplicas: 2 is not a whole number from 3 to 100/)
  refused({ replicas: 'auto', quorum: 1 }, /quorum of replicas auto: 1 is not a whole number from 2 to 100/)
  refused({ replicas: 'auto', quorum: 3, maxReplicas: 2 }, /maxReplicas: 2 is not a whole number from 3 to 100/)
  refused({ replicas: 'auto', all: true }, /voteAll: replicas auto asks others only where one is not enough/)
  refused({ replicas: 4, quorum: 2, all: true }, /voteAll: of 4 replicas .* more than half must agree, and quorum is 2/)
  refused({ all: 'yes' as never }, /voteAll: yes is neither true nor false/)
  refused({ on: 'label' }, /voteOn: "label" is no JSON Pointer/)
  refused({ on: '/a', compare: 'exact' }, /voteOn: exact compares the whole result/)
  refused({ on: '/a', compare: 'own' }, /voteOn: own compares what the code of the task says/)
  refused({ tolerance: 1, compare: 'own' }, /tolerance: own compares without one/)
  refused({ tolerance: 1, compare: 'json' }, /tolerance: json compares without one/)
  refused({ tolerance: Number.NaN }, /tolerance: NaN is not a number from 0 on/)
})
