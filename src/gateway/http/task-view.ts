// A task as HTTP shows it: JSON in snake_case, times in ISO 8601, and the words of those that came before.
import type { ErrorField, FailureField, SummaryField, TaskField } from '../../protocol/messages.js'
import { chargedAttempts } from '../../task/task.js'
import { JsonText } from './json-text.js'

export type View = Readonly<Record<string, unknown>>

export function timeOf(ms: number | undefined): string | null {
  return ms === undefined ? null : new Date(ms).toISOString()
}

/** `worker-1#7f3a` -> `worker-1`. */
export function workerOf(holder: string | undefined): string | null {
  return holder === undefined ? null : holder.replace(/#.*$/, '')
}

export function summaryView(task: SummaryField | TaskField): View {
  const runs = task.state === 'running'
  return {
    id: task.id,
    type: task.type,
    task_type: task.type,
    queue: task.queue,
    state: task.state,
    status: task.state,
    priority: task.priority,
    attempts: chargedAttempts(task),
    attempt: task.attempt,
    max_attempts: task.maxAttempts ?? null,
    created_at: timeOf(task.createdAt),
    run_at: timeOf(task.runAt),
    started_at: timeOf(task.grantedAt),
    ended_at: timeOf(task.endedAt),
    expires_at: timeOf(task.expiresAt),
    reserved_by: runs ? workerOf(task.holder) : null,
    worker_id: workerOf(task.holder),
    incarnation: task.holder ?? null,
    lease_id: runs ? (task.lease ?? null) : null,
    lease_expires_at: runs ? timeOf(task.leaseUntil) : null,
    cancel_requested: task.cancelRequested,
    description: task.description,
    error: failureView(task.error),
  }
}

export function taskView(task: TaskField): View {
  return {
    ...summaryView(task),
    ...payloadView(task.payload, task.encoding),
    result: carried(task.result, task.resultEncoding),
    result_encoding: task.resultEncoding === 'base64' ? 'base64' : undefined,
    progress: task.progress && { percent: task.progress.percent, message: task.progress.message },
    meta: task.meta === undefined ? undefined : new JsonText(task.meta),
    attempts_before: task.story?.map((attempt) => ({
      attempt: attempt.attempt,
      lease_id: attempt.lease,
      worker_id: workerOf(attempt.holder),
      incarnation: attempt.holder,
      started_at: timeOf(attempt.grantedAt),
      ended_at: timeOf(attempt.endedAt),
      outcome: attempt.outcome,
      charged: attempt.charged,
      error: failureView(attempt.error),
    })),
    votes: task.poll?.replicas.map(({ n, id, voter, state, ballot, agreed }) => ({
      ...{ replica: n, task_id: id, worker_id: voter ?? null, state, vote: ballot, agreed },
    })),
  }
}

/** What was submitted as `{"data": ...}` or `{"text": ...}` is shown under that name as well. */
export function payloadView(payload: string, encoding: string | undefined): View {
  return {
    payload: carried(payload, encoding),
    payload_encoding: encoding === 'base64' ? 'base64' : undefined,
    ...(encoding === 'base64' ? {} : wrapped(payload)),
  }
}

function wrapped(payload: string): View {
  const [, name = '', value = ''] = /^\{"(data|text)":(.+)\}$/s.exec(payload) ?? []
  if (name === '') return {}
  try {
    // Only where the field is all there is: else what was cut out is no JSON.
    JSON.parse(value)
  } catch {
    return {}
  }
  if (name === 'text' && !value.startsWith('"')) return {}
  return { [name]: new JsonText(value) }
}

export function carried(text: string | undefined, encoding: string | undefined): unknown {
  if (text === undefined) return undefined
  return encoding === 'base64' ? text : new JsonText(text)
}

export function failureView(error: ErrorField | SummaryField['error']): View | undefined {
  if (error === undefined) return undefined
  const { code, message, exitCode, signal } = error
  return { code, message, stack: 'stack' in error ? error.stack : undefined, exit_code: exitCode, signal }
}

export function failureGroupView({ key, type, code, message, count, firstAt, lastAt, examples }: FailureField): View {
  return { key, type, code, message, count, first_at: timeOf(firstAt), last_at: timeOf(lastAt), examples }
}
