// Tasks over gRPC, as clients in any language see them: here that of grpc-js, over a real connection.
import { once } from 'node:events'
import { connect as connectHttp2 } from 'node:http2'
import { type AddressInfo, connect as connectTcp, createServer, type Socket } from 'node:net'
import { resolve } from 'node:path'
import { type ClientUnaryCall, credentials, loadPackageDefinition, type ServiceError, status } from '@grpc/grpc-js'
import { loadFileDescriptorSetFromBuffer, loadSync } from '@grpc/proto-loader'
import t from 'tap'
import type { SubmitOptions } from '../../src/client/client.js'
import type { TaskProgress__Output as TaskProgress } from '../../src/gateway/grpc/generated/orchestrator/v1/TaskProgress.js'
import { health } from '../../src/gateway/grpc/protos.js'
import { until } from '../processes/cluster.js'
import { all, ask, metadataOf, refusal, serveGrpc, toldBy } from './grpc-served.js'
import { serve, serveMaster } from './served.js'

const served = await serveMaster(t)
const { client } = served
const { gateway, address, stopping } = await serveGrpc(t, client)
await client.pull.register('w', {})

const submit = (spec: object) => ask(gateway, gateway.SubmitTask, spec)
const get = (taskId: string) => ask(gateway, gateway.GetTask, { taskId })
const json = (value: unknown) => Buffer.from(JSON.stringify(value))

async function claimed(type: string) {
  const [task] = await client.pull.claim('w', { types: [type], waitMs: 10_000 })
  return task!
}

t.test('a task is submitted, watched to its end, and read', async (t) => {
  const accepted = await submit({ name: 'add', description: 'one and two', payload: json([1, 2]), priority: -3 })
  t.match(accepted, { status: 'TASK_STATUS_PENDING', unserved: false, acceptedAt: { seconds: Number } })
  const stream = gateway.SubscribeProgress({ taskId: accepted.taskId })
  const told: TaskProgress[] = []
  for await (const message of stream as AsyncIterable<TaskProgress>) {
    told.push(message)
    if (message.status === 'TASK_STATUS_PENDING') {
      const { id, leaseId } = await claimed('add')
      await client.pull.beat('w', { tasks: [{ id, leaseId, percent: 40, message: 'adding' }] })
    }
    if (message.percent === 40) {
      await client.pull.settle('w', { id: message.taskId, outcome: 'completed', result: 3 })
    }
  }
  t.match(told[0], { status: 'TASK_STATUS_PENDING', percent: 0, result: null }, 'where it stands comes first')
  t.match(told.at(-2), { status: 'TASK_STATUS_RUNNING', percent: 40, message: 'adding', attempt: 1, workerId: 'w' })
  const end = { status: 'TASK_STATUS_COMPLETED', outcome: 'output', outputEncoding: 'ENCODING_JSON' }
  t.match(told.at(-1), { status: 'TASK_STATUS_COMPLETED', percent: 100, result: end })
  t.equal(told.at(-1)?.result?.output?.toString(), '3')

  const task = await get(accepted.taskId)
  t.match(task, { name: 'add', description: 'one and two', priority: -3, queue: 'default', attempts: 1, workerId: 'w' })
  t.equal(task.payload.toString(), '[1,2]')
  t.equal(task.result.toString(), '3')
  t.match(await all(gateway.SubscribeProgress({ taskId: accepted.taskId })), [{ result: end }], 'ended before')
})

t.test('what it carries comes back to the byte, and is the same over every door', async (t) => {
  const cases: [string, Buffer, string][] = [
    ['JSON with blanks and long numbers', Buffer.from('{ "n": 12345678901234567890.10 }\n'), 'ENCODING_JSON'],
    ['bytes that are no UTF-8', Buffer.from([0, 255, 254, 10, 13]), 'ENCODING_BYTES'],
    ['UTF-8 that is no JSON', Buffer.from('not JSON at all \u00e9'), 'ENCODING_BYTES'],
    ['a mark of order before JSON', Buffer.from('\ufeff{}'), 'ENCODING_BYTES'],
  ]
  for (const [what, payload, payloadEncoding] of cases) {
    const { taskId } = await submit({ name: 'carry', payload })
    const task = await get(taskId)
    t.match(task, { payloadEncoding }, what)
    t.same(task.payload, payload, what)
    const overHttp = await served.ask('GET', `/tasks/${taskId}`)
    if (payloadEncoding === 'ENCODING_JSON') t.ok(overHttp.text.includes(payload.toString()), what)
    else t.equal(overHttp.body.payload, payload.toString('base64'), what)
    const pulled = await claimed('carry')
    const bytes = pulled.encoding === 'base64' ? Buffer.from(pulled.payload, 'base64') : Buffer.from(pulled.payload)
    t.same(bytes, payload, what)
    await client.pull.settle('w', { id: taskId, outcome: 'completed', result: payload })
    t.same((await get(taskId)).result, payload, what)
  }
  const { taskId } = await submit({ name: 'carry', payload: json(1), payloadEncoding: 'ENCODING_BYTES' })
  t.match(await get(taskId), { payloadEncoding: 'ENCODING_BYTES', payload: json(1) }, 'opaque where that is asked for')
  const nothing = await submit({ name: 'carry' })
  t.equal((await get(nothing.taskId)).payload.toString(), 'null')
  t.match(await refusal(submit({ name: 'carry', payload: Buffer.from('{'), payloadEncoding: 'ENCODING_JSON' })), {
    status: 'INVALID_ARGUMENT',
    text: /payload: is not JSON/,
    BadRequest: { fieldViolations: [{ field: 'payload' }] },
  })
})

t.test('errors say what to do, to people and to programs', async (t) => {
  t.match(await refusal(submit({ payload: json(1) })), {
    status: 'INVALID_ARGUMENT',
    ErrorInfo: { reason: 'BAD_INPUT', domain: 'dtr' },
    BadRequest: { fieldViolations: [{ field: 'name' }] },
  })
  t.match(await refusal(submit({ name: 'x', payload: Buffer.alloc(1024 * 1024) })), {
    status: 'INVALID_ARGUMENT',
    ErrorInfo: { reason: 'TOO_LARGE' },
  })
  t.match(await refusal(get('nothing')), {
    status: 'NOT_FOUND',
    ErrorInfo: { reason: 'NOT_FOUND', metadata: { hint: /forgotten/ } },
  })
  t.match(await refusal(ask(gateway, gateway.CancelTask, { taskId: 'nothing' })), { status: 'NOT_FOUND' })
  t.match(await refusal(all(gateway.SubscribeProgress({ taskId: 'nothing' }))), { status: 'NOT_FOUND' })
  t.match(await refusal(all(gateway.WatchTasks({ taskIds: [] }))), { text: /task_ids: are 0/ })
  await submit({ name: 'keyed', idempotencyKey: 'k', payload: json(1) })
  const same = await submit({ name: 'keyed', idempotencyKey: 'k', payload: json(1) })
  t.match(same, { status: 'TASK_STATUS_PENDING' })
  t.match(await refusal(submit({ name: 'keyed', idempotencyKey: 'k', payload: json(2) })), { status: 'ALREADY_EXISTS' })
  t.match(await refusal(ask(gateway, gateway.ListTasks, { pageSize: 501 })), { text: /page_size: 501 is more/ })
})

t.test('cancelled over gRPC, listed in pages', async (t) => {
  const ids: string[] = []
  for (let n = 0; n < 5; n += 1) ids.push((await submit({ name: 'listed', payload: json(n) })).taskId)
  const cancelled = await ask(gateway, gateway.CancelTask, { taskId: ids[0]! })
  t.match(cancelled, { outcome: 'CANCEL_OUTCOME_CANCELLED' })
  const again = await ask(gateway, gateway.CancelTask, { taskId: ids[0]! })
  t.match(again, { outcome: 'CANCEL_OUTCOME_ENDED', status: 'TASK_STATUS_CANCELLED' })
  const running = await claimed('listed')
  t.match(await ask(gateway, gateway.CancelTask, { taskId: running.id }), { outcome: 'CANCEL_OUTCOME_CANCELLING' })
  t.match(await get(running.id), { status: 'TASK_STATUS_RUNNING', cancelRequested: true })

  const found: string[] = []
  for (let pageToken = ''; ; ) {
    const page = await ask(gateway, gateway.ListTasks, { names: ['listed'], pageSize: 2, pageToken })
    found.push(...page.tasks.map(({ taskId }) => taskId))
    pageToken = page.nextPageToken
    if (pageToken === '') break
  }
  t.same(found, ids.toReversed(), 'the newest first')
  const pending = await ask(gateway, gateway.ListTasks, { names: ['listed'], statuses: ['TASK_STATUS_PENDING'] })
  t.equal(pending.tasks.length, 3)
})

t.test('many tasks in a stream: those that are refused do not stop the others', async (t) => {
  const answered = new Promise((resolve, reject) => {
    const stream = gateway.SubmitTasks((error, response) => (error === null ? resolve(response) : reject(error)))
    for (let n = 0; n < 3_000; n += 1) stream.write({ name: n === 1_500 ? '' : 'many', payload: json(n) })
    stream.end()
  })
  const { taskIds, ...response } = (await answered) as { taskIds: string[] }
  t.match(response, { received: 3_000, accepted: 2_999, refused: 1, refusals: [{ index: 1_500, code: 'bad_input' }] })
  t.equal(taskIds.length, 3_000)
  t.equal(taskIds[1_500], '')
  t.equal((await get(taskIds[2_999]!)).payload.toString(), '2999')
})

t.test('several tasks in one stream, with what they say', async (t) => {
  const one = await submit({ name: 'one', payload: json(1) })
  const two = await submit({ name: 'two', payload: json(2) })
  const stream = gateway.WatchTasks({ taskIds: [one.taskId, two.taskId], withLogs: true })
  await claimed('one')
  await client.pull.settle('w', { id: one.taskId, outcome: 'failed', error: 'no', final: true })
  await client.cancel([two.taskId])
  const ends = (await all<TaskProgress>(stream)).filter(({ result }) => result !== null)
  t.same(new Set(ends.map(({ taskId }) => taskId)), new Set([one.taskId, two.taskId]))
  const failed = ends.find(({ taskId }) => taskId === one.taskId)
  t.match(failed, {
    status: 'TASK_STATUS_FAILED',
    result: { outcome: 'error', error: { code: 'task_failed', message: 'no' } },
  })
})

t.test('a deadline is kept, and who goes is not waited for', async (t) => {
  const { taskId } = await submit({ name: 'never', payload: json(1) })
  const late = gateway.SubscribeProgress({ taskId }, { deadline: Date.now() + 300 })
  await t.rejects(all(late), { code: status.DEADLINE_EXCEEDED })
  const left = gateway.SubscribeProgress({ taskId })
  left.once('data', () => left.cancel())
  await t.rejects(all(left), { code: status.CANCELLED })
})

t.test(
  'a submit that nobody waits for any more is taken back, unless its key makes it safe to ask again',
  async (t) => {
    const asked: { key: string | undefined; signal: AbortSignal | undefined }[] = []
    const mute = new Proxy(client, {
      get: (real, name) => {
        if (name !== 'submit') return Reflect.get(real, name, real)
        return (_type: string, _payload: unknown, { key, signal }: SubmitOptions) => {
          asked.push({ key, signal })
          return new Promise(() => {})
        }
      },
    })
    const { gateway } = await serveGrpc(t, mute)
    const answered = (spec: object, act: (call: ClientUnaryCall) => void) =>
      new Promise<ServiceError | null>((resolve) => {
        act(gateway.SubmitTask({ name: 'slow', ...spec }, { deadline: Date.now() + 60_000 }, resolve))
      })
    const late = new Promise<ServiceError | null>((resolve) => {
      gateway.SubmitTask({ name: 'slow' }, { deadline: Date.now() + 300 }, resolve)
    })
    t.match(await late, { code: status.DEADLINE_EXCEEDED })
    // On a slow machine the deadline may be over before the call has come: then there is nothing to take back.
    if (asked.length > 0) await until('it is taken back', () => asked[0]?.signal?.aborted)
    const calls = asked.length
    const gone = answered({}, (call) => void until('it has come', () => asked.length > calls).then(() => call.cancel()))
    t.match(await gone, { code: status.CANCELLED })
    await until('it is taken back', () => asked[calls]?.signal?.aborted)
    const keyed = answered({ idempotencyKey: 'k' }, (call) => {
      void until('it has come', () => asked.length > calls + 1).then(() => call.cancel())
    })
    t.match(await keyed, { code: status.CANCELLED })
    t.same(asked[calls + 1], { key: 'k', signal: undefined })
  },
)

t.test('a message that is too large is refused by itself, and costs no other call', async (t) => {
  const { gateway } = await serveGrpc(t, client)
  const { taskId } = await submit({ name: 'never', payload: json(1) })
  const stream = gateway.SubscribeProgress({ taskId })
  const first = await new Promise((resolve) => stream.once('data', resolve))
  t.match(first, { status: 'TASK_STATUS_PENDING' })
  const huge = ask(gateway, gateway.SubmitTask, { name: 'huge', payload: Buffer.alloc(4 * 1024 * 1024 + 1) })
  await t.rejects(huge, { code: status.RESOURCE_EXHAUSTED, details: /4194304|larger/ })
  t.match(await ask(gateway, gateway.GetTask, { taskId }), { taskId })
  await ask(gateway, gateway.CancelTask, { taskId })
  t.match((await all<TaskProgress>(stream)).at(-1), { status: 'TASK_STATUS_CANCELLED' }, 'on the same connection')
})

t.test('a connection whose other end answers no pings is let go; one that does stays', async (t) => {
  const limits = { 'grpc.keepalive_time_ms': 200, 'grpc.keepalive_timeout_ms': 10_000 }
  const { server } = await serveGrpc(t, client, false, limits)
  const connections = () =>
    new Promise<number>((resolve, reject) =>
      server.getConnections((error, count) => (error === null ? resolve(count) : reject(error))),
    )
  // Between the two, so that it can fall silent as a machine does that has lost its power.
  const ways: Socket[] = []
  const relay = createServer((near) => {
    const far = connectTcp({ host: '127.0.0.1', port: (server.address() as AddressInfo).port })
    for (const way of [near, far]) way.on('error', () => {})
    near.pipe(far).pipe(near)
    ways.push(near, far)
  }).listen(0, '127.0.0.1')
  await once(relay, 'listening')
  t.teardown(() => {
    for (const way of ways) way.destroy()
    relay.close()
  })
  const session = connectHttp2(`http://127.0.0.1:${(relay.address() as AddressInfo).port}`)
  session.on('error', () => {})
  t.teardown(() => session.destroy())
  let pings = 0
  session.on('ping', () => {
    pings += 1
  })
  await until('it is asked whether it is there, and answers', () => pings >= 3)
  t.equal(await connections(), 1)
  for (const way of ways) way.unpipe()
  await until('it is let go', async () => (await connections()) === 0)
})

t.test('the tools of gRPC: health, and which services there are', async (t) => {
  t.match(await ask(gateway, gateway.HealthCheck, {}), {
    healthy: true,
    version: '0.0.0',
    service: 'orchestrator.v1.Gateway',
  })
  const tool = new health.Health(address, credentials.createInsecure())
  t.teardown(() => tool.close())
  t.match(await ask(tool, tool.Check, { service: '' }), { status: 'SERVING' })
  t.match(await ask(tool, tool.Check, { service: 'orchestrator.v1.Gateway' }), { status: 'SERVING' })
  t.match(await refusal(ask(tool, tool.Check, { service: 'another' })), { status: 'NOT_FOUND' })

  const folder = resolve(import.meta.dirname, '../../../node_modules/@grpc/reflection/build/proto')
  const loaded = loadPackageDefinition(loadSync(`${folder}/grpc/reflection/v1/reflection.proto`, { keepCase: true }))
  // biome-ignore lint/suspicious/noExplicitAny: a service without types of its own
  const { ServerReflection } = (loaded as any).grpc.reflection.v1
  const reflection = new ServerReflection(address, credentials.createInsecure())
  t.teardown(() => reflection.close())
  const asked = reflection.ServerReflectionInfo()
  asked.write({ list_services: '' })
  asked.write({ file_containing_symbol: 'orchestrator.v1.TaskSpec' })
  asked.end()
  const [list, file] = await all<{ file_descriptor_response?: { file_descriptor_proto: Buffer[] } }>(asked)
  t.match(JSON.stringify(list), /orchestrator\.v1\.Gateway/)

  // As grpcurl does: no file, and no stub.
  const files = file?.file_descriptor_response?.file_descriptor_proto ?? []
  const described = loadFileDescriptorSetFromBuffer(Buffer.concat(files.map(asFileOfSet)), { enums: String })
  // biome-ignore lint/suspicious/noExplicitAny: what is called is known from the port alone
  const { Gateway } = (loadPackageDefinition(described) as any).orchestrator.v1
  const generic = new Gateway(address, credentials.createInsecure())
  t.teardown(() => generic.close())
  const call = (method: string, request: object) =>
    new Promise<{ taskId: string }>((resolve, reject) =>
      generic[method](request, (error: Error | null, answer: { taskId: string }) =>
        error === null ? resolve(answer) : reject(error),
      ),
    )
  t.match(await call('HealthCheck', {}), { healthy: true, version: '0.0.0' })
  const { taskId } = await call('SubmitTask', { name: 'generic', payload: json([1]) })
  t.match(await get(taskId), { name: 'generic', payload: json([1]) })
  await call('CancelTask', { taskId })
  const told = await all<object>(generic.SubscribeProgress({ taskId }))
  t.match(told.at(-1), { status: 'TASK_STATUS_CANCELLED' })
})

/** A file as field 1 of a google.protobuf.FileDescriptorSet. */
function asFileOfSet(file: Buffer): Buffer {
  const length: number[] = []
  for (let rest = file.length; ; rest >>>= 7) {
    length.push(rest > 127 ? (rest & 127) | 128 : rest)
    if (rest <= 127) break
  }
  return Buffer.concat([Buffer.from([0x0a, ...length]), file])
}

t.test('keys and their roles', async (t) => {
  const locked = await serveGrpc(t, client, true)
  const { token: reader } = await client.keys.create({ name: 'reader', role: 'read' })
  const { token: submitter } = await client.keys.create({ name: 'submitter', role: 'submit', types: ['ours'] })
  const spec = { name: 'ours', payload: json(1) }
  const { gateway } = locked
  t.match(await refusal(ask(gateway, gateway.SubmitTask, spec)), {
    status: 'UNAUTHENTICATED',
    ErrorInfo: { reason: 'UNAUTHORISED' },
  })
  t.match(await refusal(ask(gateway, gateway.SubmitTask, spec, reader)), { status: 'PERMISSION_DENIED' })
  t.match(await refusal(ask(gateway, gateway.SubmitTask, { ...spec, name: 'theirs' }, submitter)), {
    status: 'PERMISSION_DENIED',
    text: /not for theirs/,
  })
  const { taskId } = await ask(gateway, gateway.SubmitTask, spec, submitter)
  t.match(await ask(gateway, gateway.GetTask, { taskId }, reader), { taskId })
  const theirs = { taskId: (await client.submit('theirs', 1)).id }
  for (const method of [gateway.GetTask, gateway.CancelTask] as const)
    t.match(await refusal(ask(gateway, method as typeof gateway.GetTask, theirs, submitter)), { status: 'NOT_FOUND' })
  const { tasks } = await ask(gateway, gateway.ListTasks, {}, submitter)
  t.ok(tasks?.length && tasks.every(({ name }) => name === 'ours'), 'what is of other types is not there for it')
  t.match(await ask(gateway, gateway.ListTasks, { names: ['theirs'] }, submitter), { tasks: [] })
  const own = metadataOf(submitter)
  for (const ids of [[theirs.taskId], [taskId, theirs.taskId]]) {
    const watched = gateway.WatchTasks({ taskIds: ids }, own)
    t.match(await refusal(all(watched)), { status: 'NOT_FOUND', text: new RegExp(theirs.taskId) })
  }
  const followed = await refusal(all(gateway.SubscribeProgress(theirs, own)))
  t.match(followed, { status: 'NOT_FOUND', ErrorInfo: { reason: 'NOT_FOUND' } })
  const many = new Promise((resolve, reject) => {
    const stream = gateway.SubmitTasks(own, (error, response) => (error === null ? resolve(response) : reject(error)))
    for (const name of ['ours', 'theirs']) stream.write({ name, payload: json(1) })
    stream.end()
  })
  t.match(await many, {
    accepted: 1,
    refused: 1,
    refusals: [{ index: 1, code: 'forbidden', message: /not for theirs/ }],
  })
  t.match(await client.get([theirs.taskId]), [{ state: 'pending' }], 'nothing of it has changed')

  // The same key over HTTP is refused the same.
  const overHttp = await serve(t, client, false, true)
  const headers = { authorization: `Bearer ${submitter}` }
  const refused: ['GET' | 'POST', string, number][] = [
    ['GET', `/tasks/${theirs.taskId}`, 404],
    ['POST', `/tasks/${theirs.taskId}/cancel`, 404],
    ['GET', `/tasks/${theirs.taskId}/events`, 404],
    ['GET', `/tasks/${taskId}`, 200],
  ]
  for (const [method, path, status] of refused) {
    t.equal((await overHttp.ask(method, path, undefined, { headers })).status, status, `${method} ${path}`)
  }
  t.equal((await overHttp.ask('POST', '/tasks', { type: 'theirs' }, { headers })).status, 403)
  const listed = (await overHttp.ask('GET', '/tasks?type=theirs', undefined, { headers })).body
  t.notMatch(JSON.stringify(listed), theirs.taskId)

  // And may do with its own what it may.
  const end = all<TaskProgress>(gateway.SubscribeProgress({ taskId }, own))
  t.match(await ask(gateway, gateway.CancelTask, { taskId }, submitter), { outcome: 'CANCEL_OUTCOME_CANCELLED' })
  t.match((await end).at(-1), { status: 'TASK_STATUS_CANCELLED' })
  t.match(await ask(gateway, gateway.HealthCheck, {}), { healthy: true }, 'needs no key')
  const stream = gateway.SubscribeProgress({ taskId }, metadataOf('not-a-key'))
  await t.rejects(all(stream), { code: status.UNAUTHENTICATED })
})

t.test('a gateway that ends tells those who wait to come again', async (t) => {
  const { taskId } = await submit({ name: 'never', payload: json(1) })
  const stream = gateway.SubscribeProgress({ taskId })
  stream.once('data', () => stopping.abort())
  const error = await all(stream).then(
    () => undefined,
    (thrown: ServiceError) => toldBy(thrown),
  )
  t.match(error, {
    status: 'UNAVAILABLE',
    ErrorInfo: { reason: 'STOPPING' },
    RetryInfo: { retryDelay: { seconds: 1 } },
  })
})
