// What a host says is checked as if it came from a stranger: users' code runs there and could write to the pipe, and its
// words go on to the master. The worker's side alone: a host has no use for schemas.
import Type, { type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import { DtrError, ERRORS } from '../../errors.js'
import { LOG_LEVELS } from '../../log-levels.js'
import { RESULT_BYTES_MAX } from '../../runner/runner.js'

const Id = Type.String({ minLength: 1, maxLength: 64 })
const ErrorField = Type.Object({
  code: Type.Enum(Object.keys(ERRORS) as (keyof typeof ERRORS)[]),
  message: Type.String({ maxLength: 4_000 }),
  stack: Type.Optional(Type.String({ maxLength: 8_000 })),
  exitCode: Type.Optional(Type.Integer()),
  signal: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
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
  /** Written before their code begins: without it, it never did. */
  Type.Object({ type: Type.Literal('began'), leaseIds: Type.Array(Id) }),
  Type.Object({ type: Type.Literal('outcomes'), list: Type.Array(Type.Object({ leaseId: Id, outcome: Outcome })) }),
  Type.Object({ type: Type.Literal('uncaught'), error: ErrorField }),
  Type.Object({ type: Type.Literal('log'), level: Type.Enum(LOG_LEVELS), text: Type.String({ maxLength: 8_192 }) }),
])
export type FromHost = Static<typeof FromHost>

const SignOfLife = Type.Object({ begun: Type.Number() })

const fromHost = Compile(FromHost)
const signOfLife = Compile(SignOfLife)

/** @throws DtrError `protocol` for what no host of ours says */
export function readFromHost(row: unknown): FromHost {
  if (fromHost.Check(row)) return row
  throw new DtrError('protocol', 'a host says what no host says')
}

/** @throws DtrError `protocol` for what no watchdog says */
export function readSignOfLife(row: unknown): Static<typeof SignOfLife> {
  if (signOfLife.Check(row)) return row
  throw new DtrError('protocol', 'a watchdog says what no watchdog says')
}
