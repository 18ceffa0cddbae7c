// gRPC of a gateway as a process: killed, and with a master that goes away under it.
import { credentials } from '@grpc/grpc-js'
import t from 'tap'
import type { TaskProgress__Output as TaskProgress } from '../../src/gateway/grpc/generated/orchestrator/v1/TaskProgress.js'
import { orchestrator } from '../../src/gateway/grpc/protos.js'
import { all, ask } from '../gateway/grpc-served.js'
import { Cluster } from './cluster.js'

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
