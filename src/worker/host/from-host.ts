// What a host says is checked as if it came from a stranger: users' code runs there and could write to the pipe, and its
// words go on to the master. So nothing is let through that is not named here. The worker's side alone: a host has no use
// for schemas.
import Type, { type Static, type TProperties } from 'typebox'
import { Compile } from 'typebox/compile'
import { DtrError, ERRORS } from '../../errors.js'
import { LOG_LEVELS } from '../../log-levels.js'
import { PROGRESS_CHARS_MAX } from '../../runner/progress.js'
import { CHECKPOINT_BYTES_MAX, RESULT_BYTES_MAX } from '../../runner/runner.js'
import { BALLOT_BYTES_MAX } from '../../task/ballot.js'
import { LOG_BYTES_MAX } from '../../task/log-tail.js'
import type { HostOutcome } from '../events.js'

/** Nothing else stands in it. */
const closed = <Properties extends TProperties>(properties: Properties) =>
  Type.Object(properties, { additionalProperties: false })
const Id = Type.String({ minLength: 1, maxLength: 64 })
const ErrorField = closed({
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
  closed({
    kind: Type.Literal('completed'),
    result: Type.String({ maxLength: RESULT_BYTES_MAX }),
    encoding: Type.Enum(['json', 'base64']),
    ballot: Type.Optional(BallotText),
  }),
  closed({ kind: Type.Literal('failed'), error: ErrorField, final: Type.Boolean() }),
  closed({ kind: Type.Literal('unserved') }),
])
const Count = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })
/** Written before their code begins: without it, it never did. All up to this number, of what it was given. */
const Began = closed({ type: Type.Literal('began'), epoch: Count, upTo: Count })
/** As columns. What most have come to is the text of a result alone: JSON, with no ballot. */
const Outcomes = closed({
  type: Type.Literal('outcomes'),
  nths: Type.Array(Count),
  tookMs: Type.Array(Type.Number({ minimum: 0 })),
  outcomes: Type.Array(Type.Union([Type.String({ maxLength: RESULT_BYTES_MAX }), Outcome])),
})
const ServedType = closed({
  type: Type.String({ minLength: 1, maxLength: 128 }),
  timeoutMs: Type.Optional(Type.Integer({ minimum: 1 })),
  maxAttempts: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000 })),
})
const Report = closed({
  leaseId: Id,
  progress: Type.Optional(
    closed({
      percent: Type.Number({ minimum: 0, maximum: 100 }),
      message: Type.Optional(Type.String({ maxLength: PROGRESS_CHARS_MAX })),
    }),
  ),
  log: Type.Optional(closed({ at: Type.Integer({ minimum: 0 }), text: Type.String({ maxLength: LOG_BYTES_MAX }) })),
})
const HostRow = Type.Union([
  closed({ type: Type.Literal('ready'), types: Type.Array(ServedType, { maxItems: 1_000 }) }),
  closed({ type: Type.Literal('unfit'), message: Type.String({ maxLength: 4_000 }) }),
  Began,
  Outcomes,
  closed({
    type: Type.Literal('checkpoint'),
    leaseId: Id,
    n: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }),
    value: CheckpointText,
  }),
  closed({ type: Type.Literal('uncaught'), error: ErrorField }),
  closed({ type: Type.Literal('reports'), list: Type.Array(Report) }),
  closed({ type: Type.Literal('log'), level: Type.Enum(LOG_LEVELS), text: Type.String({ maxLength: 8_192 }) }),
])
export type HostRow = Static<typeof HostRow>
export type Began = Static<typeof Began>
export type Outcomes = Static<typeof Outcomes>
/** As its worker understands it: with the leases that its numbers stand for (given.ts). */
export type FromHost =
  | Exclude<HostRow, Began | Outcomes>
  | { readonly type: 'began'; readonly leaseIds: readonly string[] }
  | { readonly type: 'outcomes'; readonly list: readonly HostOutcome[] }

const FromWatchdog = Type.Union([
  closed({ begun: Type.Number(), memoryBytes: Type.Number(), blockedMs: Type.Number() }),
  closed({ epoch: Type.Integer(), begun: Type.Number() }),
])

const hostRow = Compile(HostRow)
const fromWatchdog = Compile(FromWatchdog)

/** @throws DtrError `protocol` for what no host of ours says */
export function readHostRow(row: unknown): HostRow {
  if (hostRow.Check(row)) return row
  throw new DtrError('protocol', 'a host says what no host says')
}

/** @throws DtrError `protocol` for what no watchdog says */
export function readFromWatchdog(row: unknown): Static<typeof FromWatchdog> {
  if (fromWatchdog.Check(row)) return row
  throw new DtrError('protocol', 'a watchdog says what no watchdog says')
}
