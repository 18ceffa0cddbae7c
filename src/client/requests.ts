// Requests that have one answer each. Pure. What always holds:
// - one whose answer was lost with the connection is asked again; but not a retry, for each is one more start of code;
// - so many are open at a time as a master takes, and so much of them; where it is `busy` all the same, they wait and are sent
//   again (P24).
import type { MonoMs } from '../clock.js'
import { DtrError } from '../errors.js'
import type { ClientMessage, MasterToClient } from '../protocol/messages.js'
import { failureError } from './failure.js'

type WithoutRe<Message> = Message extends { re: number } ? Omit<Message, 're'> : never
export type Request = WithoutRe<Exclude<ClientMessage, { type: 'submit' | 'watch' | 'unwatch' | 'unsupported' }>>

/** What answers what. */
export const ANSWERS = {
  get: 'tasks',
  'cancel-tasks': 'cancelled-tasks',
  list: 'page',
  failures: 'failure-groups',
  logs: 'task-logs',
  'retry-tasks': 'retried-tasks',
  status: 'status-report',
  metrics: 'metrics-report',
  feed: 'fed',
  'reload-worker': 'worker-reloaded',
  'pull-register': 'pull-registered',
  'pull-beat': 'pull-heard',
  'pull-claim': 'pull-claimed',
  'pull-settle': 'pull-settled',
  'pull-checkpoint': 'pull-checkpointed',
  'pull-requeue': 'pull-requeued',
  'create-key': 'key-created',
  'list-keys': 'keys',
  'revoke-key': 'key-revoked',
  'check-key': 'key-checked',
  leaderboard: 'leaderboard-report',
  pardon: 'pardoned',
  'forget-ended': 'forgot-ended',
  stop: 'stopping',
} as const satisfies Record<Request['type'], MasterToClient['type']>

export type AnswerTo<Asked extends Request> = Extract<MasterToClient, { type: (typeof ANSWERS)[Asked['type']] }>

export type RequestAnswer =
  | { readonly kind: 'answered'; readonly ticket: number; readonly message: MasterToClient }
  | { readonly kind: 'request-failed'; readonly ticket: number; readonly error: DtrError }

export interface RequestLimits {
  readonly open: number
  /** Of the results that they carry. */
  readonly chars: number
}

/** Below what a master takes from one client, which also follows tasks. */
export const QUESTIONS: RequestLimits = { open: 16, chars: Number.POSITIVE_INFINITY }
/** For workers that pull: claims may wait long, and results well below what a connection may have unread. */
export const PULLS: RequestLimits = { open: 5_000, chars: 1024 * 1024 }
const BUSY_WAIT_MS = 200

export function isPull({ type }: Request): boolean {
  return type.startsWith('pull-')
}

export class Requests {
  /** Unanswered, in the order of their tickets. */
  readonly #open = new Map<number, Request>()
  readonly #toSend = new Set<number>()
  readonly #sent = new Map<number, number>()
  #sentChars = 0
  #pausedUntil: MonoMs | undefined

  constructor(private readonly limits: RequestLimits) {}

  add(ticket: number, request: Request): void {
    this.#open.set(ticket, request)
    this.#toSend.add(ticket)
  }

  /** The connection is gone. What must not be asked again fails. */
  closed(): RequestAnswer[] {
    const lost = [...this.#sent.values()].filter((ticket) => this.#open.get(ticket)?.type === 'retry-tasks')
    this.#sent.clear()
    this.#sentChars = 0
    this.#pausedUntil = undefined
    for (const ticket of lost) this.#open.delete(ticket)
    this.#toSend.clear()
    for (const ticket of this.#open.keys()) this.#toSend.add(ticket)
    return lost.map((ticket) => ({ kind: 'request-failed', ticket, error: answerLost() }))
  }

  /** When `send` has something to do. */
  nextDeadline(at: MonoMs): MonoMs | undefined {
    if (this.#toSend.size === 0 || this.#isFull) return undefined
    return Math.max(at, this.#pausedUntil ?? at)
  }

  send(at: MonoMs, nextRe: () => number): ClientMessage[] {
    const messages: ClientMessage[] = []
    if ((this.nextDeadline(at) ?? Number.POSITIVE_INFINITY) > at) return messages
    for (const ticket of this.#toSend) {
      if (this.#isFull) break
      const re = nextRe()
      const request = this.#open.get(ticket)!
      this.#toSend.delete(ticket)
      this.#sent.set(re, ticket)
      this.#sentChars += charsOf(request)
      messages.push({ ...request, re } as ClientMessage)
    }
    return messages
  }

  get #isFull(): boolean {
    return this.#sent.size >= this.limits.open || this.#sentChars >= this.limits.chars
  }

  take(at: MonoMs, message: MasterToClient): RequestAnswer[] | undefined {
    if (!('re' in message) || message.re === undefined) return undefined
    const ticket = this.#sent.get(message.re)
    const request = ticket === undefined ? undefined : this.#open.get(ticket)
    if (ticket === undefined || request === undefined) return undefined
    this.#sent.delete(message.re)
    this.#sentChars -= charsOf(request)
    if (message.type === 'error' && message.code === 'busy') {
      this.#toSend.add(ticket)
      this.#pausedUntil = at + (message.retryAfterMs ?? BUSY_WAIT_MS)
      return []
    }
    this.#open.delete(ticket)
    if (message.type === ANSWERS[request.type]) return [{ kind: 'answered', ticket, message }]
    return [{ kind: 'request-failed', ticket, error: failureError(message) }]
  }
}

function charsOf(request: Request): number {
  if (request.type === 'pull-checkpoint') return request.value.length
  return request.type === 'pull-settle' && request.ending.outcome === 'completed' ? request.ending.result.length : 0
}

function answerLost(): DtrError {
  return new DtrError('unreachable', 'the connection ended before the master said what was retried', {
    hint: 'some may have been; dtr tasks shows how they stand, and what still failed can be retried again',
  })
}
