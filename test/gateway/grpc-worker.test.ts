// Workers that speak gRPC: their stream, as a program in any language sees it.
import type { ClientDuplexStream, ServiceError } from '@grpc/grpc-js'
import t from 'tap'
import type { AssignedTask__Output as AssignedTask } from '../../src/gateway/grpc/generated/orchestrator/v1/AssignedTask.js'
import type { TaskAssignment__Output as TaskAssignment } from '../../src/gateway/grpc/generated/orchestrator/v1/TaskAssignment.js'
import type { TaskError } from '../../src/gateway/grpc/generated/orchestrator/v1/TaskError.js'
import type { WorkerHeartbeat } from '../../src/gateway/grpc/generated/orchestrator/v1/WorkerHeartbeat.js'
import type { WorkerResponse } from '../../src/gateway/grpc/generated/orchestrator/v1/WorkerResponse.js'
import { until } from '../processes/cluster.js'
import { ask, type GrpcServed, metadataOf, serveGrpc, toldBy } from './grpc-served.js'
import { serveMaster } from './served.js'

const { client } = await serveMaster(t)
const served = await serveGrpc(t, client)

/** One stream of a worker, and what it was told. */
class Worker {
  readonly told: TaskAssignment[] = []
  readonly stream: ClientDuplexStream<WorkerResponse, TaskAssignment>
  readonly ended: Promise<ServiceError | undefined>
  #taken = 0

  constructor(
    readonly name: string,
    { scheduler }: Pick<GrpcServed, 'scheduler'> = served,
    key?: string,
  ) {
    this.stream = scheduler.RegisterWorker(metadataOf(key))
    this.stream.on('data', (message: TaskAssignment) => this.told.push(message))
    this.ended = new Promise((resolve) => {
      this.stream.once('error', resolve)
      this.stream.once('end', () => resolve(undefined))
    })
  }

  beat(heartbeat: WorkerHeartbeat): this {
    this.stream.write({ heartbeat: { workerId: this.name, ...heartbeat } })
    return this
  }

  /** The next message of this kind; those before it are passed over. */
  async next<Kind extends 'greeting' | 'task' | 'cancel' | 'lost' | 'recorded'>(
    kind: Kind,
  ): Promise<NonNullable<TaskAssignment[Kind]>> {
    const index = await until(`${kind} for ${this.name}`, () => {
      const found = this.told.findIndex((message, index) => index >= this.#taken && message.kind === kind)
      return found < 0 ? undefined : found + 1
    })
    this.#taken = index
    return this.told[index - 1]![kind]!
  }

  async done({ taskId, leaseId }: AssignedTask, output = 'null') {
    this.stream.write({ result: { taskId, leaseId, output: Buffer.from(output) } })
    return this.next('recorded')
  }
}

const lease = ({ taskId, leaseId }: AssignedTask) => ({ taskId, leaseId })
const stateOf = async (id: string) => (await client.get([id]))[0]?.state

t.test('greeted, given work, heard of how far it is, and its result is on disk', async (t) => {
  const worker = new Worker('w1').beat({ availableSlots: 2, taskNames: ['life'], labels: { gpu: 'a' }, version: '7' })
  t.match(await worker.next('greeting'), { workerId: 'w1', heartbeatInterval: { seconds: 2 }, lease: { seconds: 75 } })
  const { id } = await client.submit('life', { n: 1 }, { meta: { a: 1 }, timeout: '9s' })
  const task = await worker.next('task')
  t.match(task, { taskId: id, name: 'life', attempt: 1, payloadEncoding: 'ENCODING_JSON', timeout: { seconds: 9 } })
  t.equal(task.payload.toString(), '{"n":1}')
  t.same(JSON.parse(task.meta), { a: 1 })
  worker.stream.write({ progress: { ...lease(task), percent: 50, message: 'half' } })
  await until('progress', async () => (await client.get([id]))[0]?.progress?.percent === 50)
  const { pullWorkers } = await client.status()
  t.match(pullWorkers, [{ id: 'w1', state: 'active', types: ['life'], labels: { gpu: 'a' }, version: '7', running: 1 }])
  t.match(await worker.done(task, '{"ok": true}'), { taskId: id, outcome: 'RECORDED_OUTCOME_RECORDED' })
  t.match(await client.get([id]), [{ state: 'completed', result: '{"ok": true}' }])

  const failing = await client.submit('life', null, { retries: 0 })
  const last = await worker.next('task')
  worker.stream.write({ result: { ...lease(last), error: { message: 'broken', code: 'task_failed' } } })
  t.match(await worker.next('recorded'), { outcome: 'RECORDED_OUTCOME_RECORDED' })
  t.match(await failing.ended(), { state: 'failed', error: { message: 'broken' } })

  const ends: [Partial<TaskError>, object][] = [
    [{ exitCode: 3 }, { processEnd: 'exitCode', exitCode: 3 }],
    [{ signal: 'SIGKILL' }, { processEnd: 'signal', signal: 'SIGKILL' }],
    [{}, { processEnd: undefined }],
  ]
  for (const [processEnd, told] of ends) {
    const { id: taskId } = await client.submit('life')
    const task = await worker.next('task')
    worker.stream.write({ result: { ...lease(task), error: { message: 'its process', ...processEnd }, final: true } })
    t.match(await worker.next('recorded'), { taskId, outcome: 'RECORDED_OUTCOME_RECORDED' })
    t.match(await client.get([taskId]), [{ state: 'failed', error: { code: 'task_failed', ...processEnd } }])
    const { gateway } = served
    t.match(await ask(gateway, gateway.GetTask, { taskId }), { error: { message: 'its process', ...told } })
  }
  worker.stream.end()
  t.equal(await worker.ended, undefined, 'it leaves with OK')
})

t.test('it is given no more than it would take; a result makes room, unless it leaves', async (t) => {
  const worker = new Worker('w2').beat({ availableSlots: 2, taskNames: ['room'] })
  const handles = await Promise.all([1, 2, 3, 4, 5].map((n) => client.submit('room', n)))
  const [one, two] = [await worker.next('task'), await worker.next('task')]
  // Sent before the worker knows of either, and after: both mean the same.
  worker.beat({ availableSlots: 0, running: [lease(one), lease(two)] })
  t.match(await worker.done(one), { outcome: 'RECORDED_OUTCOME_RECORDED' })
  const three = await worker.next('task')
  const states = await Promise.all(handles.map(({ id }) => stateOf(id)))
  t.equal(states.filter((state) => state === 'running').length, 2)
  worker.beat({ availableSlots: 0, running: [lease(two), lease(three)], leaving: true })
  await worker.done(two)
  worker.stream.write({ result: { ...lease(three), returned: { started: false } } })
  t.match(await worker.next('recorded'), { outcome: 'RECORDED_OUTCOME_RECORDED' })
  worker.stream.end()
  await worker.ended
  t.equal(worker.told.filter(({ kind }) => kind === 'task').length, 3)
  t.match(await client.get([three.taskId], { story: true }), [{ state: 'pending' }], 'returned, uncharged')
})

t.test(
  'P5: what is not its own any more is said to be so; a cancel is told, and the end of it is on disk',
  async (t) => {
    const worker = new Worker('w3').beat({ availableSlots: 1, taskNames: ['fence'] })
    const { id } = await client.submit('fence', 1)
    const task = await worker.next('task')
    worker.stream.write({ result: { taskId: id, leaseId: 'another.1', output: Buffer.from('1') } })
    t.match(await worker.next('recorded'), { taskId: id, outcome: 'RECORDED_OUTCOME_STALE' })
    worker.stream.write({ result: lease(task) })
    t.match(await worker.next('recorded'), { outcome: 'RECORDED_OUTCOME_REFUSED', message: /outcome: is missing/ })
    worker.beat({ availableSlots: 0, running: [lease(task), { taskId: 'unknown', leaseId: 'x.1' }] })
    t.match(await worker.next('lost'), { taskId: 'unknown' })
    await client.cancel([id])
    worker.beat({ availableSlots: 0, running: [lease(task)] })
    t.match(await worker.next('cancel'), { taskId: id, leaseId: task.leaseId })
    t.match(await worker.done(task), { outcome: 'RECORDED_OUTCOME_CANCELLED' })
    t.equal(await stateOf(id), 'cancelled')
    worker.stream.end()
    await worker.ended
  },
)

t.test(
  'a stream that breaks costs no task: the worker goes on in another one, which ends the one before',
  async (t) => {
    const worker = new Worker('w4').beat({ availableSlots: 1, taskNames: ['break'] })
    const { id } = await client.submit('break', 1)
    const task = await worker.next('task')
    worker.stream.cancel()
    await worker.ended
    const again = new Worker('w4').beat({ availableSlots: 0, taskNames: ['break'], running: [lease(task)] })
    t.match(await again.next('greeting'), { workerId: 'w4' })
    const third = new Worker('w4').beat({ availableSlots: 0, taskNames: ['break'], running: [lease(task)] })
    t.match(toldBy((await again.ended)!), { status: 'ALREADY_EXISTS', text: /opened another stream/ })
    t.match(await third.done(task, '4'), { outcome: 'RECORDED_OUTCOME_RECORDED' })
    t.match(await client.get([id]), [{ state: 'completed', attempt: 1, result: '4' }])
    third.stream.end()
  },
)

t.test('a checkpoint is on disk, and the next attempt begins with it', async (t) => {
  const worker = new Worker('w7').beat({ availableSlots: 1, taskNames: ['far'] })
  await client.submit('far', 1, { deadline: '1h' })
  const task = await worker.next('task')
  t.match(task, { checkpoint: '', deadline: { seconds: Number } })
  worker.stream.write({ checkpoint: { ...lease(task), value: '{"row":41}' } })
  t.match(await worker.next('recorded'), { checkpoint: true, outcome: 'RECORDED_OUTCOME_RECORDED' })
  worker.stream.write({ result: { ...lease(task), returned: { started: true } } })
  const again = await worker.next('task')
  t.match(again, { taskId: task.taskId, checkpoint: '{"row":41}' })
  worker.stream.write({ checkpoint: { ...lease(task), value: '1' } })
  t.match(
    await worker.next('recorded'),
    { checkpoint: true, outcome: 'RECORDED_OUTCOME_STALE' },
    'of the attempt before',
  )
  worker.stream.write({ checkpoint: { ...lease(again), value: '{' } })
  t.match(await worker.next('recorded'), { checkpoint: true, outcome: 'RECORDED_OUTCOME_REFUSED' })
  t.match(await worker.done(again), { checkpoint: false, outcome: 'RECORDED_OUTCOME_RECORDED' })
  worker.stream.end()
})

t.test('a task that is voted on by its own ballot is given one', async (t) => {
  const handle = await client.submit('heard', 1, { replicas: 1, compare: 'own' })
  const worker = new Worker('w9').beat({ availableSlots: 1, taskNames: ['heard'] })
  const task = await worker.next('task')
  t.match(task, { ballot: true })
  const result = { ...lease(task), output: Buffer.from('{"at":1}') }
  worker.stream.write({ result: { ...result, ballot: '{' } })
  t.match(await worker.next('recorded'), { outcome: 'RECORDED_OUTCOME_REFUSED', message: /ballot is not JSON/ })
  worker.stream.write({ result: { ...result, ballot: '{"b":1,"a":2}' } })
  t.match(await worker.next('recorded'), { outcome: 'RECORDED_OUTCOME_RECORDED' })
  t.same(await handle.result(), { at: 1 })
  t.match((await client.get([handle.id], { story: true }))[0]?.poll?.replicas, [{ ballot: '{"a":2,"b":1}' }])
  worker.stream.end()
})

t.test('what is no stream of a worker is refused', async (t) => {
  const silent = new Worker('w5')
  silent.stream.write({ progress: { taskId: 'x' } })
  t.match(toldBy((await silent.ended)!), { status: 'INVALID_ARGUMENT', text: /heartbeat: is missing/ })
  const nameless = new Worker('').beat({})
  t.match(toldBy((await nameless.ended)!), { status: 'INVALID_ARGUMENT', text: /worker_id: is missing/ })
  const odd = new Worker('no name!').beat({})
  t.match(toldBy((await odd.ended)!), { status: 'INVALID_ARGUMENT' })
})

t.test('keys: a worker serves what its key is for', async (t) => {
  const locked = await serveGrpc(t, client, true)
  const { token } = await client.keys.create({ name: 'ours', role: 'worker', types: ['ours'] })
  const { token: reader } = await client.keys.create({ name: 'reads', role: 'read' })
  const stranger = new Worker('w6', locked).beat({})
  t.match(toldBy((await stranger.ended)!), { status: 'UNAUTHENTICATED' })
  const wrong = new Worker('w6', locked, reader).beat({})
  t.match(toldBy((await wrong.ended)!), { status: 'PERMISSION_DENIED' })
  const greedy = new Worker('w6', locked, token).beat({ taskNames: ['theirs'] })
  t.match(toldBy((await greedy.ended)!), { status: 'PERMISSION_DENIED', text: /not for theirs/ })
  const worker = new Worker('w6', locked, token).beat({ availableSlots: 5 })
  await client.submit('theirs', 1)
  const { id } = await client.submit('ours', 1)
  const task = await worker.next('task')
  t.match(task, { taskId: id, name: 'ours' })
  t.match(await worker.done(task), { outcome: 'RECORDED_OUTCOME_RECORDED' })

  // Of a type for which its key is not.
  await client.pull.register('w7', {})
  const [held] = await client.pull.claim('w7', { types: ['theirs'], waitMs: 10_000 })
  const foreign = { taskId: held!.id, leaseId: held!.leaseId }
  worker.beat({ availableSlots: 0, running: [foreign] })
  t.match(await worker.next('lost'), { taskId: held!.id }, 'it is not there for this key')
  worker.stream.write({ result: { ...foreign, output: Buffer.from('1') } })
  t.match(await worker.next('recorded'), { taskId: held!.id, outcome: 'RECORDED_OUTCOME_STALE' })
  t.equal(await stateOf(held!.id), 'running', 'nothing of it has changed')
  worker.stream.end()
  await worker.ended
})

t.test('keys: streams of one key have one vote, and another key has no hand in them', async (t) => {
  const [own, foreign] = [await client.keys.create({ role: 'worker' }), await client.keys.create({ role: 'worker' })]
  const about: WorkerHeartbeat = { availableSlots: 2, taskNames: ['pair'] }
  const both = ['k1', 'k2'].map((name) => new Worker(name, served, own.token).beat(about))
  for (const worker of both) await worker.next('greeting')
  const given = () => both.flatMap(({ told }) => told.flatMap(({ task }) => (task == null ? [] : [task])))
  await client.submit('pair', 'voted', { replicas: 2, quorum: 2 })
  await until('a replica', () => given().length === 1 || undefined)

  const thief = new Worker('k1', served, foreign.token).beat(about)
  t.match((await thief.ended)?.details, /registered with another key/)

  // Behind a replica that is for neither of them there is room for three.
  for (let n = 0; n < 3; n += 1) await client.submit('pair', 'plain')
  await until('the others', () => given().length === 4 || undefined)
  t.same(
    given()
      .map(({ payload }) => payload.toString())
      .sort(),
    ['"plain"', '"plain"', '"plain"', '"voted"'],
  )
  for (const { stream } of both) stream.end()
})
