// The cluster: its workers, what they did, how much there is.
import Type from 'typebox'
import type { ClusterStatus } from '../../../client/client.js'
import type { PullWorker } from '../../../client/pull.js'
import { memoryOf } from '../../../client/worker-memory.js'
import type { WorkerField } from '../../../protocol/messages.js'
import { Nullable, State } from '../fields.js'
import { type Route, route } from '../route.js'
import type { View } from '../task-view.js'

const Worker = Type.Object({
  worker_id: Type.String(),
  incarnation: Nullable('string'),
  kind: Type.String({ description: '`tcp`, or `pull` for one that speaks only HTTP' }),
  state: Type.String(),
  status: Type.Enum(['active', 'stale', 'offline']),
  slots: Type.Integer(),
  running: Type.Integer(),
  types: Type.Array(Type.String(), { description: 'none: of one that pulls, every type' }),
  model: Nullable('string'),
  labels: Type.Record(Type.String(), Type.String()),
  completed: Type.Integer(),
  failed: Type.Integer(),
  heard_ms_ago: Type.Integer(),
  memory_bytes: Nullable('integer', {
    description: 'of the worker and the processes that run its tasks, as it said last',
  }),
  hostname: Nullable('string'),
  address: Nullable('string'),
  pid: Nullable('integer'),
  version: Nullable('string'),
})
const Counts = Type.Record(Type.String(), Type.Integer())

export const CLUSTER_ROUTES: readonly Route[] = [
  route({
    method: 'GET',
    path: '/workers',
    role: 'read',
    topic: 'the cluster',
    about: 'the workers, with what each runs and has done',
    answers: { 200: { about: 'all of them', schema: Type.Array(Worker) } },
    async handle({ serving }) {
      const { workers, pullWorkers } = await serving.link.ask((client) => client.status())
      return { body: [...workers.map(workerView), ...pullWorkers.map(pullWorkerView)] }
    },
  }),

  route({
    method: 'GET',
    path: '/leaderboard',
    role: 'read',
    topic: 'the cluster',
    about: 'a point for each result that was accepted, of the workers that are known',
    answers: {
      200: {
        about: 'the most points first',
        schema: Type.Array(Type.Object({ worker_id: Type.String(), points: Type.Integer() })),
      },
    },
    async handle({ serving }) {
      const { workers, pullWorkers } = await serving.link.ask((client) => client.status())
      return { body: leaderboard([...workers, ...pullWorkers.map(({ id, completed }) => ({ name: id, completed }))]) }
    },
  }),

  route({
    method: 'GET',
    path: '/db/stats',
    role: 'read',
    topic: 'the cluster',
    about: 'how many tasks, accepted results and workers there are',
    answers: {
      200: {
        about: 'counts',
        schema: Type.Object({
          tasks: Type.Integer(),
          submissions: Type.Integer({ description: 'results that were accepted' }),
          workers: Type.Integer(),
          tasks_by_state: Counts,
          workers_by_status: Counts,
        }),
      },
    },
    async handle({ serving }) {
      return { body: statsOf(await serving.link.ask((client) => client.status())) }
    },
  }),

  route({
    method: 'GET',
    path: '/status',
    role: 'read',
    topic: 'the cluster',
    about: 'the master, and how many tasks there are of each queue, type and state',
    answers: {
      200: {
        about: 'as dtr status shows it',
        schema: Type.Object({
          master: Type.Object({
            state: Type.String(),
            version: Type.String(),
            up_ms: Type.Integer(),
            address: Type.String(),
            pid: Type.Integer(),
          }),
          counts: Type.Array(
            Type.Object({ queue: Type.String(), type: Type.String(), state: State, count: Type.Integer() }),
          ),
          unserved: Type.Array(Type.String(), { description: 'types with pending tasks that no worker serves' }),
          stale: Type.Integer({ description: 'results that were refused as stale since the master started' }),
        }),
      },
    },
    async handle({ serving }) {
      const { master, counts, unserved, stale } = await serving.link.ask((client) => client.status())
      const { state, version, upMs, address, pid } = master
      return { body: { master: { state, version, up_ms: upMs, address, pid }, counts, unserved, stale } }
    },
  }),
]

/** Most points first, then by name. Pure. */
export function leaderboard(workers: readonly Pick<WorkerField, 'name' | 'completed'>[]): readonly View[] {
  const points = new Map<string, number>()
  for (const { name, completed } of workers) points.set(name, (points.get(name) ?? 0) + completed)
  return [...points]
    .sort(([one, more], [other, fewer]) => fewer - more || one.localeCompare(other, 'en', { numeric: true }))
    .map(([worker_id, count]) => ({ worker_id, points: count }))
}

/** Pure. */
export function statsOf({
  counts,
  workers,
  pullWorkers,
}: Pick<ClusterStatus, 'counts' | 'workers' | 'pullWorkers'>): View {
  const all = [...workers, ...pullWorkers]
  const byState: Record<string, number> = {}
  for (const { state, count } of counts) byState[state] = (byState[state] ?? 0) + count
  const byStatus: Record<string, number> = {}
  for (const { state } of all) byStatus[statusOf(state)] = (byStatus[statusOf(state)] ?? 0) + 1
  return {
    tasks: Object.values(byState).reduce((sum, count) => sum + count, 0),
    submissions: byState.completed ?? 0,
    workers: all.length,
    tasks_by_state: byState,
    workers_by_status: byStatus,
  }
}

/** In the words of a registry of workers: active, stale, offline. */
function statusOf(state: string): 'active' | 'stale' | 'offline' {
  if (state === 'suspect' || state === 'stale') return 'stale'
  return state === 'lost' || state === 'offline' ? 'offline' : 'active'
}

function workerView(worker: WorkerField): View {
  const { name, incarnation, state, hostname, address, pid, version } = worker
  return {
    ...{ worker_id: name, incarnation, kind: 'tcp', state, status: statusOf(state) },
    ...workView(worker),
    ...{ types: worker.types, model: null, labels: {} },
    memory_bytes: memoryOf(worker) ?? null,
    ...{ hostname: hostname || null, address: address || null, pid: pid || null, version: version || null },
  }
}

function pullWorkerView(worker: PullWorker): View {
  const { id, state, types = [], model = null, version = null, labels } = worker
  return {
    ...{ worker_id: id, incarnation: null, kind: 'pull', state, status: state },
    ...workView(worker),
    ...{ types, model, labels, memory_bytes: null, hostname: null, address: null, pid: null, version },
  }
}

function workView({ slots, running, completed, failed, heardMsAgo }: WorkerField | PullWorker): View {
  return { slots, running, completed, failed, heard_ms_ago: heardMsAgo }
}
