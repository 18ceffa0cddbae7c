// What workers and masters say to each other after the handshake.
import Type, { type Static } from 'typebox'
import { RETURN_REASONS } from '../task/task.js'
import {
  BallotData,
  CheckpointData,
  Count,
  Data,
  EncodingField,
  ErrorField,
  Hex,
  Id,
  Incarnation,
  Lease,
  LogField,
  list,
  Millis,
  Name,
  PROGRESS,
  ProcessField,
  Refused,
  ServedTypeField,
  Text,
  Unsupported,
} from './fields.js'
import { META_CHARS_MAX } from './limits.js'

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
  /** Its how many-th registration this is in its life: one that comes late, by an older connection, does not count. */
  n: Type.Optional(Count),
  /** Random, the same for all its life, and told to its master alone: no other worker can claim to be it. */
  token: Type.Optional(Hex(16)),
  /** It understands `follow`. */
  follows: Type.Optional(Type.Boolean()),
  /** What its tasks think with: a record of its own. */
  model: Type.Optional(Text(256)),
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
  /** Of its own process; its hosts have theirs. */
  memoryBytes: Type.Optional(Count),
})
export const Started = Type.Object({ type: Type.Literal('started'), list: list(Lease) })
export const Settlement = Type.Union([
  Type.Object({
    id: Id,
    lease: Id,
    outcome: Type.Literal('completed'),
    result: Data,
    encoding: Type.Optional(EncodingField),
    /** JSON: what it votes for, where its assignment asked for that. */
    ballot: Type.Optional(BallotData),
    log: Type.Optional(LogField),
  }),
  Type.Object({
    id: Id,
    lease: Id,
    outcome: Type.Literal('failed'),
    error: ErrorField,
    final: Type.Boolean(),
    log: Type.Optional(LogField),
  }),
  Type.Object({
    id: Id,
    lease: Id,
    outcome: Type.Literal('returned'),
    reason: Type.Enum(RETURN_REASONS),
    started: Type.Boolean(),
    suspect: Type.Optional(Type.Boolean()),
    /** It is not to run again before. */
    waitMs: Type.Optional(Millis),
    error: Type.Optional(ErrorField),
    log: Type.Optional(LogField),
  }),
  Type.Object({
    id: Id,
    lease: Id,
    outcome: Type.Literal('lost'),
    started: Type.Boolean(),
    error: ErrorField,
    log: Type.Optional(LogField),
  }),
  Type.Object({ id: Id, lease: Id, outcome: Type.Literal('cancelled'), log: Type.Optional(LogField) }),
])
export const Results = Type.Object({
  type: Type.Literal('results'),
  list: list(Settlement),
  /** From now on it takes so many more than its slots run; missing, none. */
  ahead: Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000 })),
})
/** How far an attempt is, and what it says. Of its log only what is watched travels before the end (`follow`). */
export const TaskReport = Type.Object({ id: Id, lease: Id, ...PROGRESS, log: Type.Optional(LogField) })
export const Progress = Type.Object({ type: Type.Literal('progress'), list: list(TaskReport) })
/** How far attempts have come, for the next attempt to go on from there. It sends the next `n` of one when this one is answered. */
export const Checkpoints = Type.Object({
  type: Type.Literal('checkpoints'),
  list: list(Type.Object({ id: Id, lease: Id, n: Count, value: CheckpointData })),
})
/**
 * One of its hosts died by itself, or was killed by somebody. `list`: the code of these ended with it; whose fault that was
 * the worker says in `results`, later.
 */
export const HostDied = Type.Object({ type: Type.Literal('host-died'), list: list(Lease) })
/** It takes no more work from now on, and leaves when what it has is done. */
export const Draining = Type.Object({ type: Type.Literal('draining') })
/** It corrects what it said at registration: the types that it serves. */
export const Serves = Type.Object({ type: Type.Literal('serves'), types: list(ServedTypeField) })
/** Answers `reload`: new work meets the new code, or `problem` says why it goes on with the old one. */
export const Reloaded = Type.Object({
  type: Type.Literal('reloaded'),
  re: Count,
  problem: Type.Optional(Text(4_000)),
})

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
  /** What is left until the deadline of the task. */
  deadlineMs: Type.Optional(Millis),
  suspect: Type.Optional(Type.Boolean()),
  meta: Type.Optional(Text(META_CHARS_MAX)),
  /** The last that an attempt before this one kept. */
  checkpoint: Type.Optional(CheckpointData),
  /** It is voted on by what its code says: the result is to come with a `ballot`. */
  ballot: Type.Optional(Type.Boolean()),
})
export const Assign = Type.Object({ type: Type.Literal('assign'), seq: Count, list: list(Assignment) })
export const Recorded = Type.Object({
  type: Type.Literal('recorded'),
  list: list(Type.Object({ lease: Id, status: Type.Enum(['recorded', 'stale']) })),
})
/** `recorded`: it is on disk. `busy`: it is not, send it again in a while. */
export const Checkpointed = Type.Object({
  type: Type.Literal('checkpointed'),
  list: list(Type.Object({ lease: Id, n: Count, status: Type.Enum(['recorded', 'stale', 'busy']) })),
})
export const Cancel = Type.Object({
  type: Type.Literal('cancel'),
  list: list(Type.Object({ id: Id, lease: Id, reason: Type.Enum(['cancelled', 'stale']) })),
})
/** Somebody watches these attempts, or nobody does any more. Answered by `progress` with all of the log that is kept. */
export const Follow = Type.Object({
  type: Type.Literal('follow'),
  list: list(Type.Object({ id: Id, lease: Id, on: Type.Boolean() })),
})
/** The cluster stops: finish within `graceMs`, hand the rest back, leave. */
export const Drain = Type.Object({ type: Type.Literal('drain'), graceMs: Millis })
/** On the same machine a host died, or a worker may have. */
export const DiedBeside = Type.Object({ type: Type.Literal('died-beside') })
/** Load the task modules anew, without ending what runs. */
export const Reload = Type.Object({ type: Type.Literal('reload'), re: Count })

// --- Who may send what -----------------------------------------------------------------------------------------------

export const WORKER_MESSAGES = {
  register: Register,
  beat: Beat,
  started: Started,
  results: Results,
  progress: Progress,
  checkpoints: Checkpoints,
  'host-died': HostDied,
  draining: Draining,
  serves: Serves,
  reloaded: Reloaded,
  refused: Refused,
  unsupported: Unsupported,
}
export const MASTER_TO_WORKER_MESSAGES = {
  welcome: Welcome,
  heard: Heard,
  assign: Assign,
  recorded: Recorded,
  checkpointed: Checkpointed,
  cancel: Cancel,
  follow: Follow,
  drain: Drain,
  'died-beside': DiedBeside,
  reload: Reload,
  refused: Refused,
  unsupported: Unsupported,
}

export type Register = Static<typeof Register>
export type Welcome = Static<typeof Welcome>
export type Assignment = Static<typeof Assignment>
export type Settlement = Static<typeof Settlement>
export type TaskReport = Static<typeof TaskReport>
