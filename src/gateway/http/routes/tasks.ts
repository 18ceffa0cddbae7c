// Tasks: given, looked at, cancelled, sent back.
import Type from 'typebox'
import type { TaskHandle } from '../../../client/task-handle.js'
import { readDuration } from '../../../config.js'
import { DtrError } from '../../../errors.js'
import { checkRights } from '../../../task/roles.js'
import { isTerminal, type TaskState } from '../../../task/task.js'
import { endedWithin } from '../ends.js'
import {
  Body,
  Name,
  Names,
  Nullable,
  Params,
  State,
  States,
  SubmitBody,
  Submitted,
  TaskId,
  TaskSummary,
  TaskView,
} from '../fields.js'
import { nextLink, PageQuery } from '../pages.js'
import { type Answer, type Call, type Route, route } from '../route.js'
import { type Submission, submissionOf } from '../submission.js'
import { failureGroupView, summaryView, taskView, timeOf, type View } from '../task-view.js'

const WAIT_MS_MAX = 300_000
const Wait = Type.String({ maxLength: 32, description: 'wait for the end so long: 30s, at most 5m', examples: ['30s'] })
const STORY = { story: Type.Optional(Type.Boolean({ description: 'with each attempt that did not succeed' })) }

export const TASK_ROUTES: readonly Route[] = [
  route({
    method: 'POST',
    path: '/tasks',
    role: 'submit',
    topic: 'tasks',
    about: 'a task; it is on disk when this answers',
    query: Body({ wait: Type.Optional(Wait) }),
    body: SubmitBody,
    answers: {
      200: { about: 'with `wait`: the task, which has ended', schema: TaskView },
      201: { about: 'accepted, or known by its key', schema: Submitted },
      202: { about: 'with `wait`: accepted, and has not ended', schema: Submitted },
    },
    async handle(call) {
      const { serving, body, query, headers, signal } = call
      const waitMs = waitOf(query.wait)
      const submission = submissionOf(body, serving.defaults, headers['idempotency-key'])
      const handle = await submit(call, submission, waitMs !== undefined)
      const place = { location: `/tasks/${handle.id}` }
      const told = submittedView(handle, submission.type)
      if (waitMs === undefined) return { status: 201, headers: place, body: told }
      await endedWithin(handle.ended(), waitMs, signal)
      if (signal.aborted) return { status: 202, headers: place, body: told }
      const task = await find(call, handle.id)
      return isTerminal(task.state)
        ? { headers: place, body: taskView(task) }
        : { status: 202, headers: place, body: told }
    },
  }),

  route({
    method: 'GET',
    path: '/tasks',
    role: 'read',
    topic: 'tasks',
    about: 'tasks without what they carry, the newest first; `Link` leads to the next page',
    query: Body({
      ...PageQuery,
      state: Type.Optional(States),
      type: Type.Optional(Names),
      task_type: Type.Optional(Names),
      queue: Type.Optional(Names),
      since: Type.Optional(Moment('submitted at or after')),
      before: Type.Optional(Moment('submitted before')),
      ended_since: Type.Optional(Moment('ended at or after')),
      ended_before: Type.Optional(Moment('ended before')),
      failure: Type.Optional(Name),
    }),
    answers: { 200: { about: 'a page of them', schema: Type.Array(TaskSummary) } },
    async handle(call) {
      const { state, type, task_type, queue, failure, limit = 100, after } = call.query
      const { since, before, ended_since, ended_before } = call.query
      const query = {
        states: state as TaskState[] | undefined,
        types: type ?? task_type,
        queues: queue,
        failure,
        since: momentOf(since, 'since'),
        before: momentOf(before, 'before'),
        endedSince: momentOf(ended_since, 'ended_since'),
        endedBefore: momentOf(ended_before, 'ended_before'),
      }
      const page = await call.serving.link.ask((client) => client.page(query, { limit, after }))
      return { headers: nextLink(call.url, page.next), body: page.tasks.map(summaryView) }
    },
  }),

  route({
    method: 'GET',
    path: '/tasks/failures',
    role: 'read',
    topic: 'tasks',
    about: 'failed tasks by what ended them, the most frequent first; `key` is the `failure` of a list',
    query: Body({
      type: Type.Optional(Names),
      queue: Type.Optional(Names),
      since: Type.Optional(Moment('submitted at or after')),
    }),
    answers: {
      200: {
        about: 'at most 1,000 groups',
        schema: Type.Array(
          Type.Object({
            key: Type.String(),
            type: Type.String(),
            code: Type.String(),
            message: Type.String(),
            count: Type.Integer(),
            first_at: Type.String(),
            last_at: Type.String(),
            examples: Type.Array(TaskId),
          }),
        ),
      },
    },
    async handle({ serving, query: { type, queue, since } }) {
      const query = { types: type, queues: queue, since: momentOf(since, 'since') }
      const groups = await serving.link.ask((client) => client.failures(query))
      return { body: groups.map(failureGroupView) }
    },
  }),

  route({
    method: 'GET',
    path: '/tasks/:id',
    role: 'read',
    topic: 'tasks',
    about: 'a task with its payload and result; with `wait` not before it has ended, or the time is up',
    params: Params,
    query: Body({ wait: Type.Optional(Wait), ...STORY }),
    answers: { 200: { about: 'the task as it is', schema: TaskView } },
    async handle(call) {
      const { serving, params, query, signal } = call
      const waitMs = waitOf(query.wait)
      if (waitMs !== undefined) {
        await find(call, params.id)
        await serving.link.use((client) => serving.ends.wait(client, params.id, waitMs, signal))
        // Of a cluster that ends nobody would answer.
        if (signal.aborted) throw new DtrError('stopping', 'this gateway ends', { hint: 'ask again' })
      }
      return { body: taskView(await find(call, params.id, query.story)) }
    },
  }),

  route({
    method: 'GET',
    path: '/tasks/:id/story',
    role: 'read',
    topic: 'tasks',
    about: 'a task with each attempt that did not succeed: by whom, when, how it ended',
    params: Params,
    answers: { 200: { about: 'the task with `attempts_before`', schema: TaskView } },
    handle: async (call) => ({ body: taskView(await find(call, call.params.id, true)) }),
  }),

  route({
    method: 'GET',
    path: '/tasks/:id/logs',
    role: 'read',
    topic: 'tasks',
    about: 'what the attempts of a task said, the last 64 KiB of each; of one that runs what it has said so far',
    params: Params,
    answers: {
      200: {
        about: 'the first attempt first; those that said nothing are left out',
        schema: Type.Array(
          Type.Object({
            attempt: Type.Integer(),
            text: Type.String(),
            skipped: Type.Integer({ description: 'bytes before it that are not kept' }),
            ended_at: Nullable('string'),
          }),
        ),
      },
    },
    async handle({ serving, params }) {
      const logs = await serving.link.ask((client) => client.logs(params.id))
      return { body: logs.map(({ endedAt, ...log }) => ({ ...log, ended_at: timeOf(endedAt) })) }
    },
  }),

  route({
    method: 'POST',
    path: '/tasks/:id/cancel',
    role: 'submit',
    topic: 'tasks',
    about: 'cancels a task; one that runs has `cancelling`, until its code has ended',
    params: Params,
    answers: { 200: { about: 'durable', schema: outcomeOf('cancelled', 'cancelling', 'ended') } },
    handle: (call) => cancelOne(call),
  }),

  route({
    method: 'DELETE',
    path: '/tasks/:id',
    role: 'submit',
    topic: 'tasks',
    about: 'the same as its cancel',
    params: Params,
    answers: { 200: { about: 'durable', schema: outcomeOf('cancelled', 'cancelling', 'ended') } },
    handle: (call) => cancelOne(call),
  }),

  route({
    method: 'POST',
    path: '/tasks/cancel',
    role: 'submit',
    topic: 'tasks',
    about: 'cancels many tasks',
    body: Body({ ids: Ids() }),
    answers: {
      200: {
        about: 'each, in this order',
        schema: Type.Array(outcomeOf('cancelled', 'cancelling', 'ended', 'unknown')),
      },
    },
    handle: async ({ serving, body }) => ({
      body: (await serving.link.ask((client) => client.cancel(body.ids))).map(outcomeView),
    }),
  }),

  route({
    method: 'POST',
    path: '/tasks/:id/retry',
    role: 'submit',
    topic: 'tasks',
    about: 'sends a failed or cancelled task back to pending, its attempts counted anew',
    params: Params,
    answers: { 200: { about: '`kept`: it is neither failed nor cancelled', schema: outcomeOf('retried', 'kept') } },
    async handle({ serving, params }) {
      const [outcome] = await serving.link.ask((client) => client.retry([params.id]))
      return { body: outcomeView(known(outcome, params.id)) }
    },
  }),

  route({
    method: 'POST',
    path: '/tasks/retry',
    role: 'submit',
    topic: 'tasks',
    about: 'sends many tasks back to pending',
    body: Body({ ids: Ids() }),
    answers: {
      200: { about: 'each, in this order', schema: Type.Array(outcomeOf('retried', 'kept', 'busy', 'unknown')) },
    },
    handle: async ({ serving, body }) => ({
      body: (await serving.link.ask((client) => client.retry(body.ids))).map(outcomeView),
    }),
  }),
]

/** @throws DtrError what the client says; where nobody answered in time the task is withdrawn, unless its key makes it safe to ask again */
export async function submit(
  { serving, rights }: Pick<Call, 'serving' | 'rights'>,
  submission: Submission,
  follow = false,
): Promise<TaskHandle> {
  const { type, payload, options } = submission
  checkRights(rights, 'submit', [type])
  const tooLate = new AbortController()
  const signal = options.key === undefined ? { signal: tooLate.signal } : {}
  try {
    return await serving.link.ask((client) =>
      client.submit(type, payload, { ...options, busyFor: 0, follow, ...signal }),
    )
  } catch (error) {
    tooLate.abort()
    throw error
  }
}

export function submittedView({ id, state, unserved }: TaskHandle, type: string): View {
  return { id, task_id: id, type, task_type: type, state, status: state, unserved }
}

/** @throws DtrError `not_found` */
export async function find({ serving }: Pick<Call, 'serving'>, id: string, story = false): ReturnType<typeof findOne> {
  return findOne(serving, id, story)
}

async function findOne(serving: Call['serving'], id: string, story: boolean) {
  const [task] = await serving.link.ask((client) => client.get([id], { story }))
  return known(task, id)
}

export function known<Found>(found: Found | undefined, id: string): Found {
  const isThere = found !== undefined && (found as { readonly status?: unknown }).status !== 'unknown'
  if (isThere) return found
  throw new DtrError('not_found', `no task ${id} is known`, { hint: 'tasks that ended long ago are forgotten' })
}

async function cancelOne({ serving, params }: Call<{ readonly id: string }>): Promise<Answer> {
  const [outcome] = await serving.link.ask((client) => client.cancel([params.id]))
  return { body: outcomeView(known(outcome, params.id)) }
}

function outcomeView({ id, status, state }: { id: string; status: string; state?: TaskState | undefined }): View {
  return { id, outcome: status, state }
}

function outcomeOf(...words: string[]) {
  return Type.Object({ id: TaskId, outcome: Type.Enum(words), state: Type.Optional(State) })
}

function Ids() {
  return Type.Array(TaskId, { minItems: 1, maxItems: 10_000 })
}

function waitOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const ms = readDuration(text, 'wait')
  if (ms <= WAIT_MS_MAX) return ms
  throw new DtrError('bad_input', `wait: ${text} is more than 5m`, { hint: 'ask again when it is over' })
}

function Moment(about: string) {
  return Type.String({ maxLength: 40, description: `${about}: ISO 8601, or how long ago: 30m, 7d` })
}

/** ISO 8601, or how long ago. */
function momentOf(text: string | undefined, name: string): Date | string | undefined {
  if (text === undefined || !/^\d{4}-/.test(text)) return text
  const date = new Date(text)
  if (Number.isFinite(date.getTime())) return date
  throw new DtrError('bad_input', `${name}: "${text}" is no date`, { hint: 'write 2026-01-31T12:00:00Z, or 30m' })
}
