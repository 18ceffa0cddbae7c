// How a person writes tasks: a module whose default export names its types. Checked here, before anything runs.
import { readDuration } from '../config.js'
import { DtrError } from '../errors.js'
import type { Log } from '../log.js'

/** What the code of a task is given besides its payload. */
export interface TaskContext {
  /** Aborted when the code should end: a timeout, a cancel, the loss of the master. Its reason is a DtrError. */
  readonly signal: AbortSignal
  readonly taskId: string
  readonly type: string
  readonly queue: string
  /** Counted from 1. */
  readonly attempt: number
  readonly maxAttempts: number
  /** Names this attempt; another attempt of the same task has another. */
  readonly leaseId: string
  /** The same for all attempts of a task: what makes its side effects happen once. */
  readonly idempotencyKey: string
  /** The client's annotations, as it sent them. */
  readonly meta: string | undefined
  /** Lines for the worker's log: `ctx.log('text')`, or with a level, `ctx.log.warn('text', { size: 3 })`. */
  readonly log: TaskLog
}

export type TaskLog = Log['info'] & Pick<Log, 'debug' | 'info' | 'warn' | 'error'>

/** A method, so that a task may say what its payload looks like: that is for its `schema` to hold. */
type TaskFunction = { run(payload: unknown, ctx: TaskContext): unknown }['run']

export interface TaskWithDefaults {
  run(payload: unknown, ctx: TaskContext): unknown
  /** JSON Schema (TypeBox's, or a plain object), or any schema with `~standard`. What it refuses ends the task (P12). */
  readonly schema?: object
  /** Limit of one run, with its unit: `30s`. */
  readonly timeout?: string
  /** Attempts after the first, for tasks that name none. */
  readonly retries?: number
}

export type TaskDefinition = TaskFunction | TaskWithDefaults
export type TaskDefinitions = Readonly<Record<string, TaskDefinition>>

/** A definition as it was checked. */
export interface CheckedTask {
  readonly type: string
  readonly run: TaskFunction
  readonly schema?: object
  readonly timeoutMs?: number
  readonly maxAttempts?: number
}

const NON_RETRYABLE = Symbol.for('dtr.non-retryable')

/** Thrown by a task whose next attempt could only fail as well: the task is failed at once. */
export class NonRetryableError extends Error {
  override readonly name = 'NonRetryableError'
  readonly [NON_RETRYABLE] = true
}

/** By its mark, not its class: a task module may have loaded another copy of this package. */
export function isNonRetryable(thrown: unknown): boolean {
  return typeof thrown === 'object' && thrown !== null && NON_RETRYABLE in thrown
}

/**
 * The default export of a task module: `export default defineTasks({ async resize(payload, ctx) { ... } })`.
 * @throws DtrError `bad_input` that names the type and what is wrong with it
 */
export function defineTasks<Definitions extends TaskDefinitions>(definitions: Definitions): Definitions {
  checkTasks(definitions, 'defineTasks')
  return definitions
}

/** As the wire has it: names travel in messages and stand in logs. */
const TYPE_NAME = /^[A-Za-z0-9][A-Za-z0-9._:@/-]{0,127}$/
const RETRIES_MAX = 999
const TIMEOUT_MS_MAX = 2 ** 31 - 1

/**
 * Reads what a module exports, made by `defineTasks` or a plain object.
 * @throws DtrError `bad_input` that names `where`, the type and what is wrong with it
 */
export function checkTasks(definitions: unknown, where: string): CheckedTask[] {
  if (typeof definitions !== 'object' || definitions === null || Array.isArray(definitions)) {
    throw new DtrError('bad_input', `${where}: tasks are an object of functions`, {
      hint: 'write export default defineTasks({ async resize(payload, ctx) { ... } })',
    })
  }
  return Object.entries(definitions).map(([type, definition]) => checkTask(type, definition, where))
}

function checkTask(type: string, definition: unknown, where: string): CheckedTask {
  const refuse = (why: string): DtrError => new DtrError('bad_input', `${where}: task type "${type}" ${why}`)
  if (!TYPE_NAME.test(type)) {
    throw refuse('is not a name: up to 128 letters, digits and . _ : @ / -, a letter or digit first')
  }
  if (/^dtr(?![A-Za-z0-9])/.test(type)) throw refuse('is reserved: names that begin with dtr are kept for dtr itself')
  if (typeof definition === 'function') return { type, run: definition as TaskFunction }
  if (typeof definition !== 'object' || definition === null) throw refuse('is neither a function nor { run, ... }')
  const { run, schema, timeout, retries, ...unknown } = definition as Partial<TaskWithDefaults>
  if (typeof run !== 'function') throw refuse('has no function named run')
  const [stranger] = Object.keys(unknown)
  if (stranger !== undefined)
    throw refuse(`has an unknown field "${stranger}"; known are run, schema, timeout, retries`)
  if (schema !== undefined && (typeof schema !== 'object' || schema === null)) {
    if (typeof schema !== 'function') throw refuse('has a schema that is no object')
  }
  return {
    type,
    run: run.bind(definition),
    ...(schema !== undefined && { schema }),
    ...(timeout !== undefined && { timeoutMs: readTimeout(timeout, refuse) }),
    ...(retries !== undefined && { maxAttempts: readRetries(retries, refuse) + 1 }),
  }
}

function readTimeout(timeout: unknown, refuse: (why: string) => DtrError): number {
  if (typeof timeout !== 'string')
    throw refuse(`has the timeout ${String(timeout)}; write a text with a unit, such as '30s'`)
  const ms = durationOf(timeout)
  if (ms >= 1 && ms <= TIMEOUT_MS_MAX) return ms
  throw refuse(`has the timeout '${timeout}'; it must be from 1ms to 24 days, with its unit, such as '30s'`)
}

function durationOf(text: string): number {
  try {
    return readDuration(text, 'timeout')
  } catch {
    return Number.NaN
  }
}

function readRetries(retries: unknown, refuse: (why: string) => DtrError): number {
  if (Number.isInteger(retries) && Number(retries) >= 0 && Number(retries) <= RETRIES_MAX) return Number(retries)
  throw refuse(`has retries ${String(retries)}; it must be a whole number from 0 to ${RETRIES_MAX}`)
}
