// Attempts on their way to a host, as columns: a name is written once a list, and so is what is the same in all of it.
import type { AttemptInput } from '../../runner/runner.js'

/** One value for each, or the one that all of them have; null in place of none. */
type Column<Value> = Value | readonly Value[]

export interface AttemptColumns {
  readonly taskIds: readonly string[]
  readonly leaseIds: readonly string[]
  readonly payloads: readonly string[]
  readonly types: Column<string>
  readonly queues: Column<string>
  readonly encodings: Column<AttemptInput['encoding']>
  readonly attempts: Column<number>
  readonly maxAttempts: Column<number>
  readonly metas: Column<string | null>
  readonly checkpoints: Column<string | null>
  readonly ballots: Column<boolean | null>
}

export function columnsOf(list: readonly AttemptInput[]): AttemptColumns {
  return {
    taskIds: list.map(({ taskId }) => taskId),
    leaseIds: list.map(({ leaseId }) => leaseId),
    payloads: list.map(({ payload }) => payload),
    types: column(list.map(({ type }) => type)),
    queues: column(list.map(({ queue }) => queue)),
    encodings: column(list.map(({ encoding }) => encoding)),
    attempts: column(list.map(({ attempt }) => attempt)),
    maxAttempts: column(list.map(({ maxAttempts }) => maxAttempts)),
    metas: column(list.map(({ meta = null }) => meta)),
    checkpoints: column(list.map(({ checkpoint = null }) => checkpoint)),
    ballots: column(list.map(({ ballot = null }) => ballot)),
  }
}

export function attemptsOf(columns: AttemptColumns): AttemptInput[] {
  const { taskIds, leaseIds, payloads, types, queues, encodings, attempts, maxAttempts } = columns
  const { metas, checkpoints, ballots } = columns
  return taskIds.map((taskId, index) => {
    const attempt: { -readonly [Name in keyof AttemptInput]: AttemptInput[Name] } = {
      taskId,
      leaseId: leaseIds[index]!,
      type: at(types, index),
      queue: at(queues, index),
      payload: payloads[index]!,
      encoding: at(encodings, index),
      attempt: at(attempts, index),
      maxAttempts: at(maxAttempts, index),
    }
    const meta = at(metas, index)
    const checkpoint = at(checkpoints, index)
    const ballot = at(ballots, index)
    if (meta !== null) attempt.meta = meta
    if (checkpoint !== null) attempt.checkpoint = checkpoint
    if (ballot !== null) attempt.ballot = ballot
    return attempt
  })
}

function column<Value>(values: readonly Value[]): Column<Value> {
  const [first] = values
  return first !== undefined && values.every((value) => value === first) ? first : values
}

function at<Value>(column: Column<Value>, index: number): Value {
  return Array.isArray(column) ? column[index] : (column as Value)
}
