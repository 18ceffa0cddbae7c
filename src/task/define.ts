// How a person writes tasks: a module whose default export names its types. Checked here, before anything runs.
import { nearest } from '../config/nearest.js'
import { readDuration } from '../config.js'
import { DtrError } from '../errors.js'
import type { TaskFunction, TaskWithDefaults, Typed } from './infer.js'
import { wrongWord } from './schema-words.js'

export type TaskDefinition = TaskFunction | TaskWithDefaults<object>
export type TaskDefinitions = Readonly<Record<string, TaskDefinition>>

/** A definition as it was checked. */
export interface CheckedTask {
  readonly type: string
  readonly run: TaskFunction
  readonly schema?: object
  readonly timeoutMs?: number
  readonly maxAttempts?: number
  /** What a result votes for, where the task is voted on with `compare: 'own'`. */
  readonly ballot?: (result: unknown) => unknown
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
export function defineTasks<const Schemas, Definitions>(
  definitions: Definitions & Typed<Schemas, NoInfer<Definitions>>,
): Definitions {
  checkTasks(definitions, 'defineTasks')
  return definitions
}

/** As the wire has it: names travel in messages and stand in logs. */
const TYPE_NAME = /^[A-Za-z0-9][A-Za-z0-9._:@/-]{0,127}$/
const RETRIES_MAX = 999
const TIMEOUT_MS_MAX = 2 ** 31 - 1

/**
 * Reads what a module exports, made by `defineTasks` or a plain object.
 * @param where begins the message; empty where the caller says it
 * @throws DtrError `bad_input` that names the type and what is wrong with it
 */
export function checkTasks(definitions: unknown, where: string): CheckedTask[] {
  if (typeof definitions !== 'object' || definitions === null || Array.isArray(definitions)) {
    throw new DtrError('bad_input', `${where === '' ? '' : `${where}: `}tasks are an object of functions`, {
      hint: 'write export default defineTasks({ async resize(payload, ctx) { ... } })',
    })
  }
  return Object.entries(definitions).map(([type, definition]) => checkTask(type, definition, where))
}

/** What is wrong with one of the tasks of a module. */
export class TaskRefused extends DtrError {
  /** The keys down to what is wrong, of the type first: by them its line is found in the module. */
  readonly keys: readonly string[]

  constructor(message: string, keys: readonly string[]) {
    super('bad_input', message)
    this.keys = keys
  }
}

type Refuse = (why: string, ...keys: string[]) => TaskRefused

const FIELDS = ['run', 'schema', 'timeout', 'retries', 'ballot']

/** What is wrong with the name of a task type, if anything. */
export function wrongTypeName(type: string): string | undefined {
  if (!TYPE_NAME.test(type)) return 'is not a name: up to 128 letters, digits and . _ : @ / -, a letter or digit first'
  if (/^dtr(?![A-Za-z0-9])/.test(type)) return 'is reserved: names that begin with dtr are kept for dtr itself'
  return undefined
}

function checkTask(type: string, definition: unknown, where: string): CheckedTask {
  const refuse: Refuse = (why, ...keys) =>
    new TaskRefused(`${where === '' ? '' : `${where}: `}task type "${type}" ${why}`, [type, ...keys])
  const wrongName = wrongTypeName(type)
  if (wrongName !== undefined) throw refuse(wrongName)
  if (typeof definition === 'function') return { type, run: definition as TaskFunction }
  if (typeof definition !== 'object' || definition === null) throw refuse('is neither a function nor { run, ... }')
  const { run, schema, timeout, retries, ballot, ...unknown } = definition as Partial<TaskWithDefaults>
  const [stranger] = Object.keys(unknown)
  if (stranger !== undefined) {
    const near = nearest(stranger, FIELDS)
    const meant = near === undefined ? `known are ${FIELDS.join(', ')}` : `did you mean ${near}?`
    throw refuse(`has an unknown field "${stranger}"; ${meant}`, stranger)
  }
  if (typeof run !== 'function') throw refuse('has no function named run')
  if (ballot !== undefined && typeof ballot !== 'function') {
    throw refuse('has a ballot that is no function; write ballot: (result) => what it votes for', 'ballot')
  }
  return {
    type,
    run: run.bind(definition),
    ...(schema !== undefined && { schema: readSchema(schema, refuse) }),
    ...(timeout !== undefined && { timeoutMs: readTimeout(timeout, refuse) }),
    ...(retries !== undefined && { maxAttempts: readRetries(retries, refuse) + 1 }),
    ...(ballot !== undefined && { ballot: (ballot as (result: unknown) => unknown).bind(definition) }),
  }
}

function readSchema(schema: unknown, refuse: Refuse): object {
  // Libraries with `~standard` make functions as well.
  const usable = typeof schema === 'object' || (typeof schema === 'function' && '~standard' in schema)
  if (!usable || schema === null) throw refuse('has a schema that is no object', 'schema')
  const wrong = wrongWord(schema)
  if (wrong === undefined) return schema
  throw refuse(`has ${wrong.why} in its schema`, 'schema', ...wrong.path)
}

function readTimeout(timeout: unknown, refuse: Refuse): number {
  if (typeof timeout !== 'string') {
    throw refuse(`has the timeout ${String(timeout)}; write a text with a unit, such as '30s'`, 'timeout')
  }
  const ms = durationOf(timeout)
  if (ms >= 1 && ms <= TIMEOUT_MS_MAX) return ms
  throw refuse(`has the timeout '${timeout}'; it must be from 1ms to 24 days, with its unit, such as '30s'`, 'timeout')
}

function durationOf(text: string): number {
  try {
    return readDuration(text, 'timeout')
  } catch {
    return Number.NaN
  }
}

function readRetries(retries: unknown, refuse: Refuse): number {
  if (Number.isInteger(retries) && Number(retries) >= 0 && Number(retries) <= RETRIES_MAX) return Number(retries)
  throw refuse(`has retries ${String(retries)}; it must be a whole number from 0 to ${RETRIES_MAX}`, 'retries')
}
