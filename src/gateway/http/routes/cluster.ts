// The cluster: its workers, what they did, how much there is.
import Type from 'typebox'
import type { ClusterStatus } from '../../../client/client.js'
import { clusterHealth } from '../../../client/health.js'
import type { Leaderboard, VoteTally } from '../../../client/leaderboard.js'
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
  quarantined: Nullable('string', { description: 'why it is given nothing more; `dtr leaderboard --pardon` ends it' }),
})
const Tally = {
  matched: Type.Integer({ description: 'votes that another worker confirmed' }),
  wrong: Type.Integer({ description: 'for something else than others agreed on' }),
  alone: Type.Integer({ description: 'believed without a second vote' }),
  accuracy: Nullable('number', { description: 'the share that matched, of those that were confirmed or wrong' }),
}
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
    about: 'a point for each vote that was what was agreed on; before there are votes, for each accepted result',
    answers: {
      200: {
        about: 'the most points first',
        schema: Type.Array(Type.Object({ worker_id: Type.String(), points: Type.Integer() })),
      },
    },
    async handle({ serving }) {
      const { workers: voters } = await serving.link.ask((client) => client.leaderboard())
      if (voters.length > 0) return { body: voters.map(({ worker, points }) => ({ worker_id: worker, points })) }
      const { workers, pullWorkers } = await serving.link.ask((client) => client.status())
      return { body: leaderboard([...workers, ...pullWorkers.map(({ id, completed }) => ({ name: id, completed }))]) }
    },
  }),

  route({
    method: 'GET',
    path: '/reputation',
    role: 'read',
    topic: 'the cluster',
    about: 'what workers are worth by their votes, of each task type and model, and who is quarantined',
    answers: {
      200: {
        about: 'the most points first; and all workers together, by type and model',
        schema: Type.Object({
          workers: Type.Array(
            Type.Object({
              worker_id: Type.String({ description: 'its name, or `key:` and the key with which it came' }),
              points: Type.Integer(),
              ...Tally,
              last_at: Type.String({ format: 'date-time' }),
              quarantined: Nullable('string', { description: 'why it is given nothing more' }),
              records: Type.Array(
                Type.Object({
                  type: Type.String(),
                  model: Nullable('string'),
                  ...Tally,
                  streak: Type.Integer({ description: 'matched since the last that was wrong' }),
                  trusted: Type.Boolean({ description: 'one vote of it may be enough for a task with replicas auto' }),
                }),
              ),
            }),
          ),
          models: Type.Array(Type.Object({ type: Type.String(), model: Nullable('string'), ...Tally })),
        }),
      },
    },
    async handle({ serving }) {
      return { body: reputationView(await serving.link.ask((client) => client.leaderboard())) }
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
          health: Type.Object(
            { word: Type.Enum(['healthy', 'waiting', 'degraded', 'stalled', 'stopping']), why: Type.String() },
            { description: 'how the cluster is, in one word, and why' },
          ),
          counts: Type.Array(
            Type.Object({ queue: Type.String(), type: Type.String(), state: State, count: Type.Integer() }),
          ),
          unserved: Type.Array(Type.String(), { description: 'types with pending tasks that no worker serves' }),
          stale: Type.Integer({ description: 'results that were refused as stale since the master started' }),
        }),
      },
    },
    async handle({ serving }) {
      const status = await serving.link.ask((client) => client.status())
      const { counts, unserved, stale } = status
      const { state, version, upMs, address, pid } = status.master
      const health = clusterHealth(status)
      return { body: { master: { state, version, up_ms: upMs, address, pid }, health, counts, unserved, stale } }
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

function reputationView({ workers, models }: Leaderboard): View {
  return {
    workers: workers.map(({ worker, points, lastAt, quarantined, records, ...tally }) => ({
      ...{ worker_id: worker, points, ...tallyView(tally), last_at: new Date(lastAt).toISOString() },
      quarantined: quarantined?.reason ?? null,
      records: records.map(({ type, model = null, streak, trusted, lastAt: _, ...counts }) => ({
        ...{ type, model, ...tallyView(counts), streak, trusted },
      })),
    })),
    models: models.map(({ type, model = null, ...counts }) => ({ type, model, ...tallyView(counts) })),
  }
}

function tallyView({ matched, wrong, alone, accuracy }: VoteTally): View {
  return { matched, wrong, alone, accuracy: accuracy ?? null }
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

// Field by field: a thousand of them are asked for some times a second, and to spread objects together costs ten times as much.

function workerView(worker: WorkerField): View {
  return {
    worker_id: worker.name,
    incarnation: worker.incarnation,
    kind: 'tcp',
    state: worker.state,
    status: statusOf(worker.state),
    slots: worker.slots,
    running: worker.running,
    completed: worker.completed,
    failed: worker.failed,
    heard_ms_ago: worker.heardMsAgo,
    memory_bytes: memoryOf(worker) ?? null,
    types: worker.types,
    model: worker.model ?? null,
    labels: {},
    hostname: worker.hostname || null,
    address: worker.address || null,
    pid: worker.pid || null,
    version: worker.version || null,
    quarantined: worker.quarantined ?? null,
  }
}

function pullWorkerView(worker: PullWorker): View {
  return {
    worker_id: worker.id,
    incarnation: null,
    kind: 'pull',
    state: worker.state,
    status: worker.state,
    slots: worker.slots,
    running: worker.running,
    completed: worker.completed,
    failed: worker.failed,
    heard_ms_ago: worker.heardMsAgo,
    memory_bytes: null,
    types: worker.types ?? [],
    model: worker.model ?? null,
    labels: worker.labels,
    hostname: null,
    address: null,
    pid: null,
    version: worker.version ?? null,
    quarantined: worker.quarantined ?? null,
  }
}
