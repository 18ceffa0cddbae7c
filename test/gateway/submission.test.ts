// What a gateway says of votes where a task that comes as {"text": ...} does not, pure.
import t from 'tap'
import { submissionOf } from '../../src/gateway/http/submission.js'

const PLAIN = { type: 'echo', textType: 'sentiment', maxAttempts: undefined }
const VOTED = { ...PLAIN, textReplicas: 3, textVoteOn: '/label' } as const

t.test('a text that says nothing of votes is voted on as its gateway says, and nothing else is', async (t) => {
  t.same(submissionOf({ text: 'a' }, VOTED), {
    ...{ type: 'sentiment', payload: { text: 'a' } },
    options: { replicas: 3, voteOn: '/label', voteAll: true },
  })
  t.same(submissionOf({ text: 'a' }, { ...VOTED, textReplicas: 'auto' }).options, {
    replicas: 'auto',
    voteOn: '/label',
  })
  t.same(submissionOf({ text: 'a' }, PLAIN).options, {})
  t.same(submissionOf({ payload: { text: 'a' }, type: 'sentiment' }, VOTED).options, {})
  t.same(submissionOf({ data: 'a', required_submissions: 3 }, VOTED).options, { replicas: 3, voteAll: true })
})

t.test('what a text says itself counts; what its votes are about is added where they are about JSON', async (t) => {
  const optionsOf = (more: object) => submissionOf({ text: 'a', ...more }, VOTED).options
  t.same(optionsOf({ required_submissions: 5 }), { replicas: 5, voteOn: '/label', voteAll: true })
  t.same(optionsOf({ required_submissions: 5, vote_all: false }), { replicas: 5, voteOn: '/label', voteAll: false })
  t.same(optionsOf({ replicas: 5, vote_all: true }), { replicas: 5, voteOn: '/label', voteAll: true })
  t.same(optionsOf({ quorum: 4 }), { quorum: 4, voteOn: '/label' }, 'three replicas would be too few for it')
  t.same(optionsOf({ replicas: 2, vote_on: '/score' }), { replicas: 2, voteOn: '/score' })
  t.same(optionsOf({ replicas: 2, compare: 'exact' }), { replicas: 2, compare: 'exact' })
  t.same(optionsOf({ tolerance: 1 }), { tolerance: 1 })
})
