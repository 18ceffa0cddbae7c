// What a host says is checked as if it came from a stranger: users' code runs there and could write to the pipe, and its
// words go on to the master. The worker's side alone: a host has no use for schemas.
import Type, { type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import { DtrError, ERRORS } from '../../errors.js'
import { LOG_LEVELS } from '../../log-levels.js'
import { PROGRESS_CHARS_MAX } from '../../runner/progress.js'
import { CHECKPOINT_BYTES_MAX, RESULT_BYTES_MAX } from '../../runner/runner.js'
import { BALLOT_BYTES_MAX } from '../../task/ballot.js'
import { LOG_BYTES_MAX } from '../../task/log-tail.js'

const Id = Type.String({ minLength: 1, maxLength: 64 })
const ErrorField = Type.Object({
  code: Type.Enum(Object.keys(ERRORS) as (keyof typeof ERRORS)[]),
  message: Type.String({ maxLength: 4_000 }),
  stack: Type.Optional(Type.String({ maxLength: 8_000 })),
  exitCode: Type.Optional(Type.Integer()),
  signal: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
})
/** The master takes no line with more than that. */
const textOf = (bytesMax: number) =>
  Type.Refine(
    Type.String({ maxLength: bytesMax }),
    (text) => Buffer.byteLength(text) <= bytesMax && text.isWellFormed(),
  )
const CheckpointText = textOf(CHECKPOINT_BYTES_MAX)
const BallotText = textOf(BALLOT_BYTES_MAX)
const Outcome = Type.Union([
  Type.Object({
    kind: Type.Literal('completed'),
    result: Type.String({ maxLength: RESULT_BYTES_MAX }),
    encoding: Type.Enum(['json', 'base64']),
    ballot: Type.Optional(BallotText),
  }),
  Type.Object({ kind: Type.Literal('failed'), error: ErrorField, final: Type.Boolean() }),
  Type.Object({ kind: Type.Literal('unserved') }),
])
const HostOutcome = Type.Object({ leaseId: Id, outcome: Outcome, tookMs: Type.Number({ minimum: 0 }) })
const ServedType = Type.Object({
  type: Type.String({ minLength: 1, maxLength: 128 }),
  timeoutMs: Type.Optional(Type.Integer({ minimum: 1 })),
  maxAttempts: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000 })),
})
const Report = Type.Object({
  leaseId: Id,
  progress: Type.Optional(
    Type.Object({
      percent: Type.Number({ minimum: 0, maximum: 100 }),
      message: Type.Optional(Type.String({ maxLength: PROGRESS_CHARS_MAX })),
    }),
  ),
  log: Type.Optional(
    Type.Object({ at: Type.Integer({ minimum: 0 }), text: Type.String({ maxLength: LOG_BYTES_MAX }) }),
  ),
})
const FromHost = Type.Union([
  Type.Object({ type: Type.Literal('ready'), types: Type.Array(ServedType, { maxItems: 1_000 }) }),
  Type.Object({ type: Type.Literal('unfit'), message: Type.String({ maxLength: 4_000 }) }),
  /** Written before their code begins: without it, it never did. */
  Type.Object({ type: Type.Literal('began'), leaseIds: Type.Array(Id) }),
  Type.Object({ type: Type.Literal('outcomes'), list: Type.Array(HostOutcome) }),
  Type.Object({
    type: Type.Literal('checkpoint'),
    leaseId: Id,
    n: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }),
    value: CheckpointText,
  }),
  Type.Object({ type: Type.Literal('uncaught'), error: ErrorField }),
  Type.Object({ type: Type.Literal('reports'), list: Type.Array(Report) }),
  Type.Object({ type: Type.Literal('log'), level: Type.Enum(LOG_LEVELS), text: Type.String({ maxLength: 8_192 }) }),
])
export type FromHost = Static<typeof FromHost>

const FromWatchdog = Type.Union([
  Type.Object({ begun: Type.Number(), memoryBytes: Type.Number(), blockedMs: Type.Number() }),
  Type.Object({ epoch: Type.Integer(), begun: Type.Number() }),
])

const fromHost = Compile(FromHost)
const fromWatchdog = Compile(FromWatchdog)

/** @throws DtrError `protocol` for what no host of ours says */
export function readFromHost(row: unknown): FromHost {
  if (fromHost.Check(row)) return row
  throw new DtrError('protocol', 'a host says what no host says')
}

/** @throws DtrError `protocol` for what no watchdog says */
export function readFromWatchdog(row: unknown): Static<typeof FromWatchdog> {
  if (fromWatchdog.Check(row)) return row
  throw new DtrError('protocol', 'a watchdog says what no watchdog says')
}
