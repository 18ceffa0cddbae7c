// What answers and bodies are made of: the schemas of the parts that several routes share.
import Type, { type Static, type TProperties } from 'typebox'
import { COMPARISONS } from '../../task/ballot.js'
import { AUTO, REPLICAS_MAX } from '../../task/quorum.js'
import { TASK_STATES } from '../../task/task.js'
import { CarriedEncoding } from './carried.js'

/** A name that is not known is refused, so that nobody waits for the effect of a word that was mistyped. */
export const Body = <Fields extends TProperties>(fields: Fields) => Type.Object(fields, { additionalProperties: false })
export const Nullable = (type: 'string' | 'integer' | 'number', said: { readonly description?: string } = {}) =>
  Type.Unsafe<string | number | null>({ type: [type, 'null'], ...said } as never)

export const TaskId = Type.String({
  minLength: 1,
  maxLength: 64,
  pattern: '^[A-Za-z0-9._-]+$',
  description: 'the id of a task',
})
export const Name = Type.String({ minLength: 1, maxLength: 128, pattern: '^[A-Za-z0-9][A-Za-z0-9._:@/-]*$' })
export const WorkerId = Type.String({
  minLength: 1,
  maxLength: 64,
  pattern: '^[A-Za-z0-9][A-Za-z0-9._-]*$',
  description: 'the name of a worker, of its own choice',
})
export const Duration = Type.Unsafe<string | number>({
  type: ['string', 'integer'],
  maxLength: 32,
  minimum: 0,
  description: 'milliseconds, or a text with a unit: 500ms, 30s, 1h',
  examples: ['30s'],
} as never)
/** Any JSON. */
export const Anything = Type.Unknown()
export const State = Type.Enum([...TASK_STATES])
export const States = Type.Array(State, { maxItems: 5, description: 'with commas between them' })
export const Names = Type.Array(Name, { maxItems: 100, description: 'with commas between them' })
const Moment = Type.Unsafe<string | null>({
  type: ['string', 'null'],
  description: 'ISO 8601, or null',
} as never)

export const Params = Type.Object({ id: TaskId })

export const Failure = Type.Object({
  code: Type.String(),
  message: Type.String(),
  stack: Type.Optional(Type.String()),
  exit_code: Type.Optional(Type.Integer()),
  signal: Type.Optional(Type.String()),
})

/** A task without what it carries, as lists have it. */
const SUMMARY = {
  id: TaskId,
  type: Type.String(),
  task_type: Type.String({ description: 'the same as `type`' }),
  queue: Type.String(),
  state: State,
  status: Type.String({ description: 'the same as `state`' }),
  priority: Type.Integer(),
  attempts: Type.Integer({ description: 'attempts that count, the one that runs included' }),
  attempt: Type.Integer({ description: 'of all, which one it is in or was in last; 0 before the first' }),
  max_attempts: Nullable('integer'),
  created_at: Moment,
  run_at: Moment,
  started_at: Moment,
  ended_at: Moment,
  expires_at: Moment,
  reserved_by: Nullable('string'),
  worker_id: Nullable('string'),
  incarnation: Nullable('string', { description: 'one life of that worker' }),
  lease_id: Nullable('string'),
  lease_expires_at: Moment,
  cancel_requested: Type.Boolean(),
  description: Type.Optional(Type.String()),
  error: Type.Optional(Failure),
} as const

export const TaskSummary = Type.Object(SUMMARY)

export const TaskView = Type.Object({
  ...SUMMARY,
  payload: Anything,
  payload_encoding: Type.Optional(Type.String({ description: '`base64`: the payload is bytes' })),
  data: Type.Optional(Anything),
  text: Type.Optional(Type.String()),
  result: Type.Optional(Anything),
  result_encoding: Type.Optional(Type.String({ description: '`base64`: the result is bytes' })),
  progress: Type.Optional(
    Type.Object({ percent: Type.Number(), message: Type.Optional(Type.String()) }, { description: 'of one that runs' }),
  ),
  meta: Type.Optional(Anything),
  attempts_before: Type.Optional(
    Type.Array(
      Type.Object({
        attempt: Type.Integer(),
        lease_id: Type.String(),
        worker_id: Type.String(),
        incarnation: Type.String(),
        started_at: Moment,
        ended_at: Moment,
        outcome: Type.String(),
        charged: Type.Boolean(),
        error: Type.Optional(Failure),
      }),
      { description: 'each attempt that did not succeed' },
    ),
  ),
  votes: Type.Optional(
    Type.Array(
      Type.Object({
        replica: Type.Integer(),
        task_id: TaskId,
        worker_id: Nullable('string'),
        state: Type.Enum(['open', 'cast', 'void']),
        vote: Type.Optional(Type.String({ description: 'what is compared, as JSON, or its hash where that is long' })),
        agreed: Type.Optional(Type.Boolean({ description: 'whether that is what was agreed on' })),
      }),
      { description: 'with `story`, of a task with replicas: each of them, and its vote' },
    ),
  ),
})

/** What a submit answers. */
export const Submitted = Type.Object({
  id: TaskId,
  task_id: Type.String({ description: 'the same as `id`' }),
  type: Type.String(),
  task_type: Type.String(),
  state: State,
  status: Type.String(),
  unserved: Type.Boolean({ description: 'no worker serves this type at the moment: the task waits for one' }),
})

const REPLICAS = { minimum: 1, maximum: REPLICAS_MAX } as const
/** What is said of a task besides its id. */
export const SubmitBody = Body({
  type: Type.Optional(Name),
  task_type: Type.Optional(Name),
  payload: Type.Optional(Anything),
  payload_encoding: CarriedEncoding,
  data: Type.Optional(Anything),
  text: Type.Optional(Type.String()),
  queue: Type.Optional(Name),
  priority: Type.Optional(Type.Integer({ description: 'higher goes first; 0 where unset' })),
  delay: Type.Optional(Duration),
  timeout: Type.Optional(Duration),
  expires: Type.Optional(Duration),
  deadline: Type.Optional(Duration),
  retries: Type.Optional(Type.Integer({ minimum: 0, maximum: 999, description: 'attempts after the first' })),
  max_attempts: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000 })),
  replicas: Type.Optional(
    Type.Union([Type.Integer(REPLICAS), Type.Literal(AUTO)], {
      description: 'so many workers do it, each once, and vote; auto: as many as their record asks for',
    }),
  ),
  quorum: Type.Optional(Type.Integer({ ...REPLICAS, description: 'so many must agree; more than half where unset' })),
  required_submissions: Type.Optional(
    Type.Integer({ ...REPLICAS, description: 'so many replicas, all of them waited for; more than half must agree' }),
  ),
  max_replicas: Type.Optional(
    Type.Integer({ ...REPLICAS, description: 'where they disagree more go out, up to so many in all' }),
  ),
  compare: Type.Optional(Type.Enum([...COMPARISONS], { description: 'what makes two results the same' })),
  vote_on: Type.Optional(
    Type.String({ maxLength: 1_000, description: 'a JSON Pointer to the part that is voted on', examples: ['/label'] }),
  ),
  tolerance: Type.Optional(Type.Number({ minimum: 0, description: 'numbers agree where they are not further apart' })),
  vote_all: Type.Optional(
    Type.Boolean({
      description: 'wait for all replicas, also where enough agree already; so does required_submissions',
    }),
  ),
  spread: Type.Optional(Type.Enum(['host'], { description: 'no two on one machine while others have room' })),
  key: Type.Optional(
    Type.String({ minLength: 1, maxLength: 1_000, description: 'the same key is the same task; as Idempotency-Key' }),
  ),
  description: Type.Optional(Type.String({ maxLength: 1_000 })),
  meta: Type.Optional(
    Type.Record(Type.String(), Anything, { description: 'annotations that the code of the task sees' }),
  ),
})
export type SubmitBody = Static<typeof SubmitBody>
