// The submits that the master has not answered, pure. What always holds:
// - a submit is forgotten only when the master has answered it: after a loss it is sent again with the same id (P2);
// - what is sent and unanswered stays below WINDOW_BYTES, or is one task: far below what closes a connection;
// - `busy` stops the whole outbox until the time that the master named: whatever else it sent would be busy too (P24).
import type { MonoMs } from '../clock.js'
import { DtrError } from '../errors.js'
import { type ClientMessage, LIST_MAX, type MasterToClient, type SubmittedTask } from '../protocol/messages.js'
import type { TaskState } from '../task/task.js'
import { failureError } from './failure.js'
import { lineBytesOf } from './spec.js'

export interface SubmitRequest {
  /** Names this call; several calls may submit one id. */
  readonly ticket: number
  readonly task: SubmittedTask
  /** When to give up on a master that stays busy; none, never. */
  readonly busyUntil?: MonoMs
}

export type SubmitAnswer =
  | {
      readonly kind: 'submitted'
      readonly ticket: number
      readonly id: string
      readonly status: 'accepted' | 'existing'
      readonly state: TaskState
      /** No worker serves its type at the moment: it waits (P12). */
      readonly unserved: boolean
    }
  | { readonly kind: 'submit-refused'; readonly ticket: number; readonly error: DtrError }

const WINDOW_BYTES = 4 * 1024 * 1024
/** Where the master does not say when to try again. */
const BUSY_WAIT_MS = 500

export class Submits {
  /** Not sent, in the order of their tickets. */
  #queue = new Map<number, SubmitRequest>()
  /** Sent and not answered: by `re`, then by task id. */
  readonly #sent = new Map<number, ReadonlyMap<string, SubmitRequest>>()
  #sentBytes = 0
  #pausedUntil: MonoMs | undefined

  add(request: SubmitRequest): void {
    this.#queue.set(request.ticket, request)
  }

  /** Takes back what was not sent yet. Whether there was something to take back. */
  withdraw(ticket: number): boolean {
    return this.#queue.delete(ticket)
  }

  /** The connection is gone: everything without an answer waits again, before what was added later. */
  closed(): void {
    const unanswered = [...this.#sent.values()].flatMap((message) => [...message.values()])
    this.#sent.clear()
    this.#sentBytes = 0
    this.#pausedUntil = undefined
    this.#requeue(unanswered)
  }

  /** When `send` has something to do: now (`at`), at a later time, or not before something happens. */
  nextDeadline(at: MonoMs): MonoMs | undefined {
    if (this.#queue.size === 0 || !this.#windowOpen()) return undefined
    return Math.max(at, this.#pausedUntil ?? at)
  }

  send(at: MonoMs, nextRe: () => number): ClientMessage[] {
    const messages: ClientMessage[] = []
    while ((this.nextDeadline(at) ?? Number.POSITIVE_INFINITY) <= at) {
      const gathered = this.#gather()
      const re = nextRe()
      this.#sent.set(re, gathered)
      messages.push({ type: 'submit', re, list: [...gathered.values()].map((request) => request.task) })
    }
    return messages
  }

  /** What a message answers; undefined where it answers no submit. */
  take(at: MonoMs, message: MasterToClient): SubmitAnswer[] | undefined {
    if (!('re' in message) || message.re === undefined) return undefined
    const sent = this.#sent.get(message.re)
    if (sent === undefined) return undefined
    this.#sent.delete(message.re)
    for (const request of sent.values()) this.#sentBytes -= lineBytesOf(request.task)
    const again: SubmitRequest[] = []
    const failed = (request: SubmitRequest, error: DtrError): SubmitAnswer[] => {
      if (!mayRetry(at, request, error)) return [{ kind: 'submit-refused', ticket: request.ticket, error }]
      this.#pausedUntil = Math.max(this.#pausedUntil ?? at, at + (error.retryAfterMs ?? BUSY_WAIT_MS))
      again.push(request)
      return []
    }
    const answers = answersTo(sent, message, failed)
    this.#requeue(again)
    return answers
  }

  #windowOpen(): boolean {
    return this.#sentBytes < WINDOW_BYTES
  }

  /** The next message: up to LIST_MAX tasks within the window; an id that is in it already waits for the next one. */
  #gather(): ReadonlyMap<string, SubmitRequest> {
    const gathered = new Map<string, SubmitRequest>()
    for (const [ticket, request] of this.#queue) {
      if (gathered.size === LIST_MAX || !this.#windowOpen() || gathered.has(request.task.id)) break
      this.#queue.delete(ticket)
      this.#sentBytes += lineBytesOf(request.task)
      gathered.set(request.task.id, request)
    }
    return gathered
  }

  #requeue(requests: readonly SubmitRequest[]): void {
    if (requests.length === 0) return
    const waiting = [...requests, ...this.#queue.values()].sort((one, other) => one.ticket - other.ticket)
    this.#queue = new Map(waiting.map((request) => [request.ticket, request]))
  }
}

/** What may succeed unchanged is tried again until its time is up. */
function mayRetry(at: MonoMs, request: SubmitRequest, error: DtrError): boolean {
  return error.retriable && (request.busyUntil === undefined || at < request.busyUntil)
}

function answersTo(
  sent: ReadonlyMap<string, SubmitRequest>,
  message: MasterToClient,
  failed: (request: SubmitRequest, error: DtrError) => SubmitAnswer[],
): SubmitAnswer[] {
  const requests = [...sent.values()]
  if (message.type !== 'accepted') return requests.flatMap((request) => failed(request, failureError(message)))
  const answers = new Map(message.list.map((entry) => [entry.id, entry]))
  const unserved = new Set(message.unserved)
  return requests.flatMap((request): SubmitAnswer[] => {
    const { ticket, task } = request
    const answer = answers.get(task.id)
    if (answer === undefined) return failed(request, unanswered())
    if (answer.status === 'conflict') return failed(request, conflict(task.id))
    if (answer.status === 'busy') return failed(request, busy(answer.retryAfterMs))
    const { status, state = 'pending' } = answer
    return [{ kind: 'submitted', ticket, id: task.id, status, state, unserved: unserved.has(task.type) }]
  })
}

function conflict(id: string): DtrError {
  return new DtrError('conflict', `task ${id} exists with another type, payload or options`, {
    hint: 'a key stands for one task: use another key, or submit the very same task',
  })
}

function busy(retryAfterMs: number | undefined): DtrError {
  return new DtrError('busy', 'too many tasks are pending', retryAfterMs === undefined ? {} : { retryAfterMs })
}

function unanswered(): DtrError {
  return new DtrError('protocol', 'the master answered the submit without naming this task')
}
