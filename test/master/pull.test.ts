// Workers that pull, step by step: no session of their own, leases with an end of their own.
import t from 'tap'
import type { ClientMessage, Message } from '../../src/protocol/messages.js'
import { registration, Stage, type StageOptions } from './stage.js'

type Pull = Extract<ClientMessage, { type: `pull-${string}` }>
type Said = Pull extends infer One ? (One extends { re: number } ? Omit<One, 're'> : never) : never

/** A stage with a gateway: a client that speaks for workers, and the answer to what it said last. */
class Door {
  readonly session: number
  #re = 100

  constructor(
    readonly stage: Stage,
    name = 'client#gateway',
  ) {
    this.session = stage.connect('client', name)
  }

  static async open(options: StageOptions = {}): Promise<Door> {
    return new Door(await Stage.open(options))
  }

  /** Said, and what came of it when all is on disk. */
  async ask<Type extends Message['type']>(said: Said, answer: Type): Promise<Extract<Message, { type: Type }>> {
    const re = this.say(said)
    await this.stage.settle()
    return this.answer(re, answer)!
  }

  say(said: Said): number {
    this.#re += 1
    this.stage.say(this.session, { ...said, re: this.#re } as ClientMessage)
    return this.#re
  }

  answer<Type extends Message['type']>(re: number, type: Type): Extract<Message, { type: Type }> | undefined {
    return this.stage.got(this.session, type).find((message) => 're' in message && message.re === re)
  }

  register(worker: string, about: object = {}) {
    return this.ask({ type: 'pull-register', worker, ...about }, 'pull-registered')
  }

  async claim(worker: string, options: object = {}) {
    const { list } = await this.ask({ type: 'pull-claim', worker, ...options }, 'pull-claimed')
    return list
  }

  settle(worker: string, id: string, lease?: string) {
    const ending = { outcome: 'completed', result: '1' } as const
    return this.ask({ type: 'pull-settle', worker, id, ...(lease !== undefined && { lease }), ending }, 'pull-settled')
  }

  beat(worker: string, ...ids: string[]) {
    return this.ask({ type: 'pull-beat', worker, tasks: ids.map((id) => ({ id })) }, 'pull-heard')
  }

  async submit(...tasks: object[]): Promise<string[]> {
    const ids = this.stage.submit(this.session, tasks)
    await this.stage.settle()
    return ids
  }
}

t.test('registers, claims, settles: nothing leaves before it is on disk', async (t) => {
  const door = await Door.open()
  const { stage, session } = door
  const [id] = await door.submit({ payload: '{"n":1}' })
  const re = door.say({ type: 'pull-register', worker: 'w1' })
  stage.depart()
  t.equal(door.answer(re, 'pull-registered'), undefined)
  await stage.land()
  t.match(door.answer(re, 'pull-registered'), {
    worker: { name: 'w1', state: 'active', queues: ['default'], running: 0 },
    leaseMs: 75_000,
  })
  const claimed = door.say({ type: 'pull-claim', worker: 'w1' })
  stage.depart()
  t.equal(door.answer(claimed, 'pull-claimed'), undefined, 'the grant is on disk before the answer leaves')
  await stage.land()
  const [task] = door.answer(claimed, 'pull-claimed')!.list
  t.match(task, { id, type: 'echo', payload: '{"n":1}', attempt: 1, maxAttempts: 5, leaseMs: 75_000 })
  const settled = door.say({
    ...{ type: 'pull-settle', worker: 'w1', id: id!, lease: task!.lease },
    ending: { outcome: 'completed', result: '7' },
  })
  stage.depart()
  t.equal(door.answer(settled, 'pull-settled'), undefined)
  await stage.land()
  t.match(door.answer(settled, 'pull-settled'), { status: 'recorded', state: 'completed' })
  t.match(stage.got(session, 'ended')[0]?.list, [{ id, state: 'completed', result: '7' }])
  t.match(await door.settle('w1', id!, task!.lease), { status: 'recorded' }, 'P6: the same once more')
  t.match(await door.settle('w1', id!), { status: 'recorded' }, 'also where it names no lease')
  t.match(await door.settle('w2', id!, task!.lease), { status: 'stale' }, 'nobody else may')
})

t.test(
  'a claim of a worker that nobody knows is refused, and so is a type that it has not registered for',
  async (t) => {
    const door = await Door.open()
    t.match(await door.ask({ type: 'pull-claim', worker: 'w1' }, 'error'), { code: 'not_found' })
    t.match(await door.ask({ type: 'pull-beat', worker: 'w1' }, 'error'), { code: 'not_found' })
    t.match(await door.ask({ type: 'pull-register', worker: 'w1', types: [] }, 'error'), { code: 'bad_input' })
    await door.register('w1', { types: ['echo'] })
    t.match(await door.ask({ type: 'pull-claim', worker: 'w1', types: ['other'] }, 'error'), { code: 'bad_input' })
  },
)

t.test('P15: pull workers and workers with a session take from one queue in one order', async (t) => {
  const door = await Door.open()
  await door.register('every')
  await door.register('some', { types: ['b'] })
  const ids = await door.submit({ type: 'a' }, { type: 'b', priority: 5 }, { type: 'a', priority: 9 }, { type: 'b' })
  t.match(await door.claim('some'), [{ id: ids[1] }])
  t.match(await door.claim('every'), [{ id: ids[2] }])
  const tcp = await door.stage.worker('w1', { types: [{ type: 'a' }, { type: 'b' }] })
  t.same(
    door.stage.assigned(tcp).map(({ id }) => id),
    [ids[0]],
  )
  t.match(await door.claim('every', { max: 9 }), [{ id: ids[3] }])
  t.same(await door.claim('every'), [])
  t.same(await door.claim('some'), [], 'and once more, now that it is known that nothing is there')
})

t.test('slots: no more than it has, and what it settles makes room', async (t) => {
  const door = await Door.open()
  await door.register('w1', { slots: 2 })
  const ids = await door.submit({}, {}, {})
  const re = [1, 2, 3].map(() => door.say({ type: 'pull-claim', worker: 'w1', max: 2 }))
  await door.stage.passAndSettle(1_000)
  const lists = re.map((number) => door.answer(number, 'pull-claimed')?.list.map(({ id }) => id))
  t.same(lists, [ids.slice(0, 2), [], []], 'each is answered')
  t.same(await door.claim('w1'), [])
  await door.settle('w1', ids[0]!)
  t.match(await door.claim('w1'), [{ id: ids[2] }])
})

t.test('a lease that is not renewed ends: charged, elsewhere, and a late result is stale (P5)', async (t) => {
  const door = await Door.open()
  await door.register('w1')
  await door.register('w2')
  const [id] = await door.submit({})
  const [task] = await door.claim('w1')
  await door.stage.passAndSettle(74_000)
  t.same(await door.claim('w2'), [], 'not before its end')
  await door.stage.passAndSettle(3_000)
  const [again] = await door.claim('w2')
  t.match(again, { id, attempt: 2 })
  t.match(await door.settle('w1', id!, task!.lease), { status: 'stale' })
  t.match(await door.settle('w1', id!), { status: 'stale' }, 'without a lease: it holds none')
  t.match(await door.settle('w2', id!), { status: 'recorded', state: 'completed' })
})

t.test('a heartbeat renews the leases of the tasks that it names, and no others', async (t) => {
  const door = await Door.open()
  await door.register('w1')
  const [named, unnamed] = await door.submit({}, {})
  const tasks = await door.claim('w1', { max: 2 })
  for (let round = 0; round < 3; round += 1) {
    await door.stage.passAndSettle(40_000)
    const { renewed, lost } = await door.beat('w1', named!)
    t.match(renewed, [{ id: named, lease: tasks[0]!.lease, leaseMs: 75_000 }])
    t.same(lost, [])
  }
  t.match(await door.stage.task(named!), { state: 'running', attempt: 1 })
  t.match(await door.stage.task(unnamed!), { state: 'pending' }, 'a claim whose answer was lost is not held for ever')
  t.match(await door.beat('w1', named!, unnamed!), { renewed: [{ id: named }], lost: [unnamed] })
})

t.test('a renewal is fenced, and may change the length of the lease', async (t) => {
  const door = await Door.open()
  await door.register('w1')
  const [id] = await door.submit({})
  const [task] = await door.claim('w1', { leaseMs: 5_000 })
  const beat = (tasks: object[]) => door.ask({ type: 'pull-beat', worker: 'w1', tasks } as Said, 'pull-heard')
  t.match(await beat([{ id, lease: 'another' }]), { renewed: [], lost: [id] })
  t.match(await beat([{ id, lease: task!.lease, leaseMs: 60_000 }]), { renewed: [{ leaseMs: 60_000 }], lost: [] })
  await door.stage.passAndSettle(55_000)
  t.match(await door.stage.task(id!), { state: 'running' })
  t.match(await beat([{ id }]), { renewed: [{ leaseMs: 60_000 }] }, 'and so it stays')
  await door.register('w2')
  t.match(await door.beat('w2', id!), { lost: [id] }, 'it is not the lease of another worker')
})

t.test('a heartbeat may say how far a task is, to whoever watches it, under its lease alone', async (t) => {
  const door = await Door.open()
  await door.register('w1')
  const [id] = await door.submit({})
  await door.claim('w1')
  const watcher = door.stage.connect('client', 'client#watcher')
  door.stage.say(watcher, { type: 'watch', re: 1, ids: [id!], live: true })
  await door.stage.settle()
  const beat = (task: object) =>
    door.ask({ type: 'pull-beat', worker: 'w1', tasks: [{ id, ...task }] } as Said, 'pull-heard')
  await beat({ percent: 40, message: 'page 4 of 10' })
  await beat({ percent: 90, lease: 'another' })
  await beat({})
  const seen = door.stage.got(watcher, 'seen').flatMap(({ list }) => list)
  t.match(seen, [
    { id, state: 'running', worker: 'w1' },
    { id, attempt: 1, percent: 40, message: 'page 4 of 10' },
  ])
  t.equal(seen.length, 2)
  door.stage.say(watcher, { type: 'get', re: 2, ids: [id!] })
  await door.stage.settle()
  t.match(door.stage.got(watcher, 'tasks').at(-1)?.list, [{ progress: { percent: 40, message: 'page 4 of 10' } }])
})

t.test('P14: a cancel is told with the next heartbeat, and what is settled then is cancelled', async (t) => {
  const door = await Door.open()
  await door.register('w1')
  const [id, other] = await door.submit({}, {})
  await door.claim('w1', { max: 2 })
  door.stage.say(door.session, { type: 'cancel-tasks', re: 1, ids: [id!, other!] })
  await door.stage.settle()
  t.match(door.stage.got(door.session, 'cancelled-tasks')[0]?.list, [
    { status: 'cancelling' },
    { status: 'cancelling' },
  ])
  t.match((await door.beat('w1')).cancelled, [id, other], 'named or not')
  t.match(await door.settle('w1', id!), { status: 'cancelled', state: 'cancelled' })
  await door.stage.passAndSettle(77_000)
  t.match(await door.stage.task(other!), { state: 'cancelled' }, 'or its lease runs out')
})

t.test('P10: a task that may run once is failed as lost when its lease runs out', async (t) => {
  const door = await Door.open()
  await door.register('w1')
  const [id] = await door.submit({ maxAttempts: 1 })
  await door.claim('w1')
  await door.stage.passAndSettle(77_000)
  t.match(await door.stage.task(id!), { state: 'failed', error: { code: 'lost' } })
})

t.test('failed, for good, handed back', async (t) => {
  const door = await Door.open()
  await door.register('w1')
  const [failing, final, returned, undone, odd] = await door.submit({}, {}, {}, {}, {})
  await door.claim('w1', { max: 5 })
  const end = (id: string, ending: object) =>
    door.ask({ type: 'pull-settle', worker: 'w1', id, ending } as Said, 'pull-settled')
  const error = { code: 'task_failed', message: 'no' }
  t.match(await end(failing!, { outcome: 'failed', error }), { status: 'recorded', state: 'pending' })
  t.match(await end(final!, { outcome: 'failed', error, final: true }), { state: 'failed' })
  t.match(await end(returned!, { outcome: 'returned' }), { state: 'pending' })
  t.match(await end(undone!, { outcome: 'returned', started: false }), { state: 'pending' })
  t.match(await end(odd!, { outcome: 'failed', error: { code: 'host_died', message: 'no' }, final: true }), {
    state: 'failed',
  })
  t.match(await door.stage.task(failing!), { attempt: 1, uncharged: 0 })
  t.match(await door.stage.task(returned!), { attempt: 1, uncharged: 1 })
  t.match(await door.stage.task(undone!), { attempt: 0, uncharged: 0 })
  t.match(await door.stage.task(odd!), { error: { code: 'task_failed' } }, 'it cannot speak of hosts')
})

t.test('waitMs: answered when something comes, or when the time is over', async (t) => {
  const door = await Door.open()
  await door.register('w1')
  await door.register('w2', { types: ['b'] })
  const waiting = door.say({ type: 'pull-claim', worker: 'w1', waitMs: 30_000 })
  const typed = door.say({ type: 'pull-claim', worker: 'w2', waitMs: 10_000 })
  await door.stage.passAndSettle(5_000)
  t.equal(door.answer(waiting, 'pull-claimed'), undefined)
  const [id] = await door.submit({ type: 'a' })
  t.match(door.answer(waiting, 'pull-claimed')?.list, [{ id }])
  t.equal(door.answer(typed, 'pull-claimed'), undefined, 'it is not for everybody')
  await door.stage.passAndSettle(5_100)
  t.same(door.answer(typed, 'pull-claimed')?.list, [])
  t.match(await door.submit({ type: 'b' }), [String])
  t.match(await door.claim('w2'), [{}], 'what waited and went holds nothing')
})

t.test('waitMs ends with the session: what was on its way goes back as never granted', async (t) => {
  const door = await Door.open()
  await door.register('w1')
  const other = new Door(door.stage, 'client#other')
  other.say({ type: 'pull-claim', worker: 'w1', waitMs: 30_000 })
  await door.stage.settle()
  const leaving = new Door(door.stage, 'client#leaving')
  const ids = door.stage.submit(door.session, [{}, {}])
  door.stage.depart()
  leaving.say({ type: 'pull-claim', worker: 'w1', waitMs: 30_000 })
  await door.stage.land()
  // Both are in flight when one of them goes.
  if (door.stage.depart() !== undefined) {
    door.stage.drop(leaving.session)
    await door.stage.land()
  }
  await door.stage.settle()
  t.equal(other.stage.got(other.session, 'pull-claimed').length, 1)
  t.match(await door.stage.task(ids[0]!), { state: 'running', attempt: 1 })
  t.match(await door.stage.task(ids[1]!), { state: 'pending', attempt: 0 })
  t.match(await door.claim('w1'), [{ id: ids[1], attempt: 1 }])
})

t.test('two gateways serve one worker by turns, and both may be gone', async (t) => {
  const door = await Door.open()
  const other = new Door(door.stage, 'client#other')
  await door.register('w1')
  const [id] = await door.submit({})
  const [task] = await other.claim('w1')
  door.stage.drop(other.session)
  t.match(await door.beat('w1', id!), { renewed: [{ id, lease: task!.lease }] })
  door.stage.drop(door.session)
  await door.stage.passAndSettle(50_000)
  const last = new Door(door.stage, 'client#last')
  t.match(await last.settle('w1', id!, task!.lease), { status: 'recorded' })
})

t.test('after a restart of the master each lease has its full length again, and the worker is known', async (t) => {
  const door = await Door.open()
  await door.register('w1', { types: ['echo'], labels: [{ name: 'zone', value: 'a' }] })
  const [short, long] = await door.submit({}, {})
  await door.claim('w1', { leaseMs: 5_000 })
  const [task] = await door.claim('w1', { leaseMs: 600_000 })
  await door.stage.passAndSettle(4_000)
  door.stage.say(door.session, { type: 'cancel-tasks', re: 1, ids: [long!] })
  await door.stage.settle()
  const { store } = door.stage
  const next = await Door.open({ store, holders: await store.holders() })
  await next.stage.passAndSettle(3_000)
  t.match(await next.stage.task(short!), { state: 'running' }, 'a full lease of grace')
  await next.stage.passAndSettle(4_000)
  t.match(await next.stage.task(short!), { state: 'pending' })
  t.match(await next.claim('w1'), [{ id: short }], 'it need not register again')
  await next.stage.passAndSettle(300_000)
  t.match(await next.stage.task(long!), { state: 'running' }, 'the length of a lease survives the master')
  const heard = await next.beat('w1', long!)
  t.match(heard, { renewed: [{ id: long, lease: task!.lease }], cancelled: [long] }, 'and so does the wish to cancel')
  t.match(heard.worker, { types: ['echo'], labels: [{ name: 'zone', value: 'a' }], running: 1 })
})

t.test('P19, P20: neither a standstill of the master nor a step of the wall clock ends a lease', async (t) => {
  const door = await Door.open()
  await door.register('w1')
  const [id] = await door.submit({})
  await door.claim('w1')
  await door.stage.passAndSettle(10_000)
  door.stage.wallMs += 86_400_000
  await door.stage.passAndSettle(10_000)
  door.stage.pass(200_000, true)
  await door.stage.settle()
  t.match(await door.stage.task(id!), { state: 'running', attempt: 1 })
  await door.stage.passAndSettle(58_000)
  t.match(await door.stage.task(id!), { state: 'pending' }, 'what was left of it counts from there')
})

t.test(
  'the roster: active, stale, offline, and forgotten when it has been offline for long and holds nothing',
  async (t) => {
    const door = await Door.open()
    await door.register('idle')
    await door.register('busy')
    await door.submit({})
    await door.claim('busy', { leaseMs: 7 * 86_400_000 })
    const states = async (): Promise<readonly string[]> => {
      door.stage.say(door.session, { type: 'status', re: 1 })
      await door.stage.settle()
      const { pullWorkers = [] } = door.stage.got(door.session, 'status-report').at(-1)!
      return pullWorkers.map(({ name, state, running }) => `${name} ${state} ${running}`).sort()
    }
    t.same(await states(), ['busy active 1', 'idle active 0'])
    await door.stage.passAndSettle(46_000)
    t.same(await states(), ['busy stale 1', 'idle stale 0'])
    await door.beat('idle')
    t.same(await states(), ['busy stale 1', 'idle active 0'])
    await door.stage.passAndSettle(140_000)
    t.same(await states(), ['busy offline 1', 'idle offline 0'])
    for (let minutes = 0; minutes < 62; minutes += 1) {
      door.stage.pass(60_000)
      await door.stage.settle()
    }
    t.same(await states(), ['busy offline 1'])
    t.match(await door.ask({ type: 'pull-claim', worker: 'idle' }, 'error'), { code: 'not_found' })
  },
)

t.test('P12: a type that a worker that pulls serves is not told as unserved', async (t) => {
  const door = await Door.open()
  const unserved = async (type: string): Promise<readonly string[]> => {
    await door.submit({ type })
    return door.stage.got(door.session, 'accepted').at(-1)!.unserved
  }
  t.same(await unserved('a'), ['a'])
  await door.register('some', { types: ['a'] })
  t.same(await unserved('a'), [])
  t.same(await unserved('b'), ['b'])
  await door.register('every')
  t.same(await unserved('b'), [])
  await door.stage.passAndSettle(50_000)
  t.same(await unserved('b'), ['b'], 'once it is heard no more')
})

t.test('requeue: a person does not wait for the next look', async (t) => {
  const door = await Door.open({
    settings: { pull: { leaseMs: 5_000, staleMs: 45_000, sweepMs: 60_000, maxAttempts: 5 } },
  })
  await door.register('w1')
  await door.register('w2')
  const ids = await door.submit({}, {}, {})
  await door.claim('w1', { max: 2 })
  await door.claim('w2', { leaseMs: 50_000 })
  t.match(await door.ask({ type: 'pull-requeue' }, 'pull-requeued'), { count: 0 })
  await door.stage.passAndSettle(6_000)
  t.match(await door.stage.task(ids[0]!), { state: 'running' }, 'nobody has looked')
  t.match(await door.ask({ type: 'pull-requeue' }, 'pull-requeued'), { count: 2 })
  t.match(await door.stage.task(ids[0]!), { state: 'pending' })
  t.match(await door.stage.task(ids[2]!), { state: 'running' })
})

t.test('an answer holds no more than a line does: what does not fit was never granted', async (t) => {
  const door = await Door.open()
  await door.register('w1')
  const payload = JSON.stringify('x'.repeat(800_000))
  const ids = await door.submit({ payload }, { payload }, { payload })
  t.match(await door.claim('w1', { max: 3 }), [{ id: ids[0] }])
  t.match(await door.stage.task(ids[1]!), { state: 'pending', attempt: 0 })
})

t.test('a stopping master gives nothing out, and what is held stays held', async (t) => {
  const door = await Door.open()
  await door.register('w1')
  const [id] = await door.submit({})
  await door.claim('w1')
  const waiting = door.say({ type: 'pull-claim', worker: 'w1', waitMs: 30_000 })
  await door.stage.settle()
  door.stage.step({ kind: 'stop', reason: 'asked to', graceMs: 5_000 })
  t.same(door.answer(waiting, 'pull-claimed')?.list, [])
  t.match(await door.stage.task(id!), { state: 'running' })
  t.equal(door.stage.exitCode, 0, 'it does not wait for leases that outlive it')
})

t.test('a registration that says nothing new costs no commit', async (t) => {
  const door = await Door.open()
  await door.register('w1', { types: ['echo'] })
  const re = door.say({ type: 'pull-register', worker: 'w1', types: ['echo'] })
  t.match(door.answer(re, 'pull-registered'), { worker: { name: 'w1' } })
  t.equal(door.stage.depart(), undefined)
})

t.test('no worker with a session may call itself like one that pulls', async (t) => {
  const door = await Door.open()
  await door.register('w1')
  const session = door.stage.connect('worker', 'w1#pull')
  door.stage.say(session, registration('w1'))
  t.match(door.stage.got(session, 'refused'), [{ code: 'owned' }])
})

t.test('a deadline is told with the claim, and ends a task however often it is renewed', async (t) => {
  const door = await Door.open()
  await door.register('w1')
  const [id] = await door.submit({ deadlineMs: 5_000 })
  await door.stage.passAndSettle(1_000)
  const [task] = await door.claim('w1', { leaseMs: 60_000 })
  t.match(task, { id, deadlineMs: 4_000 })
  await door.stage.passAndSettle(3_000)
  t.match(await door.beat('w1', id!), { renewed: [{ id }] })
  await door.stage.passAndSettle(2_500)
  t.match(await door.stage.task(id!), { state: 'failed', error: { code: 'deadline' } })
  t.match(await door.beat('w1', id!), { renewed: [], lost: [id] })
  t.match(await door.settle('w1', id!, task!.lease), { status: 'stale' })
  const [found] = await door.stage.store.get([id!])
  t.match(found?.task, { state: 'failed', error: { code: 'deadline' } })
})

t.test('P20: a deadline is counted by the monotonic clock from the claim on', async (t) => {
  const door = await Door.open()
  await door.register('w1')
  const [id] = await door.submit({ deadlineMs: 60_000 })
  await door.claim('w1', { leaseMs: 3_600_000 })
  door.stage.wallMs += 86_400_000
  await door.stage.passAndSettle(50_000)
  t.match(await door.stage.task(id!), { state: 'running' })
  await door.stage.passAndSettle(11_500)
  t.match(await door.stage.task(id!), { state: 'failed' })
})

t.test('P5: a checkpoint is kept under its lease alone, and the next claim brings it along', async (t) => {
  const door = await Door.open()
  await door.register('w1')
  const [id = ''] = await door.submit({})
  const [first] = await door.claim('w1', { leaseMs: 1_000 })
  t.notOk('checkpoint' in first!)
  const keep = (worker: string, value: string, lease?: string) =>
    door.ask({ type: 'pull-checkpoint', worker, id, value, ...(lease !== undefined && { lease }) }, 'pull-checkpointed')
  t.match(await keep('w1', '{"at":1}', first!.lease), { status: 'recorded' })
  t.match(await keep('w1', '{"at":2}'), { status: 'recorded' }, 'the lease that it has')
  t.match(await keep('w1', '{"at":3}', 'another'), { status: 'stale' })
  t.match(await keep('nobody', '{"at":4}'), { status: 'stale' })
  await door.stage.passAndSettle(60_000)
  t.match(await keep('w1', '{"at":5}', first!.lease), { status: 'stale' }, 'it is over')
  t.match(await door.claim('w1'), [{ id, attempt: 2, checkpoint: '{"at":2}' }])
})

t.test('a key for some types says nothing of what is pulled of others', async (t) => {
  const door = await Door.open()
  const { stage } = door
  stage.say(door.session, {
    ...{ type: 'create-key', re: 1, id: 'a'.repeat(12), role: 'worker', types: ['other'] },
    ...{ storedKey: '0'.repeat(64), serverKey: '0'.repeat(64) },
  })
  await door.register('w1')
  const [id = ''] = await door.submit({})
  const [task] = await door.claim('w1')
  const stranger = stage.connect('client', 'stranger#1', 'a'.repeat(12))
  const ending = { outcome: 'completed', result: '"mine"' } as const
  stage.say(stranger, { type: 'pull-settle', re: 2, worker: 'w1', id, ending })
  stage.say(stranger, { type: 'pull-checkpoint', re: 3, worker: 'w1', id, value: '1' })
  stage.say(stranger, { type: 'pull-beat', re: 4, worker: 'w1', tasks: [{ id }] })
  await stage.settle()
  t.match(stage.got(stranger, 'pull-settled'), [{ status: 'stale' }])
  t.match(stage.got(stranger, 'pull-checkpointed'), [{ status: 'stale' }])
  t.match(stage.got(stranger, 'error'), [{ re: 4, code: 'not_found' }], 'to whoever has a key it is not known')
  t.match(await door.settle('w1', id, task!.lease), { status: 'recorded' })
})
