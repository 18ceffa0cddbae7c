// What a submit says, made from what a user wrote: every bad value is named before anything leaves.
import { Compile } from 'typebox/compile'
import { v5 as uuidOfName } from 'uuid'
import { checkOptions, checkSignal, shown } from '../config/options.js'
import { readDuration } from '../config.js'
import { DtrError } from '../errors.js'
import { Id, PAYLOAD_BYTES_MAX, SubmittedTask } from '../protocol/messages.js'
import { readVoteRule } from '../task/quorum.js'
import { jsonText } from './json.js'

/** Milliseconds, or text with a unit: `500ms`, `30s`, `1h`. */
export type Duration = number | string

/** What may be said about a task besides its type and payload. */
export interface TaskOptions {
  /** Higher goes first; 0 where unset. */
  readonly priority?: number | undefined
  /** Wait so long before the first attempt. */
  readonly delay?: Duration | undefined
  /** Attempts after the first that failed. Unset: what the type says, else 4. */
  readonly retries?: number | undefined
  /** Limit of one run. */
  readonly timeout?: Duration | undefined
  /** A task that waits after so long, for its first attempt or another one, fails as expired. */
  readonly expires?: Duration | undefined
  /** A task that has not ended so long after its submit fails: its code is ended, and it is not tried again. */
  readonly deadline?: Duration | undefined
  /** The same key is the same task, as long as it is kept (P2). */
  readonly key?: string | undefined
  readonly queue?: string | undefined
  /**
   * Several workers do it, each once, and vote: so many at first. 3 where one of those that follow is set. `auto`: one, and others
   * where whoever did it is not trusted yet, or is checked (docs/votes.md).
   */
  readonly replicas?: number | 'auto' | undefined
  /** So many must agree: more than half of the replicas where unset, and 2 of `auto`. */
  readonly quorum?: number | undefined
  /** Where they disagree more are sent out, up to so many in all: `2 * replicas + 1` where unset. */
  readonly maxReplicas?: number | undefined
  /** What makes two results the same: their JSON (the order of keys does not matter), their bytes, or being near each other. */
  readonly compare?: 'json' | 'exact' | 'numeric' | 'own' | undefined
  /** A JSON Pointer to the part of the result that is voted on, such as `/label`. */
  readonly voteOn?: string | undefined
  /** Numbers agree where any two of them are not further apart. */
  readonly tolerance?: number | undefined
  /** Wait for all replicas, also where enough agree already. Else the others are cancelled then. */
  readonly voteAll?: boolean | undefined
  /** `host`: no two replicas on one machine while others have room. On one worker there are never two. */
  readonly spread?: 'host' | undefined
  readonly description?: string | undefined
  /** Annotations, a JSON object; the task's code sees them. */
  readonly meta?: Readonly<Record<string, unknown>> | undefined
}

/** The ids of tasks with a key: a UUIDv5 of the key in this namespace. */
const KEY_NAMESPACE = '8f1d4c1e-6b0a-4b43-9d0e-2a4f6f6d7472'
const KEY_CHARS_MAX = 1_000
/** Of UTF-8, for one unit of a text. */
const BYTES_OF_UNIT_MAX = 3
/** Stands for the ids to come where what they share is checked. */
const NO_ID = '00000000-0000-0000-0000-000000000000'

const schema = Compile(SubmittedTask)
const idSchema = Compile(Id)

/** Of a task, then of the call that submits it. */
const OPTION_NAMES: readonly string[] = [
  ...['priority', 'delay', 'retries', 'timeout', 'expires', 'deadline', 'key', 'queue', 'description', 'meta'],
  ...['replicas', 'quorum', 'maxReplicas', 'compare', 'voteOn', 'tolerance', 'voteAll', 'spread'],
  ...['signal', 'busyFor', 'follow', 'ordered', 'window', 'keys'],
]

/** The id of the task with this key. */
export function idOfKey(key: string): string {
  if (typeof key !== 'string') throw new DtrError('bad_input', `key: ${shown(key)} is not a text`)
  if (key === '' || key.length > KEY_CHARS_MAX) {
    throw new DtrError('bad_input', `key: must have 1 to ${KEY_CHARS_MAX} characters, this one has ${key.length}`)
  }
  if (!key.isWellFormed()) throw new DtrError('bad_input', 'key: holds half of a character (a lone surrogate)')
  return uuidOfName(key, KEY_NAMESPACE)
}

/**
 * @param freshId the id where the options have no key
 * @throws DtrError `bad_input` or `too_large` that names the field and its limit
 */
export function specOf(type: string, payload: unknown, options: TaskOptions, freshId: string): SubmittedTask {
  return specsOf(type, options)(payload, freshId)
}

/**
 * Tasks that differ in their payloads: what they share is read and checked once.
 * @param untold how they end is not told to their client. @throws as `specOf` does
 */
export function specsOf(
  type: string,
  options: TaskOptions,
  untold = false,
): (payload: unknown, freshId: string) => SubmittedTask {
  checkSubmit(options)
  const id = options.key === undefined ? undefined : idOfKey(options.key)
  const shared = {
    type,
    ...present('queue', options.queue),
    ...present('priority', options.priority),
    ...present('delayMs', readMs(options.delay, 'delay')),
    ...present('maxAttempts', attemptsOf(options.retries)),
    ...present('timeoutMs', readMs(options.timeout, 'timeout')),
    ...present('expiresMs', readMs(options.expires, 'expires')),
    ...present('deadlineMs', readMs(options.deadline, 'deadline')),
    ...present('description', options.description),
    ...present('meta', textOfMeta(options.meta)),
    ...present('vote', voteOf(options)),
    ...(untold && { untold }),
  }
  const one = { id: NO_ID, payload: 'null', ...shared }
  if (!schema.Check(one)) throw refusal(one)
  return (payload, freshId) => {
    const task = { id: id ?? freshId, ...shared, payload: textOfPayload(payload) }
    return payload instanceof Uint8Array ? { ...task, encoding: 'base64' } : task
  }
}

/** What is the same for all tasks of a call. @throws DtrError `bad_input` that names the option */
export function checkSubmit(options: TaskOptions & { readonly signal?: unknown }): void {
  checkOptions(options, OPTION_NAMES)
  checkSignal(options.signal)
}

/** @throws DtrError `bad_input`: what is no id would be no message of the protocol, and cost the connection */
export function checkIds(ids: readonly string[]): void {
  if (!Array.isArray(ids)) throw new DtrError('bad_input', `ids: ${shown(ids)} is not a list of ids`)
  const wrong = ids.findIndex((id) => !idSchema.Check(id))
  if (wrong >= 0) throw new DtrError('bad_input', `${shown(ids[wrong])} is not the id of a task`)
}

/** An upper bound of what the task takes in a line: escaping at most doubles JSON text, and makes six of a control. */
export function lineBytesOf(task: SubmittedTask): number {
  const { payload, meta, description } = task
  const text = Buffer.byteLength(payload) + (meta === undefined ? 0 : Buffer.byteLength(meta))
  return 2 * text + (description === undefined ? 0 : 6 * Buffer.byteLength(description)) + 1_024
}

function present<Key extends string, Value>(key: Key, value: Value | undefined): { [Name in Key]?: Value } {
  return (value === undefined ? {} : { [key]: value }) as { [Name in Key]?: Value }
}

/** @throws DtrError `bad_input` that names the option */
export function readMs(value: Duration | undefined, name: string): number | undefined {
  if (value === undefined) return undefined
  if (typeof value === 'string') return readDuration(value, name)
  if (Number.isFinite(value) && value >= 0) return Math.round(value)
  throw new DtrError('bad_input', `${name}: ${shown(value)} is not a number of milliseconds`, {
    hint: 'or write a text with a unit, such as 500ms or 30s',
  })
}

/** @throws DtrError `bad_input` that names the option */
function voteOf(options: TaskOptions): SubmittedTask['vote'] {
  const { replicas, quorum, maxReplicas, compare, voteOn: on, tolerance, voteAll, spread } = options
  const all = voteAll === false ? undefined : voteAll
  const asked = { replicas, quorum, maxReplicas, compare, on, tolerance, all, spread }
  if (Object.values(asked).every((value) => value === undefined)) return undefined
  return readVoteRule(asked)
}

function attemptsOf(retries: number | undefined): number | undefined {
  if (retries === undefined) return undefined
  if (Number.isInteger(retries) && retries >= 0 && retries <= 999) return retries + 1
  throw new DtrError('bad_input', `retries: ${shown(retries)} is not a whole number from 0 to 999`)
}

function textOfPayload(payload: unknown): string {
  const text =
    payload instanceof Uint8Array ? Buffer.from(payload).toString('base64') : jsonText(payload ?? null, 'payload')
  if (text.length * BYTES_OF_UNIT_MAX <= PAYLOAD_BYTES_MAX) return text
  const bytes = Buffer.byteLength(text)
  if (bytes <= PAYLOAD_BYTES_MAX) return text
  throw new DtrError('too_large', `payload: ${bytes} bytes are more than the limit of ${PAYLOAD_BYTES_MAX}`, {
    hint: 'put the data into a file and submit its path',
  })
}

function textOfMeta(meta: unknown): string | undefined {
  if (meta === undefined) return undefined
  const isObject = typeof meta === 'object' && meta !== null && !Array.isArray(meta)
  if (!isObject) throw new DtrError('bad_input', `meta: ${shown(meta)} is not an object`)
  return jsonText(meta, 'meta')
}

/** The first thing that the schema has against it, in the words of the option that the user gave. */
function refusal(task: Readonly<Record<string, unknown>>): DtrError {
  const [error] = schema.Errors(task)
  const field = error?.instancePath.split('/')[1] ?? 'task'
  return new DtrError(
    'bad_input',
    `${FIELD_NAMES[field] ?? field}: ${shown(task[field])} ${error?.message ?? 'is refused'}`,
  )
}

const FIELD_NAMES: Readonly<Record<string, string>> = {
  delayMs: 'delay',
  timeoutMs: 'timeout',
  expiresMs: 'expires',
  deadlineMs: 'deadline',
  maxAttempts: 'retries',
}
