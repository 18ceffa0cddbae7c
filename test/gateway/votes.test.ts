// Tasks that several workers do and vote on, over HTTP alone: submitted, pulled, and read with all votes.
import t from 'tap'
import { type Said, serve, serveMaster } from './served.js'

const served = await serveMaster(t)
const closed = await serve(t, served.client, false, true)
const ask = served.ask.bind(served)

async function next(worker: string): Promise<string | undefined> {
  return (await ask('POST', '/tasks/next', { worker_id: worker })).body?.id
}

async function vote(worker: string, label: string, confidence: number) {
  const id = await next(worker)
  const said = { worker_id: worker, task_id: id, label, confidence }
  return (await ask('POST', '/workers/submit', said)).body.outcome
}

t.test('three workers, two of which must agree on the label, and all of which are waited for', async (t) => {
  const body = { text: 'This system works perfectly!', required_submissions: 3, vote_on: '/label' }
  const { id } = (await ask('POST', '/tasks', body)).body
  t.equal(await vote('alice', 'positive', 0.9), 'recorded')
  t.equal(await next('alice'), undefined, 'she has voted')
  t.match((await ask('GET', `/tasks/${id}`)).body, { status: 'pending' })
  t.equal(await vote('bob', 'positive', 0.6), 'recorded')
  t.match((await ask('GET', `/tasks/${id}`)).body, { status: 'pending' }, 'one has not said anything yet')
  t.equal(await vote('mallory', 'negative', 1), 'recorded')
  const { body: task } = await ask('GET', `/tasks/${id}?story=true`)
  t.match(task, { status: 'completed', result: { label: 'positive', confidence: 0.9 } })
  t.match(task.votes, [
    { replica: 1, worker_id: 'alice', state: 'cast', vote: '"positive"', agreed: true },
    { replica: 2, worker_id: 'bob', state: 'cast', vote: '"positive"', agreed: true },
    { replica: 3, worker_id: 'mallory', state: 'cast', vote: '"negative"', agreed: false },
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

t.test('results that differ agree by the ballots that come with them', async (t) => {
  const body = { type: 'heard', payload: 1, replicas: 3, quorum: 2, max_replicas: 4, compare: 'own' }
  const { id } = (await ask('POST', '/tasks', body)).body
  const claimed = async (worker_id: string) => (await ask('POST', '/tasks/next', { worker_id, type: 'heard' })).body
  const done = (worker_id: string, task: Said, said: object) =>
    ask('POST', `/tasks/${task.id}/complete`, { worker_id, lease_id: task.lease_id, ...said })
  const [a, b, c] = [await claimed('alice'), await claimed('bob'), await claimed('carole')]
  t.match(a, { ballot: true })
  t.match(await done('alice', a, { result: { text: 'Yes!', at: 1 }, ballot: { text: 'yes' } }), { status: 200 })
  t.match(await done('carole', c, { result: { text: 'yes', at: 2 } }), { status: 200, body: { outcome: 'recorded' } })
  t.match((await ask('GET', `/tasks/${c.id}`)).body, {
    status: 'failed',
    error: { message: /gives no ballot as JSON/ },
  })
  const large = await done('bob', b, { result: 1, ballot: 'x'.repeat(5_000) })
  t.match(large, { status: 413, body: { detail: /ballot: 5002 bytes are more than the limit of 4096/ } })
  const two = { task_id: b.id, error: 'no', ballot: 1 }
  t.match(await ask('POST', '/tasks/settle', { worker_id: 'bob', tasks: [two] }), {
    ...{ status: 400, body: { detail: /ballot: goes with a result/ } },
  })
  const settled = { task_id: b.id, result: { text: 'yes', at: 3 }, ballot: { text: 'yes' } }
  await ask('POST', '/tasks/settle', { worker_id: 'bob', tasks: [settled] })
  const { body: task } = await ask('GET', `/tasks/${id}?story=true`)
  t.match(task, { status: 'completed', result: { text: 'Yes!', at: 1 } })
  const votes = new Map(task.votes.map((vote: Said) => [vote.task_id, vote]))
  t.match(votes.get(b.id), { vote: '{"text":"yes"}', agreed: true })
  t.match(votes.get(c.id), { state: 'void' })
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
  await refused({ required_submissions: 4, quorum: 2 }, /voteAll: of 4 replicas .* and quorum is 2/)
  await refused({ replicas: 'auto', vote_all: true }, /voteAll: replicas auto/)
  await refused({ replicas: 3, vote_all: 'maybe' }, /vote_all/)
})

async function caller(role: 'worker' | 'read' | 'submit') {
  const { token, id } = await served.client.keys.create({ role })
  const headers = { authorization: `Bearer ${token}` }
  return {
    id,
    ask: (method: 'GET' | 'POST', url: string, body?: unknown) => closed.ask(method, url, body, { headers }),
  }
}

t.test('a key has one vote, under however many names its workers go', async (t) => {
  const [one, other] = [await caller('worker'), await caller('worker')]
  const asked = { type: 'keyed', payload: 1, replicas: 3, quorum: 2 }
  const { id } = (await ask('POST', '/tasks', asked)).body
  const nextOf = async (who: typeof one, worker_id: string) =>
    (await who.ask('POST', '/tasks/next', { worker_id, type: 'keyed' })).body
  const first = await nextOf(one, 'mallory')
  t.match(first, { type: 'keyed' })
  t.equal(await nextOf(one, 'mallory'), null)
  t.equal(await nextOf(one, 'somebody-else'), null, 'another name of the same key')
  const second = await nextOf(other, 'bob')
  t.match(second, { type: 'keyed' })
  for (const [who, worker_id, task] of [
    [one, 'mallory', first],
    [other, 'bob', second],
  ] as const) {
    const said = { worker_id, lease_id: task.lease_id, result: 7 }
    t.match(await who.ask('POST', `/tasks/${task.id}/complete`, said), { status: 200 })
  }
  const { body: task } = await ask('GET', `/tasks/${id}?story=true`)
  t.match(task, { status: 'completed', result: 7 })
  t.same(
    task.votes.slice(0, 2).map((vote: Said) => [vote.worker_id, vote.agreed]),
    [
      [`key:${one.id}`, true],
      [`key:${other.id}`, true],
    ],
  )
})

t.test('nobody speaks for a worker of another key, nor with its name', async (t) => {
  const [one, other] = [await caller('worker'), await caller('worker')]
  t.match(await one.ask('POST', '/workers/register', { worker_id: 'alice' }), { status: 200 })
  await ask('POST', '/tasks', { type: 'guarded', payload: 1, replicas: 2, quorum: 2 })
  const claim = { worker_id: 'alice', type: 'guarded' }
  const { body: held } = await one.ask('POST', '/tasks/next', claim)
  t.match(held, { type: 'guarded' })

  const refused = /registered with another key/
  t.match(await other.ask('POST', '/tasks/next', claim), { status: 403, text: refused })
  t.match(await ask('POST', '/tasks/next', claim), { status: 403, text: refused }, 'nor without any key')
  t.match(await other.ask('POST', '/workers/heartbeat', { worker_id: 'alice' }), { status: 403, text: refused })
  t.match(await other.ask('POST', '/workers/register', { worker_id: 'alice' }), { status: 409, text: refused })
  const vote = { worker_id: 'alice', lease_id: held.lease_id, result: 'mine' }
  for (const path of ['complete', 'fail', 'return']) {
    const { result: _, ...without } = vote
    const said = path === 'complete' ? vote : without
    t.match(await other.ask('POST', `/tasks/${held.id}/${path}`, said), { status: 409, body: { code: 'stale' } }, path)
  }
  const kept = { worker_id: 'alice', checkpoint: 'mine' }
  t.match(await other.ask('POST', `/tasks/${held.id}/checkpoint`, kept), { status: 409 })
  t.match(await one.ask('POST', `/tasks/${held.id}/complete`, vote), { status: 200 })
})

t.test('a name that nobody has proved is no second vote for who has a key', async (t) => {
  await ask('POST', '/workers/register', { worker_id: 'anybody' })
  const one = await caller('worker')
  await ask('POST', '/tasks', { type: 'open', payload: 1, replicas: 2, quorum: 2 })
  t.match((await one.ask('POST', '/tasks/next', { worker_id: 'own', type: 'open' })).body, { type: 'open' })
  t.equal((await one.ask('POST', '/tasks/next', { worker_id: 'anybody', type: 'open' })).body, null)
})

const LISTS = ['/tasks/failures', '/leaderboard', '/reputation', '/workers', '/status', '/db/stats']

t.test('a worker is told nothing of the votes of others, at no door', async (t) => {
  const worker = await caller('worker')
  const { id } = (await ask('POST', '/tasks', { type: 'secret', payload: 1, replicas: 3, quorum: 2 })).body
  const carol = { worker_id: 'carol', type: 'secret' }
  const { body: voted } = await ask('POST', '/tasks/next', carol)
  await ask('POST', `/tasks/${voted.id}/checkpoint`, { worker_id: 'carol', checkpoint: 'the-secret-way' })
  const said = { worker_id: 'carol', result: 'the-secret-vote' }
  t.match(await ask('POST', `/tasks/${voted.id}/complete`, said), { status: 200 })

  const { status, body: own, text } = await worker.ask('POST', '/tasks/next', { ...carol, worker_id: 'dave' })
  t.equal(status, 200)
  t.notMatch(text, /secret-/, 'neither result nor checkpoint')
  t.notMatch(text, new RegExp(id), 'nor which task it is a part of')
  t.notMatch(text, new RegExp(voted.id))
  const doors = [id, voted.id, own.id].flatMap((task) => [
    `/tasks/${task}`,
    `/tasks/${task}?story=true&wait=10ms`,
    ...['story', 'logs', 'events'].map((door) => `/tasks/${task}/${door}`),
    `/jobs/${task}`,
  ])
  for (const door of [...doors, '/tasks', '/tasks?type=secret', '/events', `/events?ids=${id}`, ...LISTS]) {
    const answer = await worker.ask('GET', door)
    t.ok([403, 404].includes(answer.status), `${door}: ${answer.status}`)
    t.notMatch(answer.text, /secret-/, door)
  }
  const beat = await worker.ask('POST', '/workers/heartbeat', { worker_id: 'dave', task_ids: [own.id, voted.id] })
  t.match(beat.body, { renewed: [{ task_id: own.id }], lost: [voted.id] })
  t.notMatch(beat.text, /secret-/)
  // What it says of a replica that is not its own changes nothing, and tells nothing.
  const stale = await worker.ask('POST', `/tasks/${voted.id}/complete`, { worker_id: 'dave', result: 1 })
  t.match(stale, { status: 409, body: { code: 'stale' } })
  t.notMatch(stale.text, /secret-/)
})

t.test('the leaderboard counts votes, and the reputation tells of types and models', async (t) => {
  // A master of its own: those above have voted already.
  const other = await serveMaster(t)
  const say = other.ask.bind(other)
  t.same((await say('GET', '/leaderboard')).body, [])
  t.same((await say('GET', '/reputation')).body, { workers: [], models: [] })
  await say('POST', '/workers/register', { worker_id: 'bob', model: 'afinn' })
  const votes = async (replicas: number | 'auto', said: Readonly<Record<string, string>>) => {
    const { id } = (await say('POST', '/tasks', { text: 'Good.', replicas, vote_on: '/label' })).body
    for (const [worker, label] of Object.entries(said)) {
      const task = (await say('POST', '/tasks/next', { worker_id: worker })).body.id
      const body = { worker_id: worker, task_id: task, label, confidence: 1 }
      t.equal((await say('POST', '/workers/submit', body)).body.outcome, 'recorded')
    }
    return (await say('GET', `/tasks/${id}?story=true`)).body
  }
  t.match(await votes(3, { alice: 'positive', mallory: 'negative', bob: 'positive' }), { status: 'completed' })
  const auto = await votes('auto', { alice: 'positive', bob: 'positive' })
  t.match(auto, { status: 'completed', votes: [{ agreed: true }, { agreed: true }] })
  t.equal(auto.votes.length, 2, 'nobody is trusted yet')
  t.same((await say('GET', '/leaderboard')).body, [
    { worker_id: 'alice', points: 2 },
    { worker_id: 'bob', points: 2 },
    { worker_id: 'mallory', points: 0 },
  ])
  t.match((await say('GET', '/reputation')).body, {
    workers: [
      { worker_id: 'alice', points: 2, matched: 2, wrong: 0, alone: 0, accuracy: 1, quarantined: null },
      { worker_id: 'bob', records: [{ type: 'sentiment', model: 'afinn', matched: 2, streak: 2, trusted: false }] },
      { worker_id: 'mallory', accuracy: 0, records: [{ model: null, wrong: 1 }] },
    ],
    models: [
      { type: 'sentiment', model: null, matched: 2, wrong: 1 },
      { type: 'sentiment', model: 'afinn', matched: 2, wrong: 0 },
    ],
  })
  t.match((await say('GET', '/workers')).body, [{ quarantined: null }, { quarantined: null }, { quarantined: null }])
})
