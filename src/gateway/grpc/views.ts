// Tasks, and what they do, as gRPC shows them.
import type { TaskEnd } from '../../client/task-end.js'
import type { TaskEvent } from '../../client/task-events.js'
import type { ErrorField, SummaryField, TaskField } from '../../protocol/messages.js'
import { chargedAttempts, type TaskState } from '../../task/task.js'
import { workerOf } from '../http/task-view.js'
import { bytesOf, encodingOf } from './carried.js'
import type { Task } from './generated/orchestrator/v1/Task.js'
import type { TaskError } from './generated/orchestrator/v1/TaskError.js'
import type { TaskProgress } from './generated/orchestrator/v1/TaskProgress.js'
import type { TaskResult } from './generated/orchestrator/v1/TaskResult.js'
import type { TaskStatus__Output as TaskStatus } from './generated/orchestrator/v1/TaskStatus.js'
import { partsOf, timeOf } from './times.js'

const STATUS_OF = {
  pending: 'TASK_STATUS_PENDING',
  running: 'TASK_STATUS_RUNNING',
  completed: 'TASK_STATUS_COMPLETED',
  failed: 'TASK_STATUS_FAILED',
  cancelled: 'TASK_STATUS_CANCELLED',
} as const satisfies Record<TaskState, TaskStatus>

export function statusOfState(state: TaskState): TaskStatus {
  return STATUS_OF[state]
}

/** Undefined: none was named. */
export function stateOfStatus(status: TaskStatus): TaskState | undefined {
  return (Object.keys(STATUS_OF) as TaskState[]).find((state) => STATUS_OF[state] === status)
}

export function summaryView(task: SummaryField | TaskField): Task {
  return {
    taskId: task.id,
    name: task.type,
    description: task.description ?? '',
    queue: task.queue,
    priority: task.priority,
    status: STATUS_OF[task.state],
    attempts: chargedAttempts(task),
    maxAttempts: task.maxAttempts ?? 0,
    createdAt: timeOf(task.createdAt),
    runAt: timeOf(task.runAt),
    startedAt: timeOf(task.grantedAt),
    endedAt: timeOf(task.endedAt),
    workerId: workerOf(task.holder) ?? '',
    cancelRequested: task.cancelRequested,
    error: errorView(task.error),
  }
}

export function taskView(task: TaskField): Task {
  return {
    ...summaryView(task),
    payload: bytesOf(task.payload, task.encoding),
    payloadEncoding: encodingOf(task.encoding),
    ...(task.result !== undefined && {
      result: bytesOf(task.result, task.resultEncoding),
      resultEncoding: encodingOf(task.resultEncoding),
    }),
    percent: task.progress?.percent ?? 0,
    message: task.progress?.message ?? '',
    meta: task.meta ?? '',
    attemptsBefore: (task.story ?? []).map((attempt) => ({
      attempt: attempt.attempt,
      workerId: workerOf(attempt.holder) ?? '',
      startedAt: timeOf(attempt.grantedAt),
      endedAt: timeOf(attempt.endedAt),
      outcome: attempt.outcome,
      charged: attempt.charged,
      error: errorView(attempt.error),
    })),
  }
}

export function errorView(error: ErrorField | SummaryField['error']): TaskError | null {
  if (error === undefined) return null
  const { code, message, exitCode, signal } = error
  const stack = 'stack' in error ? error.stack : undefined
  const processEnd = { ...(exitCode !== undefined && { exitCode }), ...(signal !== undefined && { signal }) }
  return { code, message, stack: stack ?? '', ...processEnd }
}

function resultView({ id, state, result, encoding, error }: TaskEnd): TaskResult {
  const told = { taskId: id, status: STATUS_OF[state] }
  if (state !== 'completed') return { ...told, error: errorView(error) ?? { code: state, message: '' } }
  return { ...told, output: bytesOf(result, encoding), outputEncoding: encodingOf(encoding) }
}

/** What one task does, each time with where it stands. */
export class ProgressView {
  #stands: TaskProgress

  constructor(
    id: string,
    private readonly withLogs: boolean,
  ) {
    this.#stands = { taskId: id, status: 'TASK_STATUS_UNSPECIFIED' }
  }

  /** Nothing for what was not asked for. */
  next(event: TaskEvent, wallMs: number): TaskProgress | undefined {
    const observedAt = partsOf(wallMs)
    switch (event.kind) {
      case 'state': {
        const { id, state, attempt, worker, error, runAt } = event
        const sameAttempt = attempt === this.#stands.attempt && state === 'running'
        const { percent = 0, message = '' } = sameAttempt ? this.#stands : {}
        this.#stands = { taskId: id, status: STATUS_OF[state], attempt, workerId: worker ?? '', percent, message }
        return { ...this.#stands, observedAt, error: errorView(error), runAt: timeOf(runAt) }
      }
      case 'progress':
        this.#stands = { ...this.#stands, percent: event.percent, message: event.message ?? '' }
        return { ...this.#stands, observedAt }
      case 'log': {
        if (!this.withLogs) return undefined
        const { attempt, text, skipped = 0 } = event
        return { ...this.#stands, attempt, observedAt, log: text, logSkipped: skipped }
      }
      case 'ended': {
        const status = STATUS_OF[event.state]
        const done = event.state === 'completed' ? { percent: 100 } : {}
        return { ...this.#stands, ...done, status, observedAt, result: resultView(event) }
      }
    }
  }
}
