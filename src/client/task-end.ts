// How a task ended, as its client sees it, and the error that `result()` rejects with.
import { DtrError, type ErrorCode, isErrorCode } from '../errors.js'
import type { ErrorField, TaskField } from '../protocol/messages.js'
import type { Encoding, TaskState } from '../task/task.js'

/** A task that ended, its result still as text. */
export interface TaskEnd {
  readonly id: string
  readonly state: TaskState
  readonly result?: string
  readonly encoding?: Encoding
  readonly error?: ErrorField
}

/** What `get` says of a task that has ended. */
export function endOfTask(task: TaskField): TaskEnd {
  return {
    id: task.id,
    state: task.state,
    ...(task.result !== undefined && { result: task.result }),
    ...(task.resultEncoding !== undefined && { encoding: task.resultEncoding }),
    ...(task.error !== undefined && { error: task.error }),
  }
}

/** A task that failed or was cancelled: `code` says why, `taskId` which, `attemptError` what its worker told. */
export class TaskFailedError extends DtrError {
  readonly taskId: string
  readonly state: TaskState
  readonly attemptError: ErrorField | undefined

  constructor(end: TaskEnd) {
    super(codeOf(end), `task ${end.id} ${end.state}: ${end.error?.message ?? 'no reason was given'}`, {
      hint: `dtr get ${end.id} tells its story`,
    })
    this.name = 'TaskFailedError'
    this.taskId = end.id
    this.state = end.state
    this.attemptError = end.error
  }
}

/** The code of a task's error may be of a newer version of dtr; then it is a failed task like any other. */
function codeOf(end: TaskEnd): ErrorCode {
  if (end.error !== undefined && isErrorCode(end.error.code)) return end.error.code
  return end.state === 'cancelled' ? 'cancelled' : 'task_failed'
}

/** The value that the task returned. @throws TaskFailedError where it did not complete */
export function resultOf(end: TaskEnd): unknown {
  if (end.state !== 'completed') throw new TaskFailedError(end)
  const text = end.result ?? 'null'
  return end.encoding === 'base64' ? Buffer.from(text, 'base64') : (JSON.parse(text) as unknown)
}
