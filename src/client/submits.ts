// The submits that the master has not answered, pure. What always holds:
// - a submit is forgotten only when the master has answered it: after a loss it is sent again with the same id (P2);
// - what is sent and unanswered stays below WINDOW_BYTES, or is one task: far below what closes a connection;
// - `busy` stops the whole outbox until the time that the master named: whatever else it sent would be busy too (P24).
import type { MonoMs } from '../clock.js'
import { DtrError } from '../errors.js'
import type { ClientMessage, MasterToClient, SubmittedTask } from '../protocol/messages.js'
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
      /** The master does not tell its end. */
      readonly untold: boolean
    }
  | { readonly kind: 'submit-refused'; readonly ticket: number; readonly error: DtrError }

type Answer = Extract<MasterToClient, { type: 'accepted' }>['list'][number]

/** A `submit` that has no answer. */
interface Sent {
  readonly requests: readonly SubmitRequest[]
  readonly bytes: number
}

/** Tasks of one message: enough for what a message costs to be shared, few enough for the master to begin soon. */
const TASKS_MAX = 256
const WINDOW_BYTES = 4 * 1024 * 1024
/** Where the master does not say when to try again. */
const BUSY_WAIT_MS = 500

export class Submits {
  /** Not sent, in the order of their tickets. */
  #queue = new Map<number, SubmitRequest>()
  /** By `re`. */
  readonly #sent = new Map<number, Sent>()
  #sentBytes = 0
  /** Sent on a connection that ended before the answer: the master may have them. */
  readonly #unsure = new Set<number>()
  #pausedUntil: MonoMs | undefined

  add(request: SubmitRequest): void {
    this.#queue.set(request.ticket, request)
  }

  /** Takes back what was never sent. Whether there was something to take back. */
  withdraw(ticket: number): boolean {
    return !this.#unsure.has(ticket) && this.#queue.delete(ticket)
  }

  /** The connection is gone: everything without an answer waits again, before what was added later. */
  closed(): void {
    const unanswered = [...this.#sent.values()].flatMap(({ requests }) => requests)
    for (const { ticket } of unanswered) this.#unsure.add(ticket)
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
      const sent = this.#gather()
      const re = nextRe()
      this.#sent.set(re, sent)
      messages.push({ type: 'submit', re, list: sent.requests.map(({ task }) => task), brief: true })
    }
    return messages
  }

  /** What a message answers; undefined where it answers no submit. */
  take(at: MonoMs, message: MasterToClient): SubmitAnswer[] | undefined {
    if (!('re' in message) || message.re === undefined) return undefined
    const sent = this.#sent.get(message.re)
    if (sent === undefined) return undefined
    this.#sent.delete(message.re)
    this.#sentBytes -= sent.bytes
    const answers: SubmitAnswer[] = []
    const again: SubmitRequest[] = []
    const answerTo = readerOf(message)
    for (const [index, request] of sent.requests.entries()) {
      if (this.#unsure.size > 0) this.#unsure.delete(request.ticket)
      const answer = answerTo(request, index)
      if (answer.kind === 'submitted' || !mayRetry(at, request, answer.error)) answers.push(answer)
      else {
        this.#pausedUntil = Math.max(this.#pausedUntil ?? at, at + (answer.error.retryAfterMs ?? BUSY_WAIT_MS))
        again.push(request)
      }
    }
    this.#requeue(again)
    return answers
  }

  #windowOpen(): boolean {
    return this.#sentBytes < WINDOW_BYTES
  }

  /** The next message: up to TASKS_MAX tasks within the window; an id that is in it already waits for the next one. */
  #gather(): Sent {
    const requests: SubmitRequest[] = []
    const ids = new Set<string>()
    let bytes = 0
    for (const [ticket, request] of this.#queue) {
      if (requests.length === TASKS_MAX || !this.#windowOpen() || ids.has(request.task.id)) break
      this.#queue.delete(ticket)
      ids.add(request.task.id)
      requests.push(request)
      const taskBytes = lineBytesOf(request.task)
      bytes += taskBytes
      this.#sentBytes += taskBytes
    }
    return { requests, bytes }
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

/** What a message says to each of the requests that it answers. */
function readerOf(message: MasterToClient): (request: SubmitRequest, index: number) => SubmitAnswer {
  if (message.type !== 'accepted') {
    const error = failureError(message)
    return ({ ticket }) => ({ kind: 'submit-refused', ticket, error })
  }
  const { list, ids = [] } = message
  const unserved = new Set(message.unserved)
  let met = 0
  let accepted: ReadonlySet<string> | undefined
  const isAccepted = (id: string): boolean => {
    accepted ??= new Set(ids)
    return accepted.has(id)
  }
  return ({ ticket, task: { id, type, untold = false } }, index) => {
    // A master answers in the order in which it was asked: to look for one costs only where another was not accepted.
    if (ids[met] === id || isAccepted(id)) {
      met += 1
      const state = 'pending'
      return { kind: 'submitted', ticket, id, status: 'accepted', state, unserved: unserved.has(type), untold }
    }
    const next = list[index - met]
    const answer = next?.id === id ? next : list.find((each) => each.id === id)
    if (answer?.status !== 'accepted' && answer?.status !== 'existing') {
      return { kind: 'submit-refused', ticket, error: whyRefused(id, answer) }
    }
    const { status, state = 'pending' } = answer
    return { kind: 'submitted', ticket, id, status, state, unserved: unserved.has(type), untold }
  }
}

function whyRefused(id: string, answer: Answer | undefined): DtrError {
  if (answer?.status === 'conflict') return conflict(id)
  return answer?.status === 'busy' ? busy(answer.retryAfterMs) : unanswered()
}

function conflict(id: string): DtrError {
  return new DtrError('conflict', `task ${id} exists with another type, payload or options`, {
    hint: 'a key stands for one task: use another key, or submit the very same task',
  })
}

function busy(retryAfterMs: number | undefined): DtrError {
  return new DtrError(
    'busy',
    'too many tasks are pending, or the disk of the master is nearly full',
    retryAfterMs === undefined ? {} : { retryAfterMs },
  )
}

function unanswered(): DtrError {
  return new DtrError('protocol', 'the master answered the submit without naming this task')
}
