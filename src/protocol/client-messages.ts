// What clients ask of a master, and what it answers.
import Type, { type Static } from 'typebox'
import { COMPARISONS } from '../task/ballot.js'
import { LOG_BYTES_MAX } from '../task/log-tail.js'
import { AUTO, REPLICAS_MAX } from '../task/quorum.js'
import { PRIORITY_MAX, PRIORITY_MIN } from '../task/task.js'
import {
  CheckpointData,
  Count,
  Data,
  EncodingField,
  ErrorField,
  Id,
  Incarnation,
  LogField,
  list,
  Millis,
  Name,
  PROGRESS,
  ProcessField,
  Re,
  Refused,
  StateField,
  Text,
  Unsupported,
} from './fields.js'
import { CheckKey, CreateKey, KeyChecked, KeyCreated, KeyRevoked, Keys, ListKeys, RevokeKey } from './key-messages.js'
import { META_CHARS_MAX } from './limits.js'
import {
  PullBeat,
  PullCheckpoint,
  PullCheckpointed,
  PullClaim,
  PullClaimed,
  PullHeard,
  PullRegister,
  PullRegistered,
  PullRequeue,
  PullRequeued,
  PullSettle,
  PullSettled,
  PullWorkerField,
} from './pull-messages.js'
import { AskLeaderboard, LeaderboardReport, Pardon, Pardoned } from './reputation-messages.js'

// --- Client to master (each carries `re`, which its answer repeats) --------------------------------------------------

const Replicas = Type.Integer({ minimum: 1, maximum: REPLICAS_MAX })
export const VoteField = Type.Object({
  /** "auto": one, and others where its vote alone is not enough. */
  replicas: Type.Optional(Type.Union([Replicas, Type.Literal(AUTO)])),
  quorum: Type.Optional(Replicas),
  maxReplicas: Type.Optional(Replicas),
  compare: Type.Optional(Type.Enum([...COMPARISONS])),
  /** A JSON Pointer. */
  on: Type.Optional(Text(1_000)),
  tolerance: Type.Optional(Type.Number({ minimum: 0 })),
  all: Type.Optional(Type.Boolean()),
  spread: Type.Optional(Type.Enum(['host'])),
})
export const PollField = Type.Object({
  /** With all that was not said. */
  rule: VoteField,
  /** Of "auto": one vote alone was not enough. */
  checked: Type.Optional(Type.Boolean()),
  /** Each a task, by number. */
  replicas: Type.Array(
    Type.Object({
      id: Id,
      n: Count,
      /** `void`: it has ended without a vote that counts. */
      state: Type.Enum(['open', 'cast', 'void']),
      voter: Type.Optional(Name),
      /** What that one says that it thinks with. */
      model: Type.Optional(Text(256)),
      /** What it voted for, or `sha256:` and its hash where that is long. */
      ballot: Type.Optional(Text(300)),
      /** Whether that is what was agreed on. */
      agreed: Type.Optional(Type.Boolean()),
    }),
  ),
})
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
  deadlineMs: Type.Optional(Type.Integer({ minimum: 1, maximum: 100 * 366 * 24 * 3_600_000 })),
  description: Type.Optional(Text(1_000)),
  meta: Type.Optional(Text(META_CHARS_MAX)),
  /** It is done by several workers, and they vote (`dtr` fills in what is not said). */
  vote: Type.Optional(VoteField),
  /** This client is not to be told of its end. */
  untold: Type.Optional(Type.Boolean()),
})

export const Submit = Type.Object({
  type: Type.Literal('submit'),
  re: Re,
  list: list(SubmittedTask),
  /** It understands `ids` of `accepted`. */
  brief: Type.Optional(Type.Boolean()),
})
export const Get = Type.Object({
  type: Type.Literal('get'),
  re: Re,
  ids: Type.Array(Id, { maxItems: 500 }),
  story: Type.Optional(Type.Boolean()),
})
/** Tell this session when these end; those that have ended are told at once. */
export const Watch = Type.Object({
  type: Type.Literal('watch'),
  re: Re,
  ids: Type.Array(Id, { maxItems: 500 }),
  /** Their states, progress and logs as well, by `seen`. */
  live: Type.Optional(Type.Boolean()),
})
/** Ends what `watch` with `live` began. */
export const Unwatch = Type.Object({ type: Type.Literal('unwatch'), re: Re, ids: Type.Array(Id, { maxItems: 500 }) })
/** What a task has said, as far as it is kept. */
export const Logs = Type.Object({ type: Type.Literal('logs'), re: Re, id: Id, after: Type.Optional(Count) })
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
/** What the master has counted since it started. */
export const Metrics = Type.Object({ type: Type.Literal('metrics'), re: Re })
/** What has gone on in the whole cluster since `next` of the answer before. */
export const AskFeed = Type.Object({
  type: Type.Literal('feed'),
  re: Re,
  master: Type.Optional(Incarnation),
  after: Type.Optional(Count),
})
/** Asks one worker to load its task modules anew. */
export const ReloadWorker = Type.Object({ type: Type.Literal('reload-worker'), re: Re, worker: Incarnation })

/** Forgets all tasks that have ended, whatever is kept otherwise. */
export const ForgetEnded = Type.Object({ type: Type.Literal('forget-ended'), re: Re })
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
  /** Of a `brief` submit: those that are accepted, in its order. `list` has the others. */
  ids: Type.Optional(list(Id)),
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
  deadlineAt: Type.Optional(Millis),
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
  /** Of a task that a worker has pulled, as the master's wall clock is now. */
  leaseUntil: Type.Optional(Millis),
  grantedAt: Type.Optional(Millis),
  endedAt: Type.Optional(Millis),
}
export const ProgressField = Type.Object({
  percent: Type.Number({ minimum: 0, maximum: 100 }),
  message: Type.Optional(Text(500)),
})
export const SeenField = Type.Object({
  id: Id,
  attempt: Count,
  state: Type.Optional(StateField),
  worker: Type.Optional(Name),
  error: Type.Optional(ErrorField),
  runAt: Type.Optional(Millis),
  ...PROGRESS,
  log: Type.Optional(LogField),
})
export const KeptLogField = Type.Object({
  n: Count,
  attempt: Count,
  lease: Text(64),
  endedAt: Millis,
  at: Count,
  text: Text(LOG_BYTES_MAX),
})
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
  meta: Type.Optional(Text(META_CHARS_MAX)),
  story: Type.Optional(Type.Array(AttemptField)),
  progress: Type.Optional(ProgressField),
  checkpoint: Type.Optional(CheckpointData),
  /** With the story, of a task that is voted on. */
  poll: Type.Optional(PollField),
})
/** Answers `get`: as many as fit into a line, in the order asked for; `more` says that the client should ask for the rest. */
export const Tasks = Type.Object({
  type: Type.Literal('tasks'),
  re: Re,
  list: Type.Array(TaskField),
  more: Type.Boolean(),
})
export const Watching = Type.Object({ type: Type.Literal('watching'), re: Re, unknown: list(Id) })
/** What watched tasks do. Sent without being asked; of a client that does not read fast enough parts are left out. */
export const Seen = Type.Object({ type: Type.Literal('seen'), list: list(SeenField) })
/** Answers `logs`: an attempt each, in the order in which they ended. */
export const TaskLogs = Type.Object({
  type: Type.Literal('task-logs'),
  re: Re,
  list: Type.Array(KeptLogField),
  more: Type.Boolean(),
})
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
  /** Of its own process, as it said last; its hosts have theirs. */
  memoryBytes: Type.Optional(Count),
  model: Type.Optional(Text(256)),
  /** Why it is given nothing more. */
  quarantined: Type.Optional(Text(200)),
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
  /** Workers that pull, those first that were heard last; not all of them where they are very many. */
  pullWorkers: Type.Optional(Type.Array(PullWorkerField)),
  counts: Type.Array(Type.Object({ queue: Name, type: Name, state: StateField, count: Count })),
  /** Types with pending tasks that no worker serves. */
  unserved: list(Name),
  /** Settlements that were refused as stale since this master started (P5). */
  stale: Count,
})
const Durations = Type.Object({
  /** One more than there are bounds: the last is of what took longer. Not added up. */
  counts: Type.Array(Count),
  sumMs: Count,
})
/** Answers `metrics`: all since this master started, and nothing of single tasks or workers. */
export const MetricsReport = Type.Object({
  type: Type.Literal('metrics-report'),
  re: Re,
  boundsMs: Type.Array(Type.Number()),
  /** From when a task might run to its grant. */
  wait: Durations,
  /** From the beginning of its code to its result. */
  run: Durations,
  /** Of a batch, until it is on disk. */
  commit: Durations,
  submitted: Count,
  ended: Type.Object({ completed: Count, failed: Count, cancelled: Count }),
  attempts: Type.Object({ completed: Count, failed: Count, lost: Count, cancelled: Count, returned: Count }),
  /** Attempts that did not succeed, and have another behind them. */
  retries: Count,
  stale: Count,
  workersLost: Count,
})
/** Since this master is asked; nothing counts while nobody asks. */
export const FeedCounts = Type.Object({
  submitted: Count,
  granted: Count,
  completed: Count,
  failed: Count,
  retried: Count,
  cancelled: Count,
  returned: Count,
  lost: Count,
})
export const FEED_OUTCOMES = ['completed', 'failed', 'retried', 'cancelled', 'returned', 'lost'] as const
/** That an attempt began, or how it ended. */
export const FeedEntry = Type.Object({
  n: Count,
  at: Millis,
  what: Type.Enum(['began', ...FEED_OUTCOMES]),
  task: Text(64),
  lease: Text(64),
  worker: Text(192),
  taskType: Type.Optional(Name),
  attempt: Type.Optional(Count),
  waitedMs: Type.Optional(Millis),
  code: Type.Optional(Name),
  message: Type.Optional(Text(200)),
  runAt: Type.Optional(Millis),
})
/** Answers `feed`. Behind a gap, or at first, what runs is to be asked with `list`. */
export const Fed = Type.Object({
  type: Type.Literal('fed'),
  re: Re,
  master: Incarnation,
  /** Its wall clock. */
  at: Millis,
  next: Count,
  gap: Type.Boolean(),
  counts: FeedCounts,
  list: list(FeedEntry),
})
export const WorkerReloaded = Type.Object({
  type: Type.Literal('worker-reloaded'),
  re: Re,
  /** `refused`: it cannot load them, and goes on with the old code. `gone`: it leaves, or was lost. */
  status: Type.Enum(['reloaded', 'refused', 'gone', 'unsupported']),
  problem: Type.Optional(Text(4_000)),
})
/** None of them is left. */
export const ForgotEnded = Type.Object({ type: Type.Literal('forgot-ended'), re: Re, count: Count })
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
  unwatch: Unwatch,
  logs: Logs,
  'cancel-tasks': CancelTasks,
  list: List,
  failures: Failures,
  'retry-tasks': RetryTasks,
  status: Status,
  metrics: Metrics,
  feed: AskFeed,
  'reload-worker': ReloadWorker,
  'pull-register': PullRegister,
  'pull-beat': PullBeat,
  'pull-claim': PullClaim,
  'pull-settle': PullSettle,
  'pull-checkpoint': PullCheckpoint,
  'pull-requeue': PullRequeue,
  'create-key': CreateKey,
  'list-keys': ListKeys,
  'revoke-key': RevokeKey,
  'check-key': CheckKey,
  leaderboard: AskLeaderboard,
  pardon: Pardon,
  'forget-ended': ForgetEnded,
  stop: Stop,
  unsupported: Unsupported,
}
export const MASTER_TO_CLIENT_MESSAGES = {
  accepted: Accepted,
  tasks: Tasks,
  watching: Watching,
  seen: Seen,
  'task-logs': TaskLogs,
  ended: Ended,
  'cancelled-tasks': CancelledTasks,
  page: Page,
  'failure-groups': FailureGroups,
  'retried-tasks': RetriedTasks,
  'status-report': StatusReport,
  'metrics-report': MetricsReport,
  fed: Fed,
  'worker-reloaded': WorkerReloaded,
  'pull-registered': PullRegistered,
  'pull-heard': PullHeard,
  'pull-claimed': PullClaimed,
  'pull-settled': PullSettled,
  'pull-checkpointed': PullCheckpointed,
  'pull-requeued': PullRequeued,
  'key-created': KeyCreated,
  keys: Keys,
  'key-revoked': KeyRevoked,
  'key-checked': KeyChecked,
  'leaderboard-report': LeaderboardReport,
  pardoned: Pardoned,
  'forgot-ended': ForgotEnded,
  stopping: Stopping,
  error: Failure,
  refused: Refused,
  unsupported: Unsupported,
}

export type SubmittedTask = Static<typeof SubmittedTask>
export type TaskField = Static<typeof TaskField>
export type TaskFilterField = Static<typeof TaskFilterField>
export type SummaryField = Static<typeof SummaryField>
export type SeenField = Static<typeof SeenField>
export type KeptLogField = Static<typeof KeptLogField>
export type ProgressField = Static<typeof ProgressField>
export type FailureField = Static<typeof FailureField>
export type WorkerField = Static<typeof WorkerField>
export type StatusReport = Static<typeof StatusReport>
export type MetricsReport = Static<typeof MetricsReport>
export type FeedCounts = Static<typeof FeedCounts>
export type FeedEntry = Static<typeof FeedEntry>
export type FeedOutcome = (typeof FEED_OUTCOMES)[number]
export type Fed = Static<typeof Fed>
