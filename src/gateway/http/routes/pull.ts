// Workers that only speak HTTP: they register, ask for the next task, say that they live, and tell what came of it. In the
// words of those that came before (`/tasks/next`, `/workers/submit`) and in our own (`/tasks/claim`, `/tasks/{id}/complete`).
//
// A task is such a worker's by its lease, which has an end: `renew`, or a heartbeat that names the task, begins it anew. What
// names no lease is fenced by worker and task (P5).
import Type, { type Static } from 'typebox'
import type { Client } from '../../../client/client.js'
import type { ClaimOptions, PullEnding, PulledTask, PullHeard } from '../../../client/pull.js'
import { readDuration } from '../../../config.js'
import { DtrError } from '../../../errors.js'
import { checkRights, type Rights } from '../../../task/roles.js'
import { CarriedEncoding, carriedIn } from '../carried.js'
import { Anything, Body, Duration, Name, Params, TaskId, WorkerId } from '../fields.js'
import { JsonText } from '../json-text.js'
import { HttpRefusal } from '../problem.js'
import { type Call, type Route, route } from '../route.js'
import { payloadView, timeOf, type View } from '../task-view.js'

const TYPES = Type.Array(Name, { maxItems: 1_000 })
const LeaseId = Type.String({ minLength: 1, maxLength: 64, pattern: '^[A-Za-z0-9._-]+$' })
const LEASE = {
  lease: Type.Optional(Duration),
  lease_seconds: Type.Optional(Type.Integer({ minimum: 1, maximum: 604_800 })),
} as const
const HOLDER = { worker_id: WorkerId, lease_id: Type.Optional(LeaseId) } as const
const WAIT_MS_MAX = 60_000
/** What a claim that waits gets beyond its wait. */
const ANSWER_MS = 10_000

const Lease = {
  lease_id: Type.String(),
  lease_expires_at: Type.Unsafe<string | null>({ type: ['string', 'null'] } as never),
} as const
const Renewed = Type.Object({ task_id: TaskId, ...Lease, cancel_requested: Type.Boolean() })
const Pulled = Type.Object({
  id: TaskId,
  task_id: TaskId,
  ...Lease,
  type: Type.String(),
  task_type: Type.String(),
  queue: Type.String(),
  state: Type.Literal('running'),
  status: Type.Literal('running'),
  reserved_by: Type.String(),
  attempt: Type.Integer(),
  attempts: Type.Integer(),
  max_attempts: Type.Integer(),
  payload: Anything,
  payload_encoding: Type.Optional(Type.String()),
  data: Type.Optional(Anything),
  text: Type.Optional(Type.String()),
  meta: Type.Optional(Anything),
  timeout_ms: Type.Optional(Type.Integer({ description: 'for the worker to see to' })),
  deadline_at: Type.Optional(Type.String({ description: 'from then on no result counts' })),
  checkpoint: Type.Optional(Type.Unknown({ description: 'the last that an attempt before this one kept' })),
  ballot: Type.Optional(
    Type.Boolean({ description: '`true`: the task is voted on by its own ballot, which is to come with the result' }),
  ),
})
const Ballot = Type.Unknown({
  description: 'what the result votes for, any JSON up to 4 KiB; where the task asks for it',
})
const Recorded = Type.Object({ ok: Type.Literal(true), task_id: TaskId, outcome: Type.Enum(['recorded', 'cancelled']) })
const Failed = Type.Unsafe<string | { message: string; code?: string; stack?: string }>({
  type: ['string', 'object'],
  description: 'a text, or {message, code, stack}',
  maxLength: 4_000,
  required: ['message'],
  properties: {
    message: { type: 'string', maxLength: 4_000 },
    code: { type: 'string' },
    stack: { type: 'string' },
  },
  additionalProperties: false,
} as never)
const CLAIM = {
  worker_id: WorkerId,
  type: Type.Optional(Name),
  task_type: Type.Optional(Name),
  types: Type.Optional(TYPES),
  wait: Type.Optional(Duration),
  ...LEASE,
} as const

export const PULL_ROUTES: readonly Route[] = [
  route({
    method: 'POST',
    path: '/workers/register',
    role: 'worker',
    topic: 'workers that pull',
    about: 'a worker is there; one that names no types serves every type',
    body: Body({
      worker_id: WorkerId,
      types: Type.Optional(TYPES),
      task_types: Type.Optional(TYPES),
      queues: Type.Optional(Type.Array(Name, { maxItems: 100 })),
      slots: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000 })),
      labels: Type.Optional(Type.Record(Type.String(), Type.String())),
      model: Type.Optional(Type.String({ maxLength: 256 })),
      version: Type.Optional(Type.String({ maxLength: 64 })),
      meta: Type.Optional(Anything),
    }),
    answers: {
      200: {
        about: 'it is known, also after a restart',
        schema: Type.Object({
          ok: Type.Literal(true),
          worker_id: Type.String(),
          status: Type.String(),
          lease_seconds: Type.Number(),
          heartbeat_ttl_seconds: Type.Number(),
        }),
      },
    },
    async handle({ serving, rights, body: { worker_id, types, task_types, meta, ...about } }) {
      const said = {
        ...about,
        types: typesFor(rights, types ?? task_types),
        ...(meta !== undefined && { meta: JSON.stringify(meta) }),
      }
      const worker = await serving.link.ask((client) => client.pull.register(worker_id, said))
      return {
        body: {
          ...{ ok: true, worker_id, status: worker.state },
          lease_seconds: worker.leaseMs / 1_000,
          heartbeat_ttl_seconds: worker.staleMs / 1_000,
        },
      }
    },
  }),

  route({
    method: 'POST',
    path: '/workers/heartbeat',
    role: 'worker',
    topic: 'workers that pull',
    about: 'a worker lives; the leases of the tasks that it names begin anew, and no others',
    body: Body({
      worker_id: WorkerId,
      task_id: Type.Optional(TaskId),
      lease_id: Type.Optional(LeaseId),
      task_ids: Type.Optional(Type.Array(TaskId, { maxItems: 1_000 })),
      tasks: Type.Optional(
        Type.Array(Body({ task_id: TaskId, lease_id: Type.Optional(LeaseId) }), { maxItems: 1_000 }),
      ),
      ...LEASE,
    }),
    answers: {
      200: {
        about: 'what is renewed, what is lost, and what to stop',
        schema: Type.Object({
          ok: Type.Literal(true),
          worker_id: Type.String(),
          status: Type.String(),
          renewed: Type.Array(Type.Object({ task_id: TaskId, ...Lease })),
          lost: Type.Array(TaskId, { description: 'not its own any more: no result of them counts' }),
          cancelled: Type.Array(TaskId, { description: 'somebody has cancelled them: they end with whatever it says' }),
        }),
      },
    },
    async handle({ serving, rights, body }) {
      const { worker_id, task_id, lease_id, task_ids = [], tasks = [] } = body
      const leaseMs = leaseMsOf(body)
      const named = [
        ...(task_id === undefined ? [] : [{ task_id, lease_id }]),
        ...task_ids.map((id) => ({ task_id: id, lease_id: undefined })),
        ...tasks,
      ].map((task) => ({ id: task.task_id, leaseId: task.lease_id, leaseMs }))
      const heard = await serving.link.ask((client) =>
        registered(client, worker_id, rights, () => client.pull.beat(worker_id, { tasks: named })),
      )
      return { body: heardView(heard) }
    },
  }),

  route({
    method: 'POST',
    path: '/tasks/next',
    role: 'worker',
    topic: 'workers that pull',
    about: 'the next task for a worker, or null; with `wait` null not before that is over',
    body: Body(CLAIM),
    answers: { 200: { about: 'its own on disk, or null', schema: Type.Union([Pulled, Type.Null()]) } },
    async handle(call) {
      const [task] = await claim(call, call.body, 1)
      return { body: task === undefined ? null : pulledView(task, call.body.worker_id) }
    },
  }),

  route({
    method: 'POST',
    path: '/tasks/claim',
    role: 'worker',
    topic: 'workers that pull',
    about: 'the next tasks for a worker, as many as `max`',
    body: Body({ ...CLAIM, max: Type.Optional(Type.Integer({ minimum: 1, maximum: 100 })) }),
    answers: { 200: { about: 'its own on disk; perhaps none', schema: Type.Array(Pulled) } },
    async handle(call) {
      const tasks = await claim(call, call.body, call.body.max ?? 1)
      return { body: tasks.map((task) => pulledView(task, call.body.worker_id)) }
    },
  }),

  route({
    method: 'POST',
    path: '/tasks/:id/renew',
    role: 'worker',
    topic: 'workers that pull',
    about: 'the lease of a task begins anew',
    params: Params,
    body: Body({ ...HOLDER, ...LEASE }),
    answers: { 200: { about: 'the lease', schema: Renewed } },
    async handle({ serving, params, body }) {
      const task = { id: params.id, leaseId: body.lease_id, leaseMs: leaseMsOf(body) }
      const lease = await serving.link.ask((client) => client.pull.renew(body.worker_id, task))
      if (lease === undefined) throw stale(params.id, body.worker_id)
      return { body: { ...leaseView(lease), cancel_requested: lease.cancelled } }
    },
  }),

  route({
    method: 'POST',
    path: '/tasks/:id/complete',
    role: 'worker',
    topic: 'workers that pull',
    about: 'a task is done; the same, sent again, is answered as before',
    params: Params,
    body: Body({
      ...HOLDER,
      result: Type.Optional(Anything),
      result_encoding: CarriedEncoding,
      ballot: Type.Optional(Ballot),
    }),
    answers: { 200: { about: 'on disk', schema: Recorded } },
    handle: async ({ serving, params, body: { worker_id, lease_id, ...said } }) =>
      settle(serving, worker_id, params.id, lease_id, endingOf(said)),
  }),

  route({
    method: 'POST',
    path: '/tasks/:id/fail',
    role: 'worker',
    topic: 'workers that pull',
    about: 'an attempt failed; it is tried again, unless it is `final` or was the last',
    params: Params,
    body: Body({
      ...HOLDER,
      error: Type.Optional(Failed),
      final: Type.Optional(Type.Boolean()),
    }),
    answers: { 200: { about: 'on disk', schema: Recorded } },
    handle: ({ serving, params, body: { worker_id, lease_id, error = 'no reason was given', final } }) =>
      settle(serving, worker_id, params.id, lease_id, { outcome: 'failed', error, final }),
  }),

  route({
    method: 'POST',
    path: '/tasks/:id/return',
    role: 'worker',
    topic: 'workers that pull',
    about: 'a task goes back, uncharged: its worker will not do it',
    params: Params,
    body: Body(HOLDER),
    answers: { 200: { about: 'on disk', schema: Recorded } },
    handle: ({ serving, params, body: { worker_id, lease_id } }) =>
      settle(serving, worker_id, params.id, lease_id, { outcome: 'returned', started: false }),
  }),

  route({
    method: 'POST',
    path: '/tasks/:id/checkpoint',
    role: 'worker',
    topic: 'workers that pull',
    about: 'keeps how far a task has come: the next attempt, wherever it runs, is claimed with the last `checkpoint`',
    params: Params,
    body: Body({ ...HOLDER, checkpoint: Anything }),
    answers: {
      200: { about: 'on disk', schema: Type.Object({ ok: Type.Literal(true), task_id: TaskId }) },
    },
    async handle({ serving, params: { id }, body: { worker_id, lease_id, checkpoint } }) {
      const task = { id, leaseId: lease_id, value: checkpoint }
      const status = await serving.link.ask((client) => client.pull.checkpoint(worker_id, task))
      if (status === 'stale') throw stale(id, worker_id)
      return { body: { ok: true, task_id: id } }
    },
  }),

  route({
    method: 'POST',
    path: '/tasks/settle',
    role: 'worker',
    topic: 'workers that pull',
    about: 'how several tasks ended, in one request: each with `result`, `error` (and `final`), or `returned`',
    body: Body({
      worker_id: WorkerId,
      tasks: Type.Array(
        Body({
          task_id: TaskId,
          lease_id: Type.Optional(LeaseId),
          result: Type.Optional(Anything),
          result_encoding: CarriedEncoding,
          ballot: Type.Optional(Ballot),
          error: Type.Optional(Failed),
          final: Type.Optional(Type.Boolean()),
          returned: Type.Optional(Type.Literal(true)),
        }),
        { minItems: 1, maxItems: 1_000 },
      ),
    }),
    answers: {
      200: {
        about: 'each, in this order; one that is `stale` has changed nothing',
        schema: Type.Array(Type.Object({ task_id: TaskId, outcome: Type.Enum(['recorded', 'cancelled', 'stale']) })),
      },
    },
    async handle({ serving, body: { worker_id, tasks } }) {
      const endings = tasks.map(({ task_id, lease_id, ...said }) => ({
        id: task_id,
        leaseId: lease_id,
        ...endingOf(said),
      }))
      const outcomes = await serving.link.ask((client) =>
        Promise.all(endings.map((ending) => client.pull.settle(worker_id, ending))),
      )
      return { body: tasks.map(({ task_id }, index) => ({ task_id, outcome: outcomes[index] })) }
    },
  }),

  route({
    method: 'POST',
    path: '/workers/submit',
    role: 'worker',
    topic: 'workers that pull',
    about: 'the result of a task: `result`, or all fields that are not named here',
    body: Type.Object({ ...HOLDER, task_id: TaskId, result: Type.Optional(Anything) }),
    answers: { 200: { about: 'on disk', schema: Recorded } },
    handle: ({ serving, body: { worker_id, task_id, lease_id, result, ...fields } }) =>
      settle(serving, worker_id, task_id, lease_id, { outcome: 'completed', result: result ?? fields }),
  }),

  route({
    method: 'POST',
    path: '/ops/requeue-stale',
    role: 'admin',
    topic: 'the cluster',
    about: 'looks now for leases of pulled tasks that are over; that is done by itself as well',
    answers: { 200: { about: 'so many', schema: Type.Object({ ok: Type.Literal(true), requeued: Type.Integer() }) } },
    async handle({ serving }) {
      const requeued = await serving.link.ask((client) => client.pull.requeueStale())
      return { body: { ok: true, requeued } }
    },
  }),
]

interface ClaimBody {
  readonly worker_id: string
  readonly type?: string
  readonly task_type?: string
  readonly types?: readonly string[]
  readonly wait?: string | number
  readonly lease?: string | number
  readonly lease_seconds?: number
}

/** Whoever has gone meanwhile is given nothing: what comes all the same goes back. */
async function claim({ serving, rights, signal }: Call, body: ClaimBody, max: number): Promise<readonly PulledTask[]> {
  const { worker_id, type, task_type } = body
  const one = type ?? task_type
  if (one !== undefined && body.types !== undefined) {
    throw new DtrError('bad_input', 'types: says the same as type; give one of them')
  }
  const waitMs = msOf(body.wait, 'wait') ?? 0
  if (waitMs > WAIT_MS_MAX)
    throw new DtrError('bad_input', 'wait: is more than 60s', { hint: 'ask again when it is over' })
  const types = typesFor(rights, one === undefined ? body.types : [one])
  const options: ClaimOptions = { max, types, leaseMs: leaseMsOf(body), waitMs, signal }
  try {
    return await serving.link.ask(
      (client) => registered(client, worker_id, rights, () => client.pull.claim(worker_id, options)),
      waitMs + ANSWER_MS,
    )
  } catch (error) {
    // Who asked has gone, or the gateway ends: nobody is told of a task, and none is given.
    if (signal.aborted) return []
    throw error
  }
}

/** Who asks for work or says that it lives is a worker: a bare one, that serves every type, need not register first. */
async function registered<Value>(
  client: Client,
  workerId: string,
  rights: Rights,
  ask: () => Promise<Value>,
): Promise<Value> {
  try {
    return await ask()
  } catch (error) {
    if (!(error instanceof DtrError) || error.code !== 'not_found') throw error
    await client.pull.register(workerId, { types: typesFor(rights) })
    return ask()
  }
}

/** Those that were named, or all that the key of the caller is for. @throws DtrError `forbidden` */
function typesFor(rights: Rights, named?: readonly string[]): readonly string[] | undefined {
  checkRights(rights, 'worker', named)
  return named ?? rights.types
}

interface Said {
  readonly result?: unknown
  readonly result_encoding?: 'base64'
  readonly ballot?: unknown
  readonly error?: Static<typeof Failed>
  readonly final?: boolean
  readonly returned?: true
}

/** @throws DtrError `bad_input` where it says two things */
function endingOf({ result, result_encoding, ballot, error, final, returned }: Said): PullEnding {
  const [, again] = Object.entries({ result, error, returned }).flatMap(([name, said]) =>
    said === undefined ? [] : name,
  )
  if (again !== undefined)
    throw new DtrError('bad_input', `${again}: a task ended in one way; give one of result, error, returned`)
  if (ballot !== undefined && (error ?? returned) !== undefined) {
    throw new DtrError('bad_input', 'ballot: goes with a result')
  }
  if (final !== undefined && error === undefined) throw new DtrError('bad_input', 'final: is for an error')
  if (error !== undefined) return { outcome: 'failed', error, final }
  if (returned !== undefined) return { outcome: 'returned', started: false }
  return { outcome: 'completed', result: carriedIn(result, result_encoding, 'result'), ballot }
}

async function settle(
  { link }: Call['serving'],
  workerId: string,
  id: string,
  leaseId: string | undefined,
  ending: PullEnding,
): Promise<{ readonly body: View }> {
  const outcome = await link.ask((client) => client.pull.settle(workerId, { id, leaseId, ...ending }))
  if (outcome === 'stale') throw stale(id, workerId)
  return { body: { ok: true, task_id: id, outcome } }
}

function stale(id: string, workerId: string): HttpRefusal {
  return new HttpRefusal(409, 'stale', `task ${id} is not ${workerId}'s any more: nothing was changed`, {
    hint: 'its lease is over, or another worker has it, or it has ended; ask for the next one',
  })
}

function leaseMsOf({ lease, lease_seconds }: Pick<ClaimBody, 'lease' | 'lease_seconds'>): number | undefined {
  if (lease_seconds === undefined) return msOf(lease, 'lease')
  if (lease === undefined) return lease_seconds * 1_000
  throw new DtrError('bad_input', 'lease_seconds: says the same as lease; give one of them')
}

function msOf(duration: string | number | undefined, name: string): number | undefined {
  return typeof duration === 'string' ? readDuration(duration, name) : duration
}

function leaseView({ id, leaseId, leaseUntil }: { id: string; leaseId: string; leaseUntil: number }): View {
  return { task_id: id, lease_id: leaseId, lease_expires_at: timeOf(leaseUntil) }
}

function heardView({ worker, renewed, lost, cancelled }: PullHeard): View {
  return { ok: true, worker_id: worker.id, status: worker.state, renewed: renewed.map(leaseView), lost, cancelled }
}

function pulledView(task: PulledTask, workerId: string): View {
  const { id, type, queue, attempt, maxAttempts, meta } = task
  return {
    id,
    ...leaseView(task),
    ...{ type, task_type: type, queue, state: 'running', status: 'running', reserved_by: workerId },
    ...{ attempt, attempts: attempt, max_attempts: maxAttempts },
    ...payloadView(task.payload, task.encoding),
    meta: meta === undefined ? undefined : new JsonText(meta),
    timeout_ms: task.timeoutMs,
    deadline_at: timeOf(task.deadlineUntil) ?? undefined,
    checkpoint: task.checkpoint === undefined ? undefined : new JsonText(task.checkpoint),
    ballot: task.ballot || undefined,
  }
}
