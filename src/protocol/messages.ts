// Every message on the wire: its shape, who may send it, its limits. PROTOCOL.md tells the same to people; a test holds
// the two together. Unknown fields are ignored and unknown types are answered `unsupported`: that is how versions mix.
import Type, { type Static, type TSchema } from 'typebox'
import { PRIORITY_MAX, PRIORITY_MIN, RETURN_REASONS, TASK_STATES } from '../task/task.js'

export const PROTOCOL_VERSION = 1
/** A line before authentication is at most so long, newline included. */
export const GREETING_BYTES_MAX = 4 * 1024
/** A line after authentication. */
export const LINE_BYTES_MAX = 8 * 1024 * 1024
/** Inline payload or result, in bytes of UTF-8. */
export const PAYLOAD_BYTES_MAX = 1024 * 1024
/** What may wait to be written to a peer that does not read; beyond it the connection is closed. */
export const WRITE_QUEUE_BYTES_MAX = 8 * 1024 * 1024
export const HANDSHAKE_MS_MAX = 2_000
/** Nesting of arrays and objects in a line. */
export const DEPTH_MAX = 64
/** Entries of a list in one message. */
export const LIST_MAX = 1_000

const Name = Type.String({ minLength: 1, maxLength: 128, pattern: '^[A-Za-z0-9][A-Za-z0-9._:@/-]*$' })
const Id = Type.String({ minLength: 1, maxLength: 64, pattern: '^[A-Za-z0-9._-]+$' })
const Incarnation = Type.String({ minLength: 1, maxLength: 192, pattern: '^[A-Za-z0-9][A-Za-z0-9._:@/#-]*$' })
const Hex = (bytes: number) => Type.String({ pattern: `^[0-9a-f]{${bytes * 2}}$` })
const Text = (maxLength: number) => Type.String({ maxLength })
const Count = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })
const Millis = Type.Integer({ minimum: 0, maximum: 100 * 366 * 24 * 3_600_000 })
/** Text that can be kept byte for byte: a lone surrogate has no UTF-8. */
const Data = Type.Refine(
  Type.String(),
  (text) =>
    (text.length * 3 <= PAYLOAD_BYTES_MAX || Buffer.byteLength(text) <= PAYLOAD_BYTES_MAX) && text.isWellFormed(),
  () => `must be well-formed and not longer than ${PAYLOAD_BYTES_MAX} bytes of UTF-8`,
)
const EncodingField = Type.Enum(['json', 'base64'])
const StateField = Type.Enum(TASK_STATES)
const list = <Item extends TSchema>(item: Item) => Type.Array(item, { maxItems: LIST_MAX })

// --- Before authentication -------------------------------------------------------------------------------------------

/** The accepting side speaks first. */
export const Greeting = Type.Object({
  dtr: Type.Literal(PROTOCOL_VERSION),
  role: Type.Enum(['worker', 'master']),
  cluster: Hex(8),
  incarnation: Incarnation,
  nonce: Hex(16),
})
export const Hello = Type.Object({
  type: Type.Literal('hello'),
  version: Count,
  role: Type.Enum(['master', 'worker', 'client']),
  cluster: Hex(8),
  incarnation: Incarnation,
  nonce: Hex(16),
  /** `ip:port` that was dialled; the acceptor compares it with its own. */
  dialled: Type.String({ maxLength: 64 }),
})
export const Proof = Type.Object({ type: Type.Literal('proof'), keyId: Name, proof: Hex(32) })
export const Refused = Type.Object({ type: Type.Literal('refused'), code: Name, message: Text(1_000) })

// --- Parts -----------------------------------------------------------------------------------------------------------

const ErrorField = Type.Object({
  code: Name,
  message: Text(4_000),
  stack: Type.Optional(Text(8_000)),
  exitCode: Type.Optional(Type.Integer()),
  signal: Type.Optional(Name),
})
const Lease = Type.Object({ id: Id, lease: Id })
const ServedTypeField = Type.Object({
  type: Name,
  timeoutMs: Type.Optional(Millis),
  maxAttempts: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000 })),
})
const ProcessField = Type.Object({ pid: Count, state: Name })

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

// --- Worker to master ------------------------------------------------------------------------------------------------

export const Register = Type.Object({
  type: Type.Literal('register'),
  name: Name,
  pid: Count,
  hostname: Text(255),
  /** Boot id and network namespace: the same pair on both sides means a refused port is proof of death. */
  machine: Text(255),
  /** `ip:port` where it listens. */
  address: Text(300),
  version: Text(64),
  slots: Type.Integer({ minimum: 1, maximum: 10_000 }),
  queues: list(Name),
  types: list(ServedTypeField),
  hosts: list(ProcessField),
  /** What it holds: attempts that run and results that were not recorded yet. */
  leases: Type.Array(Lease, { maxItems: 20_000 }),
  draining: Type.Boolean(),
})
export const Beat = Type.Object({
  type: Type.Literal('beat'),
  n: Count,
  /** The last `assign.seq` that it has seen: proves the path that work takes. */
  seen: Count,
  running: Count,
  hosts: list(ProcessField),
  /** It cannot take work now: its host is silent or starting. */
  ailing: Type.Optional(Type.Boolean()),
})
export const Started = Type.Object({ type: Type.Literal('started'), list: list(Lease) })
export const Settlement = Type.Union([
  Type.Object({
    id: Id,
    lease: Id,
    outcome: Type.Literal('completed'),
    result: Data,
    encoding: Type.Optional(EncodingField),
  }),
  Type.Object({ id: Id, lease: Id, outcome: Type.Literal('failed'), error: ErrorField, final: Type.Boolean() }),
  Type.Object({
    id: Id,
    lease: Id,
    outcome: Type.Literal('returned'),
    reason: Type.Enum(RETURN_REASONS),
    started: Type.Boolean(),
    suspect: Type.Optional(Type.Boolean()),
    error: Type.Optional(ErrorField),
  }),
  Type.Object({ id: Id, lease: Id, outcome: Type.Literal('lost'), started: Type.Boolean(), error: ErrorField }),
  Type.Object({ id: Id, lease: Id, outcome: Type.Literal('cancelled') }),
])
export const Results = Type.Object({ type: Type.Literal('results'), list: list(Settlement) })
/** It takes no more work from now on, and leaves when what it has is done. */
export const Draining = Type.Object({ type: Type.Literal('draining') })
/** It corrects what it said at registration: the types that it serves. */
export const Serves = Type.Object({ type: Type.Literal('serves'), types: list(ServedTypeField) })

// --- Master to worker ------------------------------------------------------------------------------------------------

export const Welcome = Type.Object({
  type: Type.Literal('welcome'),
  master: Incarnation,
  heartbeatMs: Millis,
  suspectMs: Millis,
  leaseMs: Millis,
  /** The worker's code is dead so long after it sent the last beat that was confirmed. */
  codeDeadMs: Millis,
  /** Leases of the registration that are not its own any more. */
  stale: Type.Array(Lease, { maxItems: 20_000 }),
})
/** Answers a beat. With many masters `durable` says which beat is on disk; here it equals `n`. */
export const Heard = Type.Object({ type: Type.Literal('heard'), n: Count, durable: Count })
export const Assignment = Type.Object({
  id: Id,
  lease: Id,
  queue: Name,
  type: Name,
  payload: Data,
  encoding: EncodingField,
  attempt: Type.Integer({ minimum: 1 }),
  maxAttempts: Type.Integer({ minimum: 1 }),
  timeoutMs: Type.Optional(Millis),
  suspect: Type.Optional(Type.Boolean()),
  meta: Type.Optional(Text(16_384)),
})
export const Assign = Type.Object({ type: Type.Literal('assign'), seq: Count, list: list(Assignment) })
export const Recorded = Type.Object({
  type: Type.Literal('recorded'),
  list: list(Type.Object({ lease: Id, status: Type.Enum(['recorded', 'stale']) })),
})
export const Cancel = Type.Object({
  type: Type.Literal('cancel'),
  list: list(Type.Object({ id: Id, lease: Id, reason: Type.Enum(['cancelled', 'stale']) })),
})
/** The cluster stops: finish within `graceMs`, hand the rest back, leave. */
export const Drain = Type.Object({ type: Type.Literal('drain'), graceMs: Millis })

// --- Client to master (each carries `re`, which its answer repeats) -----------------------------------------------------

const Re = Count
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
export const Status = Type.Object({ type: Type.Literal('status'), re: Re })
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
export const TaskField = Type.Object({
  id: Id,
  queue: Name,
  type: Name,
  state: StateField,
  payload: Data,
  encoding: EncodingField,
  priority: Type.Integer(),
  createdAt: Millis,
  runAt: Millis,
  expiresAt: Type.Optional(Millis),
  attempt: Count,
  uncharged: Count,
  maxAttempts: Type.Optional(Count),
  timeoutMs: Type.Optional(Millis),
  suspect: Type.Boolean(),
  cancelRequested: Type.Boolean(),
  lease: Type.Optional(Id),
  holder: Type.Optional(Text(192)),
  grantedAt: Type.Optional(Millis),
  endedAt: Type.Optional(Millis),
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
export const Stopping = Type.Object({ type: Type.Literal('stopping'), re: Re })
/** A request that failed as a whole. */
export const Failure = Type.Object({
  type: Type.Literal('error'),
  re: Type.Optional(Re),
  code: Name,
  message: Text(4_000),
  retryAfterMs: Type.Optional(Millis),
})
/** Answers a message type that is not known here. */
export const Unsupported = Type.Object({ type: Type.Literal('unsupported'), what: Text(128), re: Type.Optional(Re) })

// --- Who may send what -------------------------------------------------------------------------------------------------

export const WORKER_MESSAGES = {
  register: Register,
  beat: Beat,
  started: Started,
  results: Results,
  draining: Draining,
  serves: Serves,
  refused: Refused,
  unsupported: Unsupported,
}
export const CLIENT_MESSAGES = {
  submit: Submit,
  get: Get,
  watch: Watch,
  'cancel-tasks': CancelTasks,
  status: Status,
  stop: Stop,
  unsupported: Unsupported,
}
export const MASTER_TO_WORKER_MESSAGES = {
  welcome: Welcome,
  heard: Heard,
  assign: Assign,
  recorded: Recorded,
  cancel: Cancel,
  drain: Drain,
  refused: Refused,
  unsupported: Unsupported,
}
export const MASTER_TO_CLIENT_MESSAGES = {
  accepted: Accepted,
  tasks: Tasks,
  watching: Watching,
  ended: Ended,
  'cancelled-tasks': CancelledTasks,
  'status-report': StatusReport,
  stopping: Stopping,
  error: Failure,
  refused: Refused,
  unsupported: Unsupported,
}

type MessageOf<Table extends Record<string, TSchema>> = { [Key in keyof Table]: Static<Table[Key]> }[keyof Table]
export type WorkerMessage = MessageOf<typeof WORKER_MESSAGES>
export type ClientMessage = MessageOf<typeof CLIENT_MESSAGES>
export type MasterToWorker = MessageOf<typeof MASTER_TO_WORKER_MESSAGES>
export type MasterToClient = MessageOf<typeof MASTER_TO_CLIENT_MESSAGES>
export type Message = WorkerMessage | ClientMessage | MasterToWorker | MasterToClient
export type Greeting = Static<typeof Greeting>
export type Hello = Static<typeof Hello>
export type Proof = Static<typeof Proof>
export type Refused = Static<typeof Refused>
export type Unsupported = Static<typeof Unsupported>
export type SubmittedTask = Static<typeof SubmittedTask>
export type Assignment = Static<typeof Assignment>
export type Settlement = Static<typeof Settlement>
export type Register = Static<typeof Register>
export type Welcome = Static<typeof Welcome>
export type TaskField = Static<typeof TaskField>
export type WorkerField = Static<typeof WorkerField>
export type StatusReport = Static<typeof StatusReport>
export type ErrorField = Static<typeof ErrorField>
/** The set of messages that a side accepts after the handshake, by name. */
export type MessageTable = Readonly<Record<string, TSchema>>
