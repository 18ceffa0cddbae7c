// What is said for workers that pull, and what a master answers. They are known by their names, not by a connection: each
// message says for whom it speaks, and any client may say it. So whoever stands between (a gateway) holds nothing.
import Type, { type Static } from 'typebox'
import {
  BallotData,
  CheckpointData,
  Count,
  Data,
  EncodingField,
  ErrorField,
  Id,
  list,
  Millis,
  Name,
  PROGRESS,
  Re,
  StateField,
  Text,
} from './fields.js'
import { META_CHARS_MAX } from './limits.js'

export const LabelField = Type.Object({ name: Name, value: Text(256) })
const ABOUT = {
  /** Missing: every type. */
  types: Type.Optional(list(Name)),
  queues: Type.Optional(Type.Array(Name, { maxItems: 100 })),
  /** So many tasks at a time. */
  slots: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000 })),
  labels: Type.Optional(Type.Array(LabelField, { maxItems: 64 })),
  model: Type.Optional(Text(256)),
  version: Type.Optional(Text(64)),
  meta: Type.Optional(Text(4_000)),
}
/** The id of the key with which the worker proved itself to whoever speaks for it (6.1): whose name it is, and whose votes. */
const OF_KEY = { key: Type.Optional(Name) } as const
const LeaseMs = Type.Integer({ minimum: 100, maximum: 7 * 24 * 3_600_000 })
export const PullWorkerField = Type.Object({
  name: Name,
  state: Type.Enum(['active', 'stale', 'offline']),
  ...ABOUT,
  queues: Type.Array(Name, { maxItems: 100 }),
  slots: Count,
  running: Count,
  completed: Count,
  failed: Count,
  heardMsAgo: Millis,
  /** Why it is given nothing more. */
  quarantined: Type.Optional(Text(200)),
})

// --- Client to master ------------------------------------------------------------------------------------------------

/** A worker's name, or what it is known by from now on: on disk when it is answered. */
export const PullRegister = Type.Object({
  type: Type.Literal('pull-register'),
  re: Re,
  worker: Name,
  ...OF_KEY,
  ...ABOUT,
})
export const NamedTask = Type.Object({
  id: Id,
  lease: Type.Optional(Id),
  leaseMs: Type.Optional(LeaseMs),
  ...PROGRESS,
})
/** It lives; the leases of the tasks that it names begin anew, and no others. */
export const PullBeat = Type.Object({
  type: Type.Literal('pull-beat'),
  re: Re,
  worker: Name,
  ...OF_KEY,
  tasks: Type.Optional(Type.Array(NamedTask, { maxItems: 1_000 })),
})
/** Answered when there is something, or after `waitMs`. */
export const PullClaim = Type.Object({
  type: Type.Literal('pull-claim'),
  re: Re,
  worker: Name,
  ...OF_KEY,
  max: Type.Optional(Type.Integer({ minimum: 1, maximum: 100 })),
  types: Type.Optional(list(Name)),
  leaseMs: Type.Optional(LeaseMs),
  waitMs: Type.Optional(Type.Integer({ minimum: 0, maximum: 60_000 })),
})
export const PullEndingField = Type.Union([
  Type.Object({
    outcome: Type.Literal('completed'),
    result: Data,
    encoding: Type.Optional(EncodingField),
    /** JSON: what it votes for, where the task asked for that. */
    ballot: Type.Optional(BallotData),
  }),
  Type.Object({ outcome: Type.Literal('failed'), error: ErrorField, final: Type.Optional(Type.Boolean()) }),
  Type.Object({ outcome: Type.Literal('returned'), started: Type.Optional(Type.Boolean()) }),
])
/** Without a lease: the one that this worker has on the task now. */
export const PullSettle = Type.Object({
  type: Type.Literal('pull-settle'),
  re: Re,
  worker: Name,
  ...OF_KEY,
  id: Id,
  lease: Type.Optional(Id),
  ending: PullEndingField,
})
/** How far an attempt has come: the next one is told. Kept under the lease alone, as a settlement is. */
export const PullCheckpoint = Type.Object({
  type: Type.Literal('pull-checkpoint'),
  re: Re,
  worker: Name,
  ...OF_KEY,
  id: Id,
  lease: Type.Optional(Id),
  value: CheckpointData,
})
/** Looks now for leases that are over. */
export const PullRequeue = Type.Object({ type: Type.Literal('pull-requeue'), re: Re })

// --- Master to client ------------------------------------------------------------------------------------------------

export const PullRegistered = Type.Object({
  type: Type.Literal('pull-registered'),
  re: Re,
  worker: PullWorkerField,
  /** Of a claim that says nothing else. */
  leaseMs: Millis,
  /** `stale` after so long without a word of it. */
  staleMs: Millis,
})
export const RenewedField = Type.Object({ id: Id, lease: Id, leaseMs: Millis })
export const PullHeard = Type.Object({
  type: Type.Literal('pull-heard'),
  re: Re,
  worker: PullWorkerField,
  renewed: list(RenewedField),
  /** Named, and not its own any more: their results change nothing. */
  lost: list(Id),
  /** What it holds and somebody has cancelled: no result counts, and they end with what it settles. */
  cancelled: list(Id),
})
export const PulledTaskField = Type.Object({
  id: Id,
  lease: Id,
  /** From the sending of this on. */
  leaseMs: Millis,
  queue: Name,
  type: Name,
  payload: Data,
  encoding: EncodingField,
  attempt: Count,
  maxAttempts: Count,
  timeoutMs: Type.Optional(Millis),
  /** Until its deadline, from the sending of this on. */
  deadlineMs: Type.Optional(Millis),
  suspect: Type.Optional(Type.Boolean()),
  meta: Type.Optional(Text(META_CHARS_MAX)),
  /** The last that an attempt before this one kept. */
  checkpoint: Type.Optional(CheckpointData),
  /** It is voted on by what its code says: the result is to come with a `ballot`. */
  ballot: Type.Optional(Type.Boolean()),
})
export const PullClaimed = Type.Object({
  type: Type.Literal('pull-claimed'),
  re: Re,
  list: Type.Array(PulledTaskField, { maxItems: 100 }),
})
export const PullSettled = Type.Object({
  type: Type.Literal('pull-settled'),
  re: Re,
  /** `cancelled`: it ended so, whatever the ending said. */
  status: Type.Enum(['recorded', 'stale', 'cancelled']),
  state: Type.Optional(StateField),
})
export const PullCheckpointed = Type.Object({
  type: Type.Literal('pull-checkpointed'),
  re: Re,
  status: Type.Enum(['recorded', 'stale']),
})
export const PullRequeued = Type.Object({ type: Type.Literal('pull-requeued'), re: Re, count: Count })

export type PullRegister = Static<typeof PullRegister>
export type PullWorkerField = Static<typeof PullWorkerField>
export type PulledTaskField = Static<typeof PulledTaskField>
export type PullEndingField = Static<typeof PullEndingField>
