// Tasks over gRPC, as clients in any language see them: here that of grpc-js, over a real connection.
import { resolve } from 'node:path'
import { credentials, loadPackageDefinition, type ServiceError, status } from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'
import t from 'tap'
import type { TaskProgress__Output as TaskProgress } from '../../src/gateway/grpc/generated/orchestrator/v1/TaskProgress.js'
import { health } from '../../src/gateway/grpc/protos.js'
import { all, ask, metadataOf, refusal, serveGrpc, toldBy } from './grpc-served.js'
import { serveMaster } from './served.js'

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
  const [list, file] = await all<{ file_descriptor_response?: unknown }>(asked)
  t.match(JSON.stringify(list), /orchestrator\.v1\.Gateway/)
  t.ok(file?.file_descriptor_response)
})

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
