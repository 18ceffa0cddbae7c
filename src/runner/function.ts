// Runs tasks that are functions, in the process that it is loaded into. Whatever they do is an outcome: it never rejects.

import { DtrError, type ErrorCode, messageOf } from '../errors.js'
import type { LogEntry, LogFields, LogLevel } from '../log.js'
import { BALLOT_BYTES_MAX, noBallot } from '../task/ballot.js'
import type { TaskContext, TaskLog } from '../task/context.js'
import { type CheckedTask, isNonRetryable } from '../task/define.js'
import {
  type AttemptInput,
  type AttemptOutcome,
  type Control,
  RESULT_BYTES_MAX,
  type Runner,
  type ServedType,
} from './runner.js'
import { type PayloadCheck, payloadCheck } from './schema.js'
import { taskErrorOf } from './thrown.js'

/** Where the lines of `ctx.log` go beside who watches the task. */
export type TaskLogSink = (attempt: AttemptInput, entry: LogEntry) => void

interface FunctionTask extends CheckedTask {
  readonly check: PayloadCheck | undefined
}

export class FunctionRunner implements Runner {
  readonly types: readonly ServedType[]
  readonly #tasks: ReadonlyMap<string, FunctionTask>
  readonly #sink: TaskLogSink

  /** @throws DtrError `bad_input` for a schema that is none */
  static async open(tasks: readonly CheckedTask[], sink: TaskLogSink): Promise<FunctionRunner> {
    const withChecks: FunctionTask[] = []
    for (const task of tasks) {
      const check = task.schema === undefined ? undefined : await payloadCheck(task.type, task.schema)
      withChecks.push({ ...task, check })
    }
    return new FunctionRunner(withChecks, sink)
  }

  private constructor(tasks: readonly FunctionTask[], sink: TaskLogSink) {
    this.#tasks = new Map(tasks.map((task) => [task.type, task]))
    this.#sink = sink
    this.types = tasks.map(({ type, timeoutMs, maxAttempts }) => ({
      type,
      ...(timeoutMs !== undefined && { timeoutMs }),
      ...(maxAttempts !== undefined && { maxAttempts }),
    }))
  }

  async run(attempt: AttemptInput, control: Control): Promise<AttemptOutcome> {
    const task = this.#tasks.get(attempt.type)
    if (task === undefined) return { kind: 'unserved' }
    let payload: unknown
    try {
      payload = readPayload(attempt)
      if (task.check !== undefined) {
        const checking = task.check(payload)
        const checked = checking instanceof Promise ? await checking : checking
        if ('refusal' in checked) return refused('payload_refused', checked.refusal)
        payload = checked.value
      }
    } catch (thrown) {
      return refused('payload_refused', taskErrorOf(thrown, 'payload_refused').message)
    }
    if (attempt.ballot === true && task.ballot === undefined) return refused('non_retryable', noBallot(task.type))
    let returned: unknown
    try {
      returned = await task.run(payload, new Context(attempt, control, this.#sink))
    } catch (thrown) {
      return failedBy(thrown)
    }
    const outcome = writeResult(returned)
    if (attempt.ballot !== true || task.ballot === undefined || outcome.kind !== 'completed') return outcome
    return withBallot(outcome, task.ballot, returned)
  }
}

/** What most tasks never ask for is made when they do. */
class Context implements TaskContext {
  readonly taskId: string
  readonly type: string
  readonly queue: string
  readonly attempt: number
  readonly maxAttempts: number
  readonly leaseId: string
  readonly idempotencyKey: string
  readonly meta: string | undefined
  readonly #attempt: AttemptInput
  readonly #control: Control
  readonly #sink: TaskLogSink
  #log: TaskLog | undefined

  constructor(attempt: AttemptInput, control: Control, sink: TaskLogSink) {
    this.taskId = attempt.taskId
    this.type = attempt.type
    this.queue = attempt.queue
    this.attempt = attempt.attempt
    this.maxAttempts = attempt.maxAttempts
    this.leaseId = attempt.leaseId
    this.idempotencyKey = attempt.taskId
    this.meta = attempt.meta
    this.#attempt = attempt
    this.#control = control
    this.#sink = sink
  }

  get signal(): AbortSignal {
    return this.#control.signal
  }

  get blockedMs(): number {
    return this.#control.blockedMs ?? 0
  }

  get lastCheckpoint(): unknown {
    const { checkpoint } = this.#attempt
    return checkpoint === undefined ? undefined : (JSON.parse(checkpoint) as unknown)
  }

  get checkpoint(): TaskContext['checkpoint'] {
    return (value) => this.#control.checkpoint(checkpointText(value))
  }

  get log(): TaskLog {
    this.#log ??= taskLog(this.#attempt, this.#control, this.#sink)
    return this.#log
  }

  progress(percent: number, message?: string): void {
    this.#control.progress(percent, message)
  }
}

/** @throws DtrError `bad_input` */
function checkpointText(value: unknown): string {
  let text: string | undefined
  try {
    text = JSON.stringify(value)
  } catch (error) {
    throw new DtrError('bad_input', `the checkpoint cannot be written as JSON: ${messageOf(error)}`)
  }
  if (text === undefined) throw new DtrError('bad_input', `the checkpoint is a ${typeof value}, which JSON has not`)
  return text
}

/** To who watches the task, and to the log of its worker. */
function taskLog(attempt: AttemptInput, control: Control, sink: TaskLogSink): TaskLog {
  const line = (level: LogLevel) => (text: string, fields?: LogFields) => {
    control.log(lineOf(level, text, fields))
    sink(attempt, { level, text, ...(fields && { fields }) })
  }
  const levels = { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') }
  return Object.assign(line('info'), levels)
}

/** The level is told where it is not the usual one. */
function lineOf(level: LogLevel, text: string, fields: LogFields = {}): string {
  const more = Object.entries(fields).map(([name, value]) => ` ${name}=${String(value)}`)
  return `${level === 'info' ? '' : `${level}: `}${String(text)}${more.join('')}\n`
}

function readPayload({ payload, encoding }: AttemptInput): unknown {
  if (encoding === 'base64') return Buffer.from(payload, 'base64')
  try {
    return JSON.parse(payload) as unknown
  } catch (error) {
    throw new Error(`the payload is not JSON: ${messageOf(error)}`)
  }
}

/** By its own code. */
function failedBy(thrown: unknown): AttemptOutcome {
  const final = isNonRetryable(thrown)
  return { kind: 'failed', error: taskErrorOf(thrown, final ? 'non_retryable' : 'task_failed'), final }
}

/** A failure that another attempt could not mend. */
function refused(code: ErrorCode, message: string): AttemptOutcome {
  return { kind: 'failed', error: taskErrorOf(message, code), final: true }
}

function writeResult(returned: unknown): AttemptOutcome {
  const bytes = returned instanceof Uint8Array
  let result: string | undefined
  try {
    if (bytes) result = Buffer.from(returned.buffer, returned.byteOffset, returned.byteLength).toString('base64')
    else result = returned === undefined ? 'null' : JSON.stringify(returned)
  } catch (thrown) {
    const why = taskErrorOf(thrown, 'non_retryable').message
    return refused('non_retryable', `the result cannot be written as JSON: ${why}`)
  }
  if (result === undefined) return refused('non_retryable', `the result is a ${typeof returned}, which JSON has not`)
  const size = Buffer.byteLength(result)
  if (size <= RESULT_BYTES_MAX) return { kind: 'completed', result, encoding: bytes ? 'base64' : 'json' }
  return refused('too_large', `the result has ${size} bytes, and the limit is ${RESULT_BYTES_MAX}: return where it is`)
}

/** With what the result votes for, in the words of its own code. */
async function withBallot(
  outcome: Extract<AttemptOutcome, { kind: 'completed' }>,
  ballotOf: (result: unknown) => unknown,
  returned: unknown,
): Promise<AttemptOutcome> {
  let value: unknown
  try {
    value = await ballotOf(returned)
  } catch (thrown) {
    return failedBy(thrown)
  }
  let ballot: string | undefined
  try {
    ballot = JSON.stringify(value)
  } catch (thrown) {
    const why = taskErrorOf(thrown, 'non_retryable').message
    return refused('non_retryable', `the ballot cannot be written as JSON: ${why}`)
  }
  if (ballot === undefined) return refused('non_retryable', `the ballot is a ${typeof value}, which JSON has not`)
  const size = Buffer.byteLength(ballot)
  if (size <= BALLOT_BYTES_MAX) return { ...outcome, ballot }
  return refused('too_large', `the ballot has ${size} bytes, and the limit is ${BALLOT_BYTES_MAX}: give a hash of it`)
}
