// orchestrator.v1.Worker: what a worker tells of itself.
import type { WorkerTold } from '../../worker/told.js'
import type { Calls } from './calls.js'
import type { WorkerHandlers } from './generated/orchestrator/v1/Worker.js'
import { healthOf } from './health.js'
import type { PortServing } from './serving.js'
import { partsOf } from './times.js'

/** @param told of the worker, now */
export function workerHandlers(calls: Calls, serving: PortServing, told: () => WorkerTold): WorkerHandlers {
  return {
    HealthCheck: calls.unary('open', () => healthOf(serving, 'Worker')),

    ListRunning: calls.unary('read', async () => {
      const { name, slots, types, queues, idleFor, running } = told()
      const tasks = running.map(({ taskId, type, attempt, since }) => ({
        ...{ taskId, name: type, attempt, startedAt: partsOf(since) },
      }))
      return {
        workerId: name,
        slots,
        tasks,
        taskNames: [...types],
        queues: [...queues],
        leaving: idleFor === 'leaving',
      }
    }),
  }
}
