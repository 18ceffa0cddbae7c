// Tasks that several workers do and vote on, over HTTP alone: submitted, pulled, and read with all votes.
import t from 'tap'
import { serveMaster } from './served.js'

const served = await serveMaster(t)
const ask = served.ask.bind(served)

async function next(worker: string): Promise<string | undefined> {
  return (await ask('POST', '/tasks/next', { worker_id: worker })).body?.id
}

async function vote(worker: string, label: string, confidence: number) {
  const id = await next(worker)
  const said = { worker_id: worker, task_id: id, label, confidence }
  return (await ask('POST', '/workers/submit', said)).body.outcome
}

t.test('three workers, two of which must agree on the label', async (t) => {
  const body = { text: 'This system works perfectly!', required_submissions: 3, vote_on: '/label' }
  const { id } = (await ask('POST', '/tasks', body)).body
  t.equal(await vote('alice', 'positive', 0.9), 'recorded')
  t.equal(await next('alice'), undefined, 'she has voted')
  t.match((await ask('GET', `/tasks/${id}`)).body, { status: 'pending' })
  t.equal(await vote('mallory', 'negative', 1), 'recorded')
  t.equal(await vote('bob', 'positive', 0.6), 'recorded')
  const { body: task } = await ask('GET', `/tasks/${id}?story=true`)
  t.match(task, { status: 'completed', result: { label: 'positive', confidence: 0.9 } })
  t.match(task.votes, [
    { replica: 1, worker_id: 'alice', state: 'cast', vote: '"positive"', agreed: true },
    { replica: 2, worker_id: 'mallory', state: 'cast', vote: '"negative"', agreed: false },
    { replica: 3, worker_id: 'bob', state: 'cast', vote: '"positive"', agreed: true },
  ])
  t.match((await ask('GET', `/tasks/${task.votes[0].task_id}`)).body, { text: body.text, description: /^replica 1 of/ })
})

t.test('without a quorum it has failed, and the votes are there', async (t) => {
  const body = { type: 'sum', payload: 1, replicas: 2, quorum: 2, max_replicas: 2, tolerance: 0.5, vote_on: '/sum' }
  const { id } = (await ask('POST', '/tasks', body)).body
  for (const [worker, sum] of Object.entries({ alice: 1, bob: 2 })) {
    const task = await next(worker)
    await ask('POST', `/tasks/${task}/complete`, { worker_id: worker, result: { sum } })
  }
  const { body: task } = await ask('GET', `/tasks/${id}?story=true`)
  t.match(task, {
    status: 'failed',
    error: { code: 'no_quorum', message: /of 2 votes .* at most 1 agreed, and 2 must/ },
  })
  t.match(task.votes, [{ vote: '1' }, { vote: '2' }])
})

t.test('what cannot be is refused by name', async (t) => {
  const refused = async (more: object, detail: RegExp) => {
    const answer = await ask('POST', '/tasks', { type: 'sum', ...more })
    t.ok([400, 422].includes(answer.status), `${answer.status}`)
    t.match(answer.text, detail)
  }
  await refused({ replicas: 3, required_submissions: 3 }, /required_submissions: says the same as replicas/)
  await refused({ replicas: 2, quorum: 3 }, /quorum: 3 is not a whole number from 1 to 2/)
  await refused({ replicas: 3, vote_on: 'label' }, /voteOn: .*label.* is no JSON Pointer/)
  await refused({ replicas: 3, compare: 'fuzzy' }, /compare/)
})
