// The life of a task, pure. Stores execute what is decided here; nobody else decides how an attempt ends.
//
//            submit                claim
//   (none) ---------> pending -------------> running ----> completed
//                      |  ^                   |  |  |
//                      |  +--- retry, return -+  |  +----> failed      (out of attempts, final, lost, poison)
//                      |                         +-------> cancelled   (asked for while it ran)
//                      +----> failed (expired, deadline) | cancelled
//
// A person who names a failed or cancelled task may send it back to pending (`decideRetry`).
//
// What always holds:
// - a running task has exactly one lease, any other has none (P5);
// - a terminal state is never left (P6), unless a person retries the task by name;
// - the user's code starts at most `maxAttempts` times, plus `uncharged` returns (P9);
// - with `maxAttempts: 1` an attempt that may have started is the last (P10).
import type { WallMs } from '../clock.js'
import type { ErrorCode } from '../errors.js'
import type { VoteRule } from './quorum.js'
import { backoffMs, jitterOf } from './retry.js'

export type TaskState = 'pending' | 'running' | 'completed' | 'failed' | 'cancelled'
export const TASK_STATES = ['pending', 'running', 'completed', 'failed', 'cancelled'] as const
export const TERMINAL_STATES: readonly TaskState[] = ['completed', 'failed', 'cancelled']

/** The diagram above as a table: from a state to those that may follow it by themselves. */
export const TRANSITIONS: Readonly<Record<TaskState, readonly TaskState[]>> = {
  pending: ['running', 'failed', 'cancelled'],
  running: ['pending', 'completed', 'failed', 'cancelled'],
  completed: [],
  failed: [],
  cancelled: [],
}

/** How `payload` and `result` are written as text. They are forwarded unread, byte for byte. */
export type Encoding = 'json' | 'base64'

export const DEFAULT_QUEUE = 'default'
export const DEFAULT_MAX_ATTEMPTS = 5
/** Returns that were nobody's fault stop being free after so many (P9). */
export const UNCHARGED_RETURNS_MAX = 20
/** Deaths of its host, alone in it, that make a task poison (P11). */
const DEATHS_MAX = 3
export const PRIORITY_MIN = -1_000_000
export const PRIORITY_MAX = 1_000_000

/** What a client submits. Everything but `id`, `type` and `payload` has a default that the master fills in. */
export interface TaskSpec {
  /** UUID, made by the client: the same id with the same content is the same task (P2). */
  readonly id: string
  readonly queue: string
  readonly type: string
  readonly payload: string
  readonly encoding: Encoding
  /** Higher goes first. */
  readonly priority: number
  /** Wait so long before the first attempt. */
  readonly delayMs?: number
  /** Unset: the default of the type where its worker names one, else DEFAULT_MAX_ATTEMPTS. */
  readonly maxAttempts?: number
  /** Limit of one run. Unset: the default of the type, else none. */
  readonly timeoutMs?: number
  /** A task that waits after so long fails as expired, also where it waits to be tried again. */
  readonly expiresMs?: number
  /** A task that has not ended after so long fails, whether it waits or runs, and is not tried again. */
  readonly deadlineMs?: number
  readonly description?: string
  /** The client's own annotations, a JSON object as text. */
  readonly meta?: string
  /** It is done by several workers, and they vote. */
  readonly vote?: VoteRule
  /** The incarnation of the client that submitted it, where its end is told to that one. */
  readonly origin?: string
}

export interface TaskError {
  readonly code: ErrorCode
  readonly message: string
  readonly stack?: string
  /** Of the process that died, where one did. */
  readonly exitCode?: number
  readonly signal?: string
}

/** A task as the store keeps it. */
export interface Task extends Omit<TaskSpec, 'delayMs' | 'expiresMs' | 'deadlineMs' | 'vote'> {
  /** Order of submission. */
  readonly seq: number
  readonly state: TaskState
  readonly createdAt: WallMs
  /** Not claimed before this. */
  readonly runAt: WallMs
  /** It does not wait for longer; not after its deadline. */
  readonly expiresAt?: WallMs
  readonly deadlineAt?: WallMs
  /** Attempts granted so far; the number of the current one while running. */
  readonly attempt: number
  /** Those of them, since the last retry by hand, that do not count against `maxAttempts`. */
  readonly uncharged: number
  /** Attempts before the last retry by hand: they do not count any more. */
  readonly forgiven: number
  /** A host died beside this task: it must run alone until it is cleared (P11). */
  readonly suspect: boolean
  /** Set while running, and kept afterwards to answer a repeated settlement of the last lease. */
  readonly leaseId?: string
  /** Incarnation of the worker that holds, or last held, the lease. */
  readonly holder?: string
  readonly grantedAt?: WallMs
  readonly cancelRequested: boolean
  readonly result?: string
  readonly resultEncoding?: Encoding
  readonly error?: TaskError
  readonly endedAt?: WallMs
}

/**
 * One line of a task's story: an attempt that did not succeed, or that a person sent the task back (`retried`; it has no
 * holder, and its lease names the batch that did it). A success needs none, the task itself tells it.
 */
export interface AttemptRecord {
  readonly attempt: number
  readonly leaseId: string
  readonly holder: string
  readonly grantedAt: WallMs
  readonly endedAt: WallMs
  readonly outcome: 'failed' | 'returned' | 'lost' | 'cancelled' | 'retried'
  readonly charged: boolean
  readonly error?: TaskError
}

/**
 * How an attempt ended.
 * - `completed`, `failed`: the code said so itself.
 * - `returned`: handed back by its worker; `neighbour` is a host that was ended because of another task.
 * - `lost`: its worker or lease is gone.
 * - `cancelled`: the code of a task whose cancel was asked for has ended.
 * `started` false means: it is proven that the user's code never began.
 */
export type Ending =
  | {
      readonly kind: 'completed'
      readonly result: string
      readonly encoding: Encoding
      /** JSON as text: what it votes for, where the code was asked to say so. */
      readonly ballot?: string
    }
  | { readonly kind: 'failed'; readonly error: TaskError; readonly final: boolean }
  | {
      readonly kind: 'returned'
      readonly reason: ReturnReason
      readonly started: boolean
      /** The host died and it is not known whose fault it was: run this task alone from now on. */
      readonly suspect?: boolean
      /** It is not to run again before so long. */
      readonly waitMs?: number
      readonly error?: TaskError
    }
  | { readonly kind: 'lost'; readonly started: boolean; readonly error: TaskError }
  | { readonly kind: 'cancelled' }

export type ReturnReason = (typeof RETURN_REASONS)[number]
/** `ahead`: it was held ready, and would have waited. */
export const RETURN_REASONS = ['drain', 'shutdown', 'neighbour', 'unserved', 'undelivered', 'ahead'] as const

/** What an ending makes of a running task. Fields that are not named stay, but a task that ends without an error has none. */
export interface EndingDecision {
  readonly state: Exclude<TaskState, 'running'>
  readonly attempt: number
  readonly uncharged: number
  readonly suspect: boolean
  readonly runAt: WallMs
  readonly result?: string
  readonly resultEncoding?: Encoding
  readonly error?: TaskError
  /** Set for a terminal state. */
  readonly endedAt?: WallMs
  /** What goes into the story. */
  readonly record?: AttemptRecord
}

export function isTerminal(state: TaskState): boolean {
  return TERMINAL_STATES.includes(state)
}

/**
 * Decides what becomes of a running task whose attempt has ended. The caller has checked the fence: `task.leaseId` is
 * the lease that ends here. Deterministic: the jitter of a backoff is drawn from the lease id, which is random.
 * @param story of its attempts so far, read where it matters
 */
export function decideEnding(
  task: Task,
  ending: Ending,
  now: WallMs,
  story: () => readonly AttemptRecord[],
): EndingDecision {
  if (task.cancelRequested) return end(task, now, 'cancelled', record(task, now, 'cancelled', false))
  switch (ending.kind) {
    case 'completed':
      return { ...end(task, now, 'completed'), result: ending.result, resultEncoding: ending.encoding }
    case 'cancelled':
      // The worker ended code for a cancel that is not on record: to the queue it is a return.
      return giveBack(task, now, {
        code: 'returned',
        message: 'ended by its worker for a cancel that is not on record',
      })
    case 'failed':
      return fail(task, now, ending.error, ending.final, story)
    case 'lost':
      return ending.started ? lose(task, now, ending.error) : undo(task)
    case 'returned': {
      if (!ending.started) return undo(task)
      const error = ending.error ?? { code: 'returned', message: `handed back: ${ending.reason}` }
      const given = giveBack(task, now, error)
      const runAt = ending.waitMs === undefined ? given.runAt : now + ending.waitMs
      return { ...given, runAt, suspect: given.suspect || ending.suspect === true }
    }
  }
}

/** Attempts that count against `maxAttempts`, the current one included. */
export function chargedAttempts({
  attempt,
  uncharged,
  forgiven = 0,
}: Pick<Task, 'attempt' | 'uncharged'> & { readonly forgiven?: number | undefined }): number {
  return attempt - uncharged - forgiven
}

/** What a retry by hand makes of a task. It waits for no time, and neither expires nor has a deadline; its last error stays to be read. */
export interface RetryDecision {
  readonly state: 'pending'
  readonly uncharged: 0
  readonly forgiven: number
  readonly suspect: false
  readonly cancelRequested: false
  readonly runAt: WallMs
  readonly record: AttemptRecord
}

/** A person sends a failed or cancelled task back, its attempts counted anew (P6). Undefined for any other. */
export function decideRetry(task: Task, now: WallMs, name: string): RetryDecision | undefined {
  if (task.state !== 'failed' && task.state !== 'cancelled') return undefined
  const { attempt } = task
  const record = {
    attempt,
    leaseId: name,
    holder: '',
    grantedAt: now,
    endedAt: now,
    outcome: 'retried',
    charged: false,
  } as const
  return {
    state: 'pending',
    uncharged: 0,
    forgiven: attempt,
    suspect: false,
    cancelRequested: false,
    runAt: now,
    record,
  }
}

function attemptsLeft(task: Task): boolean {
  return chargedAttempts(task) < (task.maxAttempts ?? DEFAULT_MAX_ATTEMPTS)
}

function fail(
  task: Task,
  now: WallMs,
  error: TaskError,
  final: boolean,
  story: () => readonly AttemptRecord[],
): EndingDecision {
  const line = record(task, now, 'failed', true, error)
  const deaths = isDeath(error) ? 1 + deathsIn(story()) : 0
  if (deaths >= DEATHS_MAX) return { ...end(task, now, 'failed', line), error: poisonOf(error, deaths) }
  if (final || !attemptsLeft(task)) return { ...end(task, now, 'failed', line), error }
  const waitMs = backoffMs(chargedAttempts(task), jitterOf(task.leaseId ?? task.id))
  return { ...back(task), runAt: now + waitMs, error, record: line }
}

/** Of its host, while it ran there alone (only then a death is its failure), since a person retried it. */
function deathsIn(story: readonly AttemptRecord[]): number {
  const sinceRetry = story.slice(story.findLastIndex(({ outcome }) => outcome === 'retried') + 1)
  return sinceRetry.filter(({ outcome, error }) => outcome === 'failed' && isDeath(error)).length
}

function isDeath(error: TaskError | undefined): boolean {
  return error?.code === 'host_died' || error?.code === 'out_of_memory'
}

/** How each of them went stands in the story. */
function poisonOf(last: TaskError, deaths: number): TaskError {
  return {
    ...last,
    code: 'poison',
    message: `it took its process down ${deaths} times, alone; at last ${last.message}`,
  }
}

/** The worker is gone and the code may have run: charged, and tried elsewhere at once. */
function lose(task: Task, now: WallMs, error: TaskError): EndingDecision {
  const story = record(task, now, 'lost', true, error)
  if (!attemptsLeft(task)) return { ...end(task, now, 'failed', story), error: { ...error, code: 'lost' } }
  return { ...back(task), error, record: story }
}

/** Nobody's fault: not charged, but not without an end either (P9), and never where at most once was asked for (P10). */
function giveBack(task: Task, now: WallMs, error: TaskError): EndingDecision {
  if (task.maxAttempts === 1) return lose(task, now, { ...error, code: 'lost' })
  if (task.uncharged >= UNCHARGED_RETURNS_MAX) return lose(task, now, error)
  return { ...back(task), uncharged: task.uncharged + 1, error, record: record(task, now, 'returned', false, error) }
}

/** It never started: as if it had never been granted. */
function undo(task: Task): EndingDecision {
  return { ...back(task), attempt: task.attempt - 1 }
}

function back(task: Task): EndingDecision {
  const { attempt, uncharged, suspect, runAt } = task
  return { state: 'pending', attempt, uncharged, suspect, runAt }
}

function end(
  task: Task,
  now: WallMs,
  state: 'completed' | 'failed' | 'cancelled',
  story?: AttemptRecord,
): EndingDecision {
  return { ...back(task), state, endedAt: now, ...(story && { record: story }) }
}

function record(
  task: Task,
  now: WallMs,
  outcome: AttemptRecord['outcome'],
  charged: boolean,
  error?: TaskError,
): AttemptRecord {
  return {
    attempt: task.attempt,
    leaseId: task.leaseId ?? '',
    holder: task.holder ?? '',
    grantedAt: task.grantedAt ?? now,
    endedAt: now,
    outcome,
    charged,
    ...(error && { error }),
  }
}
