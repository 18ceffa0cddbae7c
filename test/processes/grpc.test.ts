// gRPC of a gateway as a process: killed, and with a master that goes away under it.
import { once } from 'node:events'
import { createServer } from 'node:net'
import { credentials } from '@grpc/grpc-js'
import t from 'tap'
import type { TaskProgress__Output as TaskProgress } from '../../src/gateway/grpc/generated/orchestrator/v1/TaskProgress.js'
import { orchestrator } from '../../src/gateway/grpc/protos.js'
import { all, ask } from '../gateway/grpc-served.js'
import { Cluster, until } from './cluster.js'

t.test(
  'a stream of progress survives a master that is killed, and can be asked for again after its gateway',
  async (t) => {
    const cluster = await Cluster.create(t)
    const { master } = await cluster.start(1)
    const port = cluster.ports.master + 1
    const shared = ['--grpc', String(port), '--http', 'off', '--data', cluster.data, '--logs', cluster.logs]
    const gateway = cluster.run(['gateway', ...shared])
    await cluster.untilRecord(({ role }) => role === 'gateway', gateway)
    const client = new orchestrator.Gateway(`127.0.0.1:${port}`, credentials.createInsecure())
    t.teardown(() => client.close())
    const payload = Buffer.from(JSON.stringify({ key: 'k', ms: 3_000, witness: cluster.witnessFile }))
    const { taskId } = await ask(client, client.SubmitTask, { name: 'work', payload, idempotencyKey: 'k' })

    const told: TaskProgress[] = []
    for await (const message of client.SubscribeProgress({ taskId }) as AsyncIterable<TaskProgress>) {
      told.push(message)
      if (message.status === 'TASK_STATUS_RUNNING' && master.end === undefined) {
        master.kill()
        await master.ended
        await cluster.master()
      }
    }
    t.match(told.at(-1), { status: 'TASK_STATUS_COMPLETED', attempt: 1, result: { outcome: 'output' } })
    t.equal(cluster.witness().filter(({ what }) => what === 'start').length, 1, 'it ran once')

    const cut = client.SubscribeProgress({ taskId: (await ask(client, client.SubmitTask, { name: 'nobody' })).taskId })
    cut.once('data', () => gateway.kill())
    const ended = await new Promise((resolve) => cut.once('error', resolve))
    t.match(ended, { code: 14 }, 'UNAVAILABLE: ask again')
    await gateway.ended
    cluster.run(['gateway', ...shared])
    await new Promise<void>((resolve, reject) => {
      client.waitForReady(Date.now() + 60_000, (error) => (error === undefined ? resolve() : reject(error)))
    })
    const again = await all<TaskProgress>(client.SubscribeProgress({ taskId }))
    t.match(again, [{ status: 'TASK_STATUS_COMPLETED', result: { outcome: 'output' } }])
  },
)

t.test('a worker tells over gRPC what it runs; where it has no port for that it does not begin', async (t) => {
  const cluster = await Cluster.create(t)
  await cluster.master()
  const from = String(cluster.ports.master + 1)
  const worker = await cluster.worker('w1', ['--worker-grpc', from, '--slots', '2'])
  const [, port] = /gRPC on 127\.0\.0\.1:(\d+)/.exec(await cluster.untilLog('w1', /tells of itself/)) ?? []
  const told = new orchestrator.Worker(`127.0.0.1:${port}`, credentials.createInsecure())
  t.teardown(() => told.close())
  const client = await cluster.client()
  await cluster.untilReady(client, ['w1'])
  await until('its health', async () => (await ask(told, told.HealthCheck, {})).healthy)

  const { gate, open } = cluster.gate()
  const before = Date.now()
  const handle = await client.submit('work', { key: 'k', gate, witness: cluster.witnessFile })
  const { tasks, ...about } = await until('what it runs', async () => {
    const running = await ask(told, told.ListRunning, {})
    return running.tasks.length > 0 && running
  })
  t.match(about, { workerId: 'w1', slots: 2, queues: ['default'], leaving: false })
  t.ok(about.taskNames.includes('work'))
  t.match(tasks, [{ taskId: handle.id, name: 'work', attempt: 1 }])
  const startedAt = Number(tasks[0]?.startedAt?.seconds) * 1_000
  t.ok(startedAt > before - 60_000 && startedAt < Date.now() + 60_000, 'by the clock on the wall')
  open()
  t.match(await handle.ended(), { state: 'completed' })
  await until('an empty list', async () => (await ask(told, told.ListRunning, {})).tasks.length === 0)
  worker.kill('SIGTERM')
  t.match(await worker.ended, { code: 0 }, 'its port does not keep it')

  const taken = createServer().listen({ host: '127.0.0.1', port: 65_535 })
  await once(taken, 'listening')
  t.teardown(() => taken.close())
  const refused = cluster.run(['worker', '--id', 'w2', '--worker-grpc', '65535', '--data', cluster.data])
  t.match(await refused.ended, { code: 5 })
  t.match(refused.stderr, /port 65535 of 127\.0\.0\.1 is taken/)
  t.notOk(cluster.records().some(({ name }) => name === 'w2'))
})
