// What messages are made of: the fields and parts that several messages share.
import Type, { type Static, type TSchema } from 'typebox'
import { LOG_BYTES_MAX } from '../task/log-tail.js'
import { TASK_STATES } from '../task/task.js'
import { BALLOT_BYTES_MAX, CHECKPOINT_BYTES_MAX, LIST_MAX, PAYLOAD_BYTES_MAX } from './limits.js'

export * from './limits.js'

export const Name = Type.String({ minLength: 1, maxLength: 128, pattern: '^[A-Za-z0-9][A-Za-z0-9._:@/-]*$' })
export const Id = Type.String({ minLength: 1, maxLength: 64, pattern: '^[A-Za-z0-9._-]+$' })
export const Incarnation = Type.String({ minLength: 1, maxLength: 192, pattern: '^[A-Za-z0-9][A-Za-z0-9._:@/#-]*$' })
export const Hex = (bytes: number) => Type.String({ pattern: `^[0-9a-f]{${bytes * 2}}$` })
export const Text = (maxLength: number) => Type.String({ maxLength })
export const Count = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })
export const Millis = Type.Integer({ minimum: 0, maximum: 100 * 366 * 24 * 3_600_000 })
/** Text that can be kept byte for byte: a lone surrogate has no UTF-8. */
const textOf = (bytesMax: number) =>
  Type.Refine(
    Type.String({ bytesMax }),
    (text) => (text.length * 3 <= bytesMax || Buffer.byteLength(text) <= bytesMax) && text.isWellFormed(),
    () => `must be well-formed and not longer than ${bytesMax} bytes of UTF-8`,
  )
export const Data = textOf(PAYLOAD_BYTES_MAX)
export const CheckpointData = textOf(CHECKPOINT_BYTES_MAX)
export const BallotData = textOf(BALLOT_BYTES_MAX)
/** Number of a client's request, which its answer repeats. */
export const Re = Count
export const EncodingField = Type.Enum(['json', 'base64'])
export const StateField = Type.Enum(TASK_STATES)
export const list = <Item extends TSchema>(item: Item) => Type.Array(item, { maxItems: LIST_MAX })

export const ErrorField = Type.Object({
  code: Name,
  message: Text(4_000),
  stack: Type.Optional(Text(8_000)),
  exitCode: Type.Optional(Type.Integer()),
  signal: Type.Optional(Name),
})
export const Lease = Type.Object({ id: Id, lease: Id })
export const ServedTypeField = Type.Object({
  type: Name,
  timeoutMs: Type.Optional(Millis),
  maxAttempts: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000 })),
})
export const ProcessField = Type.Object({ pid: Count, state: Name, memoryBytes: Type.Optional(Count) })

/** Text of a log: `at` bytes of UTF-8 were said before it. */
export const LogField = Type.Object({ at: Count, text: Text(LOG_BYTES_MAX) })
export const PROGRESS = {
  percent: Type.Optional(Type.Number({ minimum: 0, maximum: 100 })),
  message: Type.Optional(Text(500)),
}

/** The last line of a side that will have nothing to do with the other. */
export const Refused = Type.Object({ type: Type.Literal('refused'), code: Name, message: Text(1_000) })
/** Answers a message type that is not known here. */
export const Unsupported = Type.Object({ type: Type.Literal('unsupported'), what: Text(128), re: Type.Optional(Re) })

export type Refused = Static<typeof Refused>
export type Unsupported = Static<typeof Unsupported>
export type ErrorField = Static<typeof ErrorField>
