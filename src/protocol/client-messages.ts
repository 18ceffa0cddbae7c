// What clients ask of a master, and what it answers.
import Type, { type Static } from 'typebox'
import { PRIORITY_MAX, PRIORITY_MIN } from '../task/task.js'
import {
  Count,
  Data,
  EncodingField,
  ErrorField,
  Id,
  Incarnation,
  list,
  Millis,
  Name,
  ProcessField,
  Re,
  Refused,
  StateField,
  Text,
  Unsupported,
} from './fields.js'

// --- Client to master (each carries `re`, which its answer repeats) --------------------------------------------------

export const SubmittedTask = Type.Object({
  id: Type.String({ pattern: '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$' }),
  queue: Type.Optional(Name),
  type: Name,
  payload: Data,
  encoding: Type.Optional(EncodingField),
  priority: Type.Optional(Type.Integer({ minimum: PRIORITY_MIN, maximum: PRIORITY_MAX })),
  delayMs: Type.Optional(Millis),
  maxAttempts: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000 })),
  timeoutMs: Type.Optional(Type.Integer({ minimum: 1, maximum: 2 ** 31 - 1 })),
  expiresMs: Type.Optional(Type.Integer({ minimum: 1, maximum: 100 * 366 * 24 * 3_600_000 })),
  description: Type.Optional(Text(1_000)),
  meta: Type.Optional(Text(16_384)),
})

export const Submit = Type.Object({ type: Type.Literal('submit'), re: Re, list: list(SubmittedTask) })
export const Get = Type.Object({
  type: Type.Literal('get'),
  re: Re,
  ids: Type.Array(Id, { maxItems: 500 }),
  story: Type.Optional(Type.Boolean()),
})
/** Tell this session when these end; those that have ended are told at once. */
export const Watch = Type.Object({ type: Type.Literal('watch'), re: Re, ids: Type.Array(Id, { maxItems: 500 }) })
export const CancelTasks = Type.Object({ type: Type.Literal('cancel-tasks'), re: Re, ids: list(Id) })
export const TaskFilterField = Type.Object({
  states: Type.Optional(Type.Array(StateField, { maxItems: 5 })),
  types: Type.Optional(Type.Array(Name, { maxItems: 100 })),
  queues: Type.Optional(Type.Array(Name, { maxItems: 100 })),
  createdSince: Type.Optional(Millis),
  createdBefore: Type.Optional(Millis),
  endedSince: Type.Optional(Millis),
  endedBefore: Type.Optional(Millis),
  failure: Type.Optional(Name),
})
/** A page of tasks without their data. */
export const List = Type.Object({
  type: Type.Literal('list'),
  re: Re,
  filter: TaskFilterField,
  limit: Type.Integer({ minimum: 1, maximum: 500 }),
  cursor: Type.Optional(Id),
})
/** Failed tasks by what ended them. */
export const Failures = Type.Object({
  type: Type.Literal('failures'),
  re: Re,
  filter: TaskFilterField,
  cursor: Type.Optional(Id),
})
/** A person wants them to run again. Not to be repeated after a loss: each time is one more start of their code. */
export const RetryTasks = Type.Object({ type: Type.Literal('retry-tasks'), re: Re, ids: list(Id) })
export const Status = Type.Object({ type: Type.Literal('status'), re: Re })
/** Asks one worker to load its task modules anew. */
export const ReloadWorker = Type.Object({ type: Type.Literal('reload-worker'), re: Re, worker: Incarnation })
export const Stop = Type.Object({ type: Type.Literal('stop'), re: Re, graceMs: Type.Optional(Millis) })

// --- Master to client ------------------------------------------------------------------------------------------------

export const Accepted = Type.Object({
  type: Type.Literal('accepted'),
  re: Re,
  list: list(
    Type.Object({
      id: Id,
      status: Type.Enum(['accepted', 'existing', 'conflict', 'busy']),
      state: Type.Optional(StateField),
      retryAfterMs: Type.Optional(Millis),
    }),
  ),
  /** Types of this message that no worker serves at the moment: the tasks wait (P12). */
  unserved: list(Name),
})
const AttemptField = Type.Object({
  attempt: Count,
  lease: Text(64),
  holder: Text(192),
  grantedAt: Millis,
  endedAt: Millis,
  outcome: Name,
  charged: Type.Boolean(),
  error: Type.Optional(ErrorField),
})
/** What is said of a task whether or not it comes with what it carries: its place in line, and who has it. */
const PLACE = {
  priority: Type.Integer(),
  createdAt: Millis,
  runAt: Millis,
  expiresAt: Type.Optional(Millis),
  attempt: Count,
  uncharged: Count,
}
const HOLDING = {
  maxAttempts: Type.Optional(Count),
  timeoutMs: Type.Optional(Millis),
  suspect: Type.Boolean(),
  cancelRequested: Type.Boolean(),
  lease: Type.Optional(Id),
  holder: Type.Optional(Text(192)),
  grantedAt: Type.Optional(Millis),
  endedAt: Type.Optional(Millis),
}
export const TaskField = Type.Object({
  id: Id,
  queue: Name,
  type: Name,
  state: StateField,
  payload: Data,
  encoding: EncodingField,
  ...PLACE,
  forgiven: Type.Optional(Count),
  ...HOLDING,
  result: Type.Optional(Data),
  resultEncoding: Type.Optional(EncodingField),
  error: Type.Optional(ErrorField),
  description: Type.Optional(Text(1_000)),
  meta: Type.Optional(Text(16_384)),
  story: Type.Optional(Type.Array(AttemptField)),
})
/** Answers `get`: as many as fit into a line, in the order asked for; `more` says that the client should ask for the rest. */
export const Tasks = Type.Object({
  type: Type.Literal('tasks'),
  re: Re,
  list: Type.Array(TaskField),
  more: Type.Boolean(),
})
export const Watching = Type.Object({ type: Type.Literal('watching'), re: Re, unknown: list(Id) })
/** Tasks that ended: those that this client submitted, and those that it watches. Sent without being asked. */
export const Ended = Type.Object({
  type: Type.Literal('ended'),
  list: list(
    Type.Object({
      id: Id,
      state: StateField,
      result: Type.Optional(Data),
      encoding: Type.Optional(EncodingField),
      error: Type.Optional(ErrorField),
    }),
  ),
})
export const CancelledTasks = Type.Object({
  type: Type.Literal('cancelled-tasks'),
  re: Re,
  list: list(
    Type.Object({
      id: Id,
      status: Type.Enum(['cancelled', 'cancelling', 'ended', 'unknown']),
      state: Type.Optional(StateField),
    }),
  ),
})
const SHORT_ERROR = Type.Object({
  code: Name,
  message: Text(500),
  exitCode: Type.Optional(Type.Integer()),
  signal: Type.Optional(Name),
})
/** A task without what it carries. */
export const SummaryField = Type.Object({
  id: Id,
  queue: Name,
  type: Name,
  state: StateField,
  ...PLACE,
  forgiven: Count,
  ...HOLDING,
  error: Type.Optional(SHORT_ERROR),
  description: Type.Optional(Text(1_000)),
})
/** Answers `list`, the newest submission first. It may hold few tasks, or none, and yet have a `next`. */
export const Page = Type.Object({
  type: Type.Literal('page'),
  re: Re,
  list: Type.Array(SummaryField, { maxItems: 500 }),
  next: Type.Optional(Id),
})
export const FailureField = Type.Object({
  key: Name,
  type: Name,
  code: Text(128),
  message: Text(500),
  count: Count,
  firstAt: Millis,
  lastAt: Millis,
  examples: Type.Array(Id, { maxItems: 3 }),
})
/** Answers `failures`: of the tasks that one call looks at; groups of several answers are joined by `key`. */
export const FailureGroups = Type.Object({
  type: Type.Literal('failure-groups'),
  re: Re,
  list: list(FailureField),
  next: Type.Optional(Id),
})
export const RetriedTasks = Type.Object({
  type: Type.Literal('retried-tasks'),
  re: Re,
  list: list(
    Type.Object({
      id: Id,
      status: Type.Enum(['retried', 'kept', 'busy', 'unknown']),
      state: Type.Optional(StateField),
    }),
  ),
})
export const WorkerField = Type.Object({
  name: Name,
  incarnation: Incarnation,
  state: Type.Enum(['ready', 'suspect', 'draining', 'lost']),
  pid: Count,
  hosts: list(ProcessField),
  hostname: Text(255),
  address: Text(300),
  version: Text(64),
  slots: Count,
  running: Count,
  types: list(Name),
  completed: Count,
  failed: Count,
  heardMsAgo: Millis,
})
export const StatusReport = Type.Object({
  type: Type.Literal('status-report'),
  re: Re,
  master: Type.Object({
    incarnation: Incarnation,
    pid: Count,
    address: Text(300),
    version: Text(64),
    upMs: Millis,
    state: Name,
  }),
  workers: Type.Array(WorkerField),
  counts: Type.Array(Type.Object({ queue: Name, type: Name, state: StateField, count: Count })),
  /** Types with pending tasks that no worker serves. */
  unserved: list(Name),
  /** Settlements that were refused as stale since this master started (P5). */
  stale: Count,
})
export const WorkerReloaded = Type.Object({
  type: Type.Literal('worker-reloaded'),
  re: Re,
  /** `refused`: it cannot load them, and goes on with the old code. `gone`: it leaves, or was lost. */
  status: Type.Enum(['reloaded', 'refused', 'gone', 'unsupported']),
  problem: Type.Optional(Text(4_000)),
})
export const Stopping = Type.Object({ type: Type.Literal('stopping'), re: Re })
/** A request that failed as a whole. */
export const Failure = Type.Object({
  type: Type.Literal('error'),
  re: Type.Optional(Re),
  code: Name,
  message: Text(4_000),
  retryAfterMs: Type.Optional(Millis),
})

// --- Who may send what -----------------------------------------------------------------------------------------------

export const CLIENT_MESSAGES = {
  submit: Submit,
  get: Get,
  watch: Watch,
  'cancel-tasks': CancelTasks,
  list: List,
  failures: Failures,
  'retry-tasks': RetryTasks,
  status: Status,
  'reload-worker': ReloadWorker,
  stop: Stop,
  unsupported: Unsupported,
}
export const MASTER_TO_CLIENT_MESSAGES = {
  accepted: Accepted,
  tasks: Tasks,
  watching: Watching,
  ended: Ended,
  'cancelled-tasks': CancelledTasks,
  page: Page,
  'failure-groups': FailureGroups,
  'retried-tasks': RetriedTasks,
  'status-report': StatusReport,
  'worker-reloaded': WorkerReloaded,
  stopping: Stopping,
  error: Failure,
  refused: Refused,
  unsupported: Unsupported,
}

export type SubmittedTask = Static<typeof SubmittedTask>
export type TaskField = Static<typeof TaskField>
export type TaskFilterField = Static<typeof TaskFilterField>
export type SummaryField = Static<typeof SummaryField>
export type FailureField = Static<typeof FailureField>
export type WorkerField = Static<typeof WorkerField>
export type StatusReport = Static<typeof StatusReport>
