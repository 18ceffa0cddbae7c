// A worker's own port of gRPC, before there is a worker and with one that stands in for it.
import { credentials } from '@grpc/grpc-js'
import t, { type Test } from 'tap'
import { health, orchestrator } from '../../src/gateway/grpc/protos.js'
import { openWorkerPort, type WorkerPort } from '../../src/gateway/grpc/worker-port.js'
import { createLog } from '../../src/log.js'
import type { WorkerTold } from '../../src/worker/told.js'
import { freePorts } from '../processes/cluster.js'
import { ask, refusal } from './grpc-served.js'

const WELL: WorkerTold = {
  ...{ name: 'w', slots: 3, queues: ['default'], types: ['add', 'sub'], idleFor: undefined },
  running: [{ taskId: 'one', type: 'add', attempt: 2, since: 1_700_000_000_500 }],
}

const open = (from: number, host = '127.0.0.1') =>
  openWorkerPort({ host, from, log: createLog({ name: 'w' }), version: '1.2.3' })

function clientsOf(t: Test, { port }: WorkerPort) {
  const address = `127.0.0.1:${port}`
  const worker = new orchestrator.Worker(address, credentials.createInsecure())
  const tool = new health.Health(address, credentials.createInsecure())
  t.teardown(() => {
    worker.close()
    tool.close()
  })
  return { worker, tool }
}

t.test('how it is, and what it runs', async (t) => {
  const { first } = await freePorts()
  const told = await open(first)
  t.teardown(() => told.close())
  t.equal(told.port, first)
  const { worker, tool } = clientsOf(t, told)
  const about = { version: '1.2.3', service: 'orchestrator.v1.Worker' }
  t.match(await ask(worker, worker.HealthCheck, {}), { ...about, healthy: false, message: /not ready yet/ })
  t.match(await refusal(ask(worker, worker.ListRunning, {})), { status: 'UNAVAILABLE' })
  t.match(await ask(tool, tool.Check, { service: '' }), { status: 'NOT_SERVING' })

  let now = WELL
  told.tellOf({ told: () => now })
  t.match(await ask(worker, worker.HealthCheck, {}), { ...about, healthy: true, message: '' })
  t.match(await ask(tool, tool.Check, { service: 'orchestrator.v1.Worker' }), { status: 'SERVING' })
  t.match(await refusal(ask(tool, tool.Check, { service: 'orchestrator.v1.Gateway' })), { status: 'NOT_FOUND' })
  t.match(await ask(worker, worker.ListRunning, {}), {
    ...{ workerId: 'w', slots: 3, taskNames: ['add', 'sub'], queues: ['default'], leaving: false },
    tasks: [{ taskId: 'one', name: 'add', attempt: 2, startedAt: { seconds: 1_700_000_000, nanos: 500_000_000 } }],
  })

  now = { ...WELL, idleFor: 'no master' }
  t.match(await ask(worker, worker.HealthCheck, {}), { healthy: false, message: 'it has no master' })
  t.match(await ask(tool, tool.Check, { service: '' }), { status: 'NOT_SERVING' })
  now = { ...WELL, idleFor: 'leaving' }
  t.match(await ask(worker, worker.HealthCheck, {}), { healthy: false, message: /leaving/ })
  t.match(await ask(worker, worker.ListRunning, {}), { leaving: true, tasks: [{ taskId: 'one' }] })
})

t.test('beyond loopback it tells whether it is well, and nothing of its tasks', async (t) => {
  const { first } = await freePorts()
  const told = await open(first, '0.0.0.0')
  t.teardown(() => told.close())
  told.tellOf({ told: () => WELL })
  const { worker, tool } = clientsOf(t, told)
  t.match(await ask(worker, worker.HealthCheck, {}), { healthy: true })
  t.match(await ask(tool, tool.Check, { service: '' }), { status: 'SERVING' })
  t.match(await refusal(ask(worker, worker.ListRunning, {})), { status: 'PERMISSION_DENIED', text: /ListTasks/ })
})

t.test('the first port that is free from there on', async (t) => {
  const { first } = await freePorts()
  const one = await open(first)
  const two = await open(first)
  t.same([one.port, two.port], [first, first + 1])
  await one.close()
  const again = await open(first)
  t.equal(again.port, first, 'what is closed is free')
  await Promise.all([two.close(), again.close()])
})
