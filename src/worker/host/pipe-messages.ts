// What a worker and its host say to each other, on two pipes: one to the host's main thread, for work, and one to its
// watchdog, which is heard whatever the main thread does. What a host says is checked as if it came from a stranger:
// users' code runs there and could write to the pipe, and its words go on to the master.
import Type, { type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import { DtrError, ERRORS } from '../../errors.js'
import { LOG_LEVELS } from '../../log.js'
import { type AttemptInput, RESULT_BYTES_MAX } from '../../runner/runner.js'
import type { AbortReason } from '../events.js'

/** A payload or a result doubles at most as text within JSON. */
export const PIPE_LINE_BYTES_MAX = 4 * 1024 * 1024

export type ToHost =
  /** The first message: what it is to load. */
  | { readonly type: 'load'; readonly modules: readonly string[]; readonly builtins: boolean }
  | { readonly type: 'run'; readonly attempt: AttemptInput }
  | { readonly type: 'abort'; readonly leaseId: string; readonly reason: AbortReason }

export interface ToWatchdog {
  /** Until when code may run, on the raw monotonic clock that all processes of a machine share. */
  readonly deadlineMs: number
  readonly signEveryMs: number
}
/** What a watchdog writes: a sign of life. */
export const SIGN_OF_LIFE = '{"alive":true}\n'

const Id = Type.String({ minLength: 1, maxLength: 64 })
const ErrorField = Type.Object({
  code: Type.Enum(Object.keys(ERRORS) as (keyof typeof ERRORS)[]),
  message: Type.String({ maxLength: 4_000 }),
  stack: Type.Optional(Type.String({ maxLength: 8_000 })),
})
const Outcome = Type.Union([
  Type.Object({
    kind: Type.Literal('completed'),
    result: Type.String({ maxLength: RESULT_BYTES_MAX }),
    encoding: Type.Enum(['json', 'base64']),
  }),
  Type.Object({ kind: Type.Literal('failed'), error: ErrorField, final: Type.Boolean() }),
  Type.Object({ kind: Type.Literal('unserved') }),
])
const ServedType = Type.Object({
  type: Type.String({ minLength: 1, maxLength: 128 }),
  timeoutMs: Type.Optional(Type.Integer({ minimum: 1 })),
  maxAttempts: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000 })),
})
const FromHost = Type.Union([
  Type.Object({ type: Type.Literal('ready'), types: Type.Array(ServedType, { maxItems: 1_000 }) }),
  Type.Object({ type: Type.Literal('unfit'), message: Type.String({ maxLength: 4_000 }) }),
  /** Written before the code begins: without it, it never did. */
  Type.Object({ type: Type.Literal('began'), leaseId: Id }),
  Type.Object({ type: Type.Literal('outcome'), leaseId: Id, outcome: Outcome }),
  Type.Object({ type: Type.Literal('uncaught'), error: ErrorField }),
  Type.Object({ type: Type.Literal('log'), level: Type.Enum(LOG_LEVELS), text: Type.String({ maxLength: 8_192 }) }),
])
export type FromHost = Static<typeof FromHost>

const fromHost = Compile(FromHost)

/** @throws DtrError `protocol` for what no host of ours says */
export function readFromHost(row: unknown): FromHost {
  if (fromHost.Check(row)) return row
  throw new DtrError('protocol', 'a host says what no host says')
}
