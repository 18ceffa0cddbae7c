// Replicas on their way: each to a worker of its own, no batch after batch for whoever has none, and the end of what is not
// needed any more.
import t from 'tap'
import type { ClientMessage, SubmittedTask, WorkerMessage } from '../../src/protocol/messages.js'
import { Stage } from './stage.js'

type Settlement = Extract<WorkerMessage, { type: 'results' }>['list'][number]
const VOTED: Partial<SubmittedTask> = { vote: { replicas: 3, quorum: 2 } }

function completed({ id, lease }: { id: string; lease: string }, result: string, ballot?: string): Settlement {
  return { id, lease, outcome: 'completed', result, ...(ballot !== undefined && { ballot }) }
}

t.test('each replica goes to another worker, also where one has room for all', async (t) => {
  const s = await Stage.open()
  const client = s.connect('client', 'client#1')
  const [a, b] = [await s.worker('a', { slots: 8 }), await s.worker('b', { slots: 8 })]
  const [id = ''] = s.submit(client, [VOTED, {}])
  await s.settle()
  const shares = [s.assigned(a).length, s.assigned(b).length]
  t.same(shares.toSorted(), [1, 2], 'a replica each, and the plain task')
  t.match(s.got(client, 'accepted'), [{ list: [{ id, status: 'accepted' }, { status: 'accepted' }] }])
  const c = await s.worker('c')
  t.equal(s.assigned(c).length, 1, 'whoever comes later has the third')
})

t.test('whoever was passed over is asked again when something has changed, and not before', async (t) => {
  const s = await Stage.open()
  const client = s.connect('client', 'client#1')
  const [a, b] = [await s.worker('a', { slots: 4 }), await s.worker('b')]
  s.submit(client, [VOTED])
  await s.settle()
  const batches = s.batches
  await s.passAndSettle(500)
  // Each look of the stage for a batch is counted as one: it found none, or `settle` would not have ended.
  t.ok(s.batches - batches <= 6, `${s.batches - batches} batches in half a second`)
  s.submit(client, [{}])
  await s.settle()
  t.equal(s.assigned(a).length, 2, 'a plain task behind replicas that are not for it')
  const [own] = s.assigned(b)
  s.say(b, { type: 'results', list: [completed(own!, '1')] })
  await s.settle()
  s.submit(client, [VOTED])
  await s.settle()
  t.equal(s.assigned(a).length, 3)
  t.equal(s.assigned(b).length, 2)
})

t.test('who is given a replica is asked for a ballot where its code is to say what it votes for', async (t) => {
  const s = await Stage.open()
  const client = s.connect('client', 'client#1')
  const [a, b] = [await s.worker('a'), await s.worker('b')]
  const [id = ''] = s.submit(client, [{ vote: { replicas: 2, quorum: 2, compare: 'own' } }])
  await s.settle()
  for (const [session, result] of [[a, '1'] as const, [b, '2'] as const]) {
    const [task] = s.assigned(session)
    t.match(task, { ballot: true })
    s.say(session, { type: 'results', list: [completed(task!, result, '"x"')] })
  }
  await s.settle()
  t.match(await s.task(id), { state: 'completed', result: '1' })
  const [plain] = s.submit(client, [{}])
  await s.settle()
  const given = [...s.assigned(a), ...s.assigned(b)].find((task) => task.id === plain)
  t.ok(given)
  t.notOk('ballot' in given!)
})

t.test('a worker that is full when a replica comes has it once it is free', async (t) => {
  const s = await Stage.open()
  const client = s.connect('client', 'client#1')
  const [a, b] = [await s.worker('a', { slots: 4 }), await s.worker('b')]
  s.submit(client, [{}, {}, {}, {}])
  await s.settle()
  s.submit(client, [{ vote: { replicas: 2, quorum: 2 } }])
  await s.settle()
  const [busy] = s.assigned(b)
  for (const task of s.assigned(a)) s.say(a, { type: 'results', list: [completed(task, '1')] })
  await s.settle()
  s.say(b, { type: 'results', list: [completed(busy!, '1')] })
  await s.settle()
  t.equal(s.assigned(b).length, 2)
})

t.test('as soon as the quorum agrees its client is told, and the others are cancelled', async (t) => {
  const s = await Stage.open()
  const client = s.connect('client', 'client#1')
  const workers = [await s.worker('a'), await s.worker('b'), await s.worker('c')]
  const [id = ''] = s.submit(client, [VOTED])
  await s.settle()
  const [first, second, third] = workers.map((worker) => s.assigned(worker)[0]!)
  s.say(workers[0]!, { type: 'results', list: [completed(first!, '{"x":1}')] })
  await s.settle()
  t.same(s.got(client, 'ended'), [])
  s.say(workers[1]!, { type: 'results', list: [completed(second!, '{ "x": 1 }')] })
  await s.settle()
  t.same(s.got(client, 'ended'), [
    { type: 'ended', list: [{ id, state: 'completed', result: '{"x":1}', encoding: 'json' }] },
  ])
  t.same(s.got(workers[2]!, 'cancel'), [
    { type: 'cancel', list: [{ id: third!.id, lease: third!.lease, reason: 'cancelled' }] },
  ])
  s.say(client, { type: 'get', re: 2, ids: [id], story: true })
  await s.settle()
  t.match(s.got(client, 'tasks')[0]?.list[0]?.poll, {
    rule: { replicas: 3, quorum: 2, maxReplicas: 7, compare: 'json' },
    replicas: [
      { n: 1, voter: 'a', state: 'cast', ballot: '{"x":1}', agreed: true },
      { n: 2, voter: 'b', state: 'cast', agreed: true },
      { n: 3, voter: 'c', state: 'open' },
    ],
  })
})

t.test('where they disagree another worker is asked at once', async (t) => {
  const s = await Stage.open()
  const client = s.connect('client', 'client#1')
  const workers = [await s.worker('a'), await s.worker('b'), await s.worker('c')]
  s.submit(client, [{ vote: { replicas: 2, quorum: 2 } }])
  await s.settle()
  for (const [index, worker] of workers.entries()) {
    for (const task of s.assigned(worker)) s.say(worker, { type: 'results', list: [completed(task, `${index}`)] })
  }
  await s.settle()
  t.same(
    workers.map((worker) => s.assigned(worker).length),
    [1, 1, 1],
  )
})

t.test('a rule that cannot be is refused, and nothing of its list is taken', async (t) => {
  const s = await Stage.open()
  const client = s.connect('client', 'client#1')
  s.submit(client, [{}, { vote: { replicas: 2, quorum: 3 } }])
  await s.settle()
  t.match(s.got(client, 'error'), [
    { re: 1, code: 'bad_input', message: /quorum: 3 is not a whole number from 1 to 2/ },
  ])
  t.same(await s.store.counts(), [])
})

t.test('workers that pull have one part each', async (t) => {
  const s = await Stage.open()
  const client = s.connect('client', 'client#1')
  for (const worker of ['p', 'q']) s.say(client, { type: 'pull-register', re: 1, worker })
  await s.settle()
  const claim = (worker: string, waitMs: number): ClientMessage => ({
    type: 'pull-claim',
    re: 2,
    worker,
    max: 5,
    waitMs,
  })
  s.say(client, claim('p', 10_000))
  s.submit(client, [{ vote: { replicas: 2, quorum: 2 } }])
  await s.settle()
  t.match(s.got(client, 'pull-claimed'), [{ list: [{ attempt: 1 }] }])
  s.say(client, claim('p', 10_000))
  await s.settle()
  t.equal(s.got(client, 'pull-claimed').length, 1, 'it waits for what is for it')
  s.say(client, claim('q', 0))
  await s.settle()
  const claims = s.got(client, 'pull-claimed')
  t.match(claims[1], { list: [{ attempt: 1 }] })
  for (const [index, worker] of ['p', 'q'].entries()) {
    const { id = '', lease = '' } = claims[index]!.list[0] ?? {}
    const ending = { outcome: 'completed', result: '7' } as const
    s.say(client, { type: 'pull-settle', re: 3, worker, id, lease, ending })
  }
  await s.settle()
  t.match(s.got(client, 'ended').at(-1), { list: [{ state: 'completed', result: '7' }] })
})

t.test('who is wrong too often is offered nothing, in this life and the next, until it is pardoned', async (t) => {
  const s = await Stage.open()
  const client = s.connect('client', 'client#1')
  const honest = [await s.worker('a'), await s.worker('b')]
  const liar = await s.worker('liar')
  const told = new Map<number, number>()
  const answerAll = async (): Promise<void> => {
    for (const worker of [liar, ...honest]) {
      const tasks = s.assigned(worker)
      const list = tasks
        .slice(told.get(worker) ?? 0)
        .map((task) => completed(task, worker === liar ? `"${task.id}"` : '1'))
      told.set(worker, tasks.length)
      if (list.length > 0) s.say(worker, { type: 'results', list })
    }
    await s.settle()
  }
  const board = async (re: number) => {
    s.say(client, { type: 'leaderboard', re } as ClientMessage)
    await s.settle()
    return s.got(client, 'leaderboard-report').at(-1)!
  }
  for (let n = 0; n < 100 && (await board(n)).quarantined.length === 0; n += 1) {
    s.submit(client, [VOTED])
    await s.settle()
    await answerAll()
  }
  const reason = '20 of its last 20 votes were wrong'
  t.match(await board(200), {
    list: [{ matched: Number, wrong: 0 }, { wrong: 0 }, { voter: 'liar', matched: 0, wrong: 20, streak: 0 }],
    quarantined: [{ voter: 'liar', reason }],
  })
  s.say(client, { type: 'status', re: 201 })
  await s.settle()
  t.match(s.got(client, 'status-report').at(-1)?.workers, [
    { name: 'a' },
    { name: 'b' },
    { name: 'liar', quarantined: reason },
  ])

  const before = s.assigned(liar).length
  const batches = s.batches
  s.submit(client, [{}, {}, {}])
  await s.settle()
  t.equal(s.assigned(liar).length, before)
  t.ok(s.batches - batches <= 6, `it is not offered work again and again: ${s.batches - batches} batches`)
  const again = await s.worker('liar')
  t.equal(s.assigned(again).length, 0, 'nor under another incarnation')

  s.say(client, { type: 'pardon', re: 202, voter: 'liar' })
  await s.settle()
  t.match(s.got(client, 'pardoned'), [{ re: 202, status: 'pardoned' }])
  t.equal(s.assigned(again).length + s.assigned(liar).length, before + 1, 'the third task was for nobody else')
})

t.test('a task type that only a worker without work serves is told as unserved', async (t) => {
  const quarantined = [{ voter: 'a', reason: 'wrong', since: 1 }]
  const s = await Stage.open({ settings: { quarantined } })
  const client = s.connect('client', 'client#1')
  const a = await s.worker('a')
  s.submit(client, [{}])
  await s.settle()
  t.match(s.got(client, 'accepted'), [{ unserved: [/./] }])
  t.equal(s.assigned(a).length, 0)
})
