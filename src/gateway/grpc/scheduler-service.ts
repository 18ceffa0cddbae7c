// orchestrator.v1.Scheduler: workers that speak gRPC, one stream each.
import { DtrError } from '../../errors.js'
import { checkRights, type Rights } from '../../task/roles.js'
import type { Calls } from './calls.js'
import type { SchedulerHandlers } from './generated/orchestrator/v1/Scheduler.js'
import type { WorkerHeartbeat__Output as Heartbeat } from './generated/orchestrator/v1/WorkerHeartbeat.js'
import type { WorkerResponse__Output as WorkerResponse } from './generated/orchestrator/v1/WorkerResponse.js'
import { healthOf } from './health.js'
import type { GrpcServing } from './serving.js'
import { msOf } from './times.js'
import { type About, WorkerStream } from './worker-stream.js'

export function schedulerHandlers(calls: Calls, serving: GrpcServing): SchedulerHandlers {
  /** Of each worker the stream that it opened last. Under the name of another key's worker nobody ends its stream. */
  const open = new Map<string, WorkerStream>()
  return {
    RegisterWorker: calls.bidiStream('worker', async (both, { rights, signal }) => {
      const messages = both.requests[Symbol.asyncIterator]()
      const first = await messages.next()
      if (first.done === true) return
      const heartbeat = firstHeartbeat(first.value)
      const stream = new WorkerStream(aboutOf(heartbeat, rights), {
        both,
        serving,
        link: serving.link.for(rights),
        signal,
      })
      const name = `${rights.id ?? ''} ${heartbeat.workerId}`
      open.get(name)?.replaced()
      open.set(name, stream)
      try {
        await stream.serve(heartbeat, messages)
      } finally {
        if (open.get(name) === stream) open.delete(name)
      }
    }),

    HealthCheck: calls.unary('open', () => healthOf(serving, 'Scheduler')),
  }
}

function firstHeartbeat({ heartbeat }: WorkerResponse): Heartbeat {
  if (heartbeat === null || heartbeat === undefined) {
    throw new DtrError('bad_input', 'heartbeat: is missing; it is the first message of a stream')
  }
  if (heartbeat.workerId === '') throw new DtrError('bad_input', 'worker_id: is missing')
  return heartbeat
}

/** @throws DtrError `forbidden` for types that the key is not for */
function aboutOf({ workerId, taskNames, queues, labels, model, version, lease }: Heartbeat, rights: Rights): About {
  const named = taskNames.length === 0 ? undefined : taskNames
  checkRights(rights, 'worker', named)
  return {
    workerId,
    types: named ?? rights.types,
    queues: queues.length === 0 ? undefined : queues,
    labels,
    model: model || undefined,
    version: version || undefined,
    leaseMs: msOf(lease, 'lease'),
  }
}
