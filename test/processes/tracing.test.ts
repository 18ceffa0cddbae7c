// Traces over the borders of processes: one from submit to result, whatever happens to workers; and nothing where nobody asked.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { resolve } from 'node:path'
import { credentials, Metadata } from '@grpc/grpc-js'
import t, { type Test } from 'tap'
import type { TaskProgress__Output as TaskProgress } from '../../src/gateway/grpc/generated/orchestrator/v1/TaskProgress.js'
import { orchestrator } from '../../src/gateway/grpc/protos.js'
import { type Client, connect } from '../../src/index.js'
import { all, ask } from '../gateway/grpc-served.js'
import { Cluster, until } from './cluster.js'
import { Collector } from './collector.js'

const TASKS = resolve(import.meta.dirname, '../../../test/fixtures/tasks/traced.mjs')
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const SPAN = '00f067aa0ba902b7'
const WORKER = ['--builtins', '--exec', 'printed=printenv TRACEPARENT']

interface Traced {
  readonly cluster: Cluster
  readonly collector: Collector
  readonly client: Client
}

/** One worker, and a client in this process that takes part. */
async function traced(t: Test): Promise<Traced> {
  const collector = await Collector.start(t)
  const cluster = await Cluster.create(t, { tasks: [TASKS], environment: collector.environment })
  const { client: other } = await cluster.start(1, WORKER)
  other.close()
  process.env.OTEL_EXPORTER_OTLP_ENDPOINT = collector.environment.OTEL_EXPORTER_OTLP_ENDPOINT
  const client = await connect({ data: cluster.data, otel: true })
  t.teardown(() => client.close())
  return { cluster, collector, client }
}

t.test('one trace from submit to result: by the library, over HTTP, by a command', async (t) => {
  const { cluster, collector, client } = await traced(t)

  const own = await client.submit<{ meta: string | null }>('own', 1, { meta: { mine: [1] } })
  t.same(await own.result(), { payload: 1, meta: '{"mine":[1]}' }, 'ctx.meta is what its user gave')
  const [submit] = await collector.untilTold(own.id, 'submit own')
  const [run] = await collector.untilTold(own.id, 'run own')
  const [wait] = await collector.untilTold(own.id, 'wait own')
  const users = await until('the span of the task', () => collector.spans.find(({ name }) => name === 'own'))
  t.match(submit, { service: 'dtr-client', parentSpanId: undefined, failed: false })
  t.match(wait, { service: 'dtr-master', traceId: submit!.traceId, parentSpanId: submit!.spanId })
  t.match(run, { service: 'dtr-worker', traceId: submit!.traceId, parentSpanId: submit!.spanId, failed: false })
  t.match(run!.attributes, { 'dtr.task.attempt': 1, 'dtr.worker.name': 'w1', 'dtr.attempt.outcome': 'completed' })
  t.match(users, { service: 'dtr-worker', traceId: submit!.traceId, parentSpanId: run!.spanId })
  const bare = await client.submit('own', null)
  t.same(await bare.result(), { payload: null, meta: null })

  const flaky = await client.submit('flaky', { failures: 1 }, { retries: 1 })
  await flaky.ended()
  const runs = await collector.untilTold(flaky.id, 'run flaky', 2)
  t.match(runs, [
    { failed: true, attributes: { 'dtr.task.attempt': 1, 'error.type': 'task_failed' } },
    { failed: false, attributes: { 'dtr.task.attempt': 2 } },
  ])
  t.equal(new Set(runs.map(({ parentSpanId }) => parentSpanId)).size, 1)
  t.equal((await collector.untilTold(flaky.id, 'wait flaky', 2)).length, 2)

  // A command that is part of a trace, and one that it starts on a worker.
  const caller = `00-${TRACE}-${SPAN}-01`
  const printed = cluster.run(['submit', 'printed', '--wait', '--otel'], undefined, { TRACEPARENT: caller })
  t.equal((await printed.ended).code, 0, printed.stderr)
  const [, traceId, runId] = (JSON.parse(printed.stdout) as string).split('-')
  t.equal(traceId, TRACE)
  const ofCommand = await until('its run', () => collector.spans.find(({ spanId }) => spanId === runId))
  const itsSubmit = await until('its submit', () => collector.spans.find(({ name }) => name === 'submit printed'))
  t.match(itsSubmit, { traceId: TRACE, parentSpanId: SPAN })
  t.equal(ofCommand.parentSpanId, itsSubmit.spanId)

  const port = await gateway(cluster)
  const post = async (path: string, body: string, type: string, traceparent: string): Promise<Response> =>
    fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST', headers: { 'content-type': type, traceparent }, body })
  const overHttp = await post('/tasks?wait=30s', '{"type":"active"}', 'application/json', caller)
  const { id, result } = (await overHttp.json()) as { id: string; result: string }
  t.equal(result, TRACE)
  t.match(await collector.untilTold(id, 'submit active'), [
    { service: 'dtr-gateway', traceId: TRACE, parentSpanId: SPAN },
  ])

  const grpc = new orchestrator.Gateway(`127.0.0.1:${grpcPortOf(cluster)}`, credentials.createInsecure())
  t.teardown(() => grpc.close())
  const metadata = new Metadata()
  metadata.set('traceparent', caller)
  const { taskId } = await ask(grpc, grpc.SubmitTask, { name: 'active' }, metadata)
  const told = await all<TaskProgress>(grpc.SubscribeProgress({ taskId }))
  t.equal(told.at(-1)?.result?.output?.toString(), `"${TRACE}"`, 'over gRPC as metadata')
  t.match(await collector.untilTold(taskId, 'submit active'), [
    { service: 'dtr-gateway', traceId: TRACE, parentSpanId: SPAN },
  ])

  const lines = await post('/tasks/bulk?answer=results', '{"type":"active"}\n', 'application/x-ndjson', caller)
  t.match(await lines.text(), new RegExp(`"result":"${TRACE}"`), 'a stream of tasks as well')

  const unsampled = await post('/tasks?wait=30s', '{"type":"own"}', 'application/json', caller.replace(/01$/, '00'))
  const quiet = (await unsampled.json()) as { id: string; state: string }
  const garbled = await post('/tasks?wait=30s', '{"type":"own"}', 'application/json', `00-${'0'.repeat(32)}-${SPAN}-01`)
  const fresh = (await garbled.json()) as { id: string; state: string }
  t.match([quiet, fresh], [{ state: 'completed' }, { state: 'completed' }])
  const [ofFresh] = await collector.untilTold(fresh.id, 'run own')
  t.not(ofFresh!.traceId, TRACE, 'what is no context is as if it were not there')
  t.same(collector.ofTask(quiet.id), [], 'a caller that wants nothing kept decides for all of its trace')
})

t.test('an attempt that was lost is told by whoever is left', async (t) => {
  const { cluster, collector, client } = await traced(t)
  const [worker] = cluster.records().filter(({ name }) => name === 'w1')

  const cancelled = await client.submit('wait')
  await cluster.untilLog('w1', begun(cancelled.id))
  await cancelled.cancel()
  await cancelled.ended()
  t.match(await collector.untilTold(cancelled.id, 'run wait'), [
    { service: 'dtr-worker', failed: true, attributes: { 'error.type': 'cancelled' } },
  ])

  // Its host is killed, alone: the worker tells.
  const hosted = await client.submit('wait')
  await cluster.untilLog('w1', begun(hosted.id))
  process.kill(await cluster.hostOf('w1'), 'SIGKILL')
  t.equal(await hosted.result(), 2)
  const [died, again] = await collector.untilTold(hosted.id, 'run wait', 2)
  t.match(died, { service: 'dtr-worker', failed: true, attributes: { 'error.type': 'host_died' } })
  t.match(again, { failed: false, traceId: died!.traceId, parentSpanId: died!.parentSpanId })

  // The worker is killed: the master tells.
  const lost = await client.submit('wait')
  await cluster.untilLog('w1', begun(lost.id))
  process.kill(worker!.pid, 'SIGKILL')
  await cluster.worker('w2', WORKER)
  t.equal(await lost.result(), 2)
  const [gone, elsewhere] = await collector.untilTold(lost.id, 'run wait', 2)
  t.match(gone, { service: 'dtr-master', failed: true, attributes: { 'dtr.worker.name': 'w1', 'error.type': 'lost' } })
  t.match(elsewhere, { service: 'dtr-worker', failed: false, attributes: { 'dtr.worker.name': 'w2' } })
  t.equal(elsewhere!.parentSpanId, gone!.parentSpanId)
})

t.test('nobody asked: nothing stands in meta, nothing is sent', async (t) => {
  const collector = await Collector.start(t)
  const { DTR_OTEL: _, ...environment } = collector.environment
  const cluster = await Cluster.create(t, { tasks: [TASKS], environment })
  const { client } = await cluster.start(1)
  const task = await client.submit('active', null)
  t.equal(await task.result(), null)
  const [kept] = await client.get([task.id])
  t.equal(kept?.meta, undefined)
  t.same(collector.spans, [])
})

t.test('P28: a collector that takes everything and never answers holds up nobody', async (t) => {
  const silent = createServer(() => {})
  await new Promise<void>((done) => silent.listen(0, '127.0.0.1', done))
  t.teardown(() => {
    silent.closeAllConnections()
    silent.close()
  })
  const endpoint = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`
  const environment = { DTR_OTEL: 'true', OTEL_EXPORTER_OTLP_ENDPOINT: endpoint }
  const cluster = await Cluster.create(t, { environment })
  const { master, workers, client } = await cluster.start(1, ['--builtins'])
  for await (const { state } of client.map('echo', Array(2_000).keys())) if (state !== 'completed') t.fail(state)
  const submitted = cluster.run(['submit', 'echo', '1', '--wait'])
  const before = performance.now()
  t.equal((await submitted.ended).code, 0, submitted.stderr)
  await client.stop()
  t.equal((await master.ended).code, 0)
  t.equal((await workers[0]!.ended).code, 0)
  t.ok(performance.now() - before < 60_000, 'the ends are bounded')
})

function begun(id: string): RegExp {
  return new RegExp(`wait ${id}: begun`)
}

function grpcPortOf(cluster: Cluster): string {
  return String(cluster.ports.master + 1)
}

async function gateway(cluster: Cluster): Promise<number> {
  const ports = ['--http', 'auto', '--grpc', grpcPortOf(cluster)]
  cluster.run(['gateway', ...ports, '--data', cluster.data, '--logs', cluster.logs])
  return (await cluster.untilRecord(({ role }) => role === 'gateway')).port!
}
