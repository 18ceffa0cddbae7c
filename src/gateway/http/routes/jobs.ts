// Tasks as jobs, in the words of an orchestrator: CREATED, RUNNING, then COMPLETED, FAILED or CANCELLED, and never back.
import Type from 'typebox'
import type { TaskField } from '../../../protocol/messages.js'
import { Failure, Nullable, State, SubmitBody, TaskId } from '../fields.js'
import { HttpRefusal } from '../problem.js'
import { type Route, route } from '../route.js'
import { submissionOf } from '../submission.js'
import { payloadView, summaryView, taskView, type View } from '../task-view.js'
import { find, known, submit } from './tasks.js'

const JOB_STATES = ['CREATED', 'RUNNING', 'COMPLETED', 'FAILED', 'CANCELLED'] as const
type JobState = (typeof JOB_STATES)[number]
const JobParams = Type.Object({ job_id: TaskId })

const Job = Type.Object({
  job_id: TaskId,
  type: Type.String(),
  state: Type.Enum([...JOB_STATES]),
  status: Type.Enum([...JOB_STATES]),
  task_state: State,
  attempts: Type.Integer(),
  max_attempts: Nullable('integer'),
  cancel_requested: Type.Boolean(),
  created_at: Nullable('string'),
  started_at: Nullable('string'),
  finished_at: Nullable('string'),
  worker_id: Nullable('string'),
  payload: Type.Unknown(),
  result: Type.Optional(Type.Unknown()),
  error: Type.Optional(Failure),
})

const Created = Type.Object({
  job_id: TaskId,
  type: Type.String(),
  state: Type.Enum([...JOB_STATES]),
  status: Type.Enum([...JOB_STATES]),
})

export const JOB_ROUTES: readonly Route[] = [
  route({
    method: 'POST',
    path: '/jobs',
    role: 'submit',
    topic: 'jobs',
    about: 'a job, which is a task under another name; it is on disk when this answers',
    body: SubmitBody,
    answers: { 201: { about: 'created, or known by its key', schema: Created } },
    async handle(call) {
      const submission = submissionOf(call.body, call.serving.defaults, call.headers['idempotency-key'])
      const { id, state } = await submit(call, submission)
      const word = jobStateOf({ state, attempt: 0 })
      const body = { job_id: id, type: submission.type, state: word, status: word }
      return { status: 201, headers: { location: `/jobs/${id}` }, body }
    },
  }),

  route({
    method: 'GET',
    path: '/jobs/:job_id',
    role: 'read',
    topic: 'jobs',
    about: 'its state, attempts, times and error',
    params: JobParams,
    answers: { 200: { about: 'the job as it is', schema: Job } },
    handle: async (call) => ({ body: jobView(await find(call, call.params.job_id)) }),
  }),

  route({
    method: 'DELETE',
    path: '/jobs/:job_id',
    role: 'submit',
    topic: 'jobs',
    about: 'asks for its end: one that runs is told to stop, and is CANCELLED when its code has ended',
    params: JobParams,
    answers: { 202: { about: 'durable: no result of it counts from now on', schema: Job } },
    async handle(call) {
      const { serving, params } = call
      const [outcome] = await serving.link.ask((client) => client.cancel([params.job_id]))
      const { status } = known(outcome, params.job_id)
      const job = await find(call, params.job_id)
      if (status !== 'ended' || job.state === 'cancelled') return { status: 202, body: jobView(job) }
      throw new HttpRefusal(409, 'conflict', `job ${params.job_id} has ended before: it is ${jobStateOf(job)}`)
    },
  }),
]

/** A job that waits for its next attempt runs: it has begun, and nothing leads back to CREATED. Pure. */
export function jobStateOf({ state, attempt }: Pick<TaskField, 'state' | 'attempt'>): JobState {
  if (state === 'pending') return attempt === 0 ? 'CREATED' : 'RUNNING'
  return state.toUpperCase() as JobState
}

function jobView(task: TaskField): View {
  const { type, attempts, max_attempts, cancel_requested, created_at, started_at, ended_at, worker_id, error } =
    summaryView(task)
  const state = jobStateOf(task)
  return {
    ...{
      job_id: task.id,
      type,
      state,
      status: state,
      task_state: task.state,
      attempts,
      max_attempts,
      cancel_requested,
    },
    ...{ created_at, started_at, finished_at: ended_at, worker_id },
    ...payloadView(task.payload, task.encoding),
    result: taskView(task).result,
    error,
  }
}
