// Requests that have one answer each: get, cancel, status, stop. Pure. All of them may be asked twice, so one whose
// answer was lost with the connection is asked again.
import type { DtrError } from '../errors.js'
import type { ClientMessage, MasterToClient } from '../protocol/messages.js'
import { failureError } from './failure.js'

type WithoutRe<Message> = Message extends { re: number } ? Omit<Message, 're'> : never
export type Request = WithoutRe<Exclude<ClientMessage, { type: 'submit' | 'watch' | 'unsupported' }>>

/** What answers what. */
export const ANSWERS = {
  get: 'tasks',
  'cancel-tasks': 'cancelled-tasks',
  status: 'status-report',
  stop: 'stopping',
} as const satisfies Record<Request['type'], MasterToClient['type']>

export type AnswerTo<Asked extends Request> = Extract<MasterToClient, { type: (typeof ANSWERS)[Asked['type']] }>

export type RequestAnswer =
  | { readonly kind: 'answered'; readonly ticket: number; readonly message: MasterToClient }
  | { readonly kind: 'request-failed'; readonly ticket: number; readonly error: DtrError }

export class Requests {
  /** Unanswered, in the order of their tickets. */
  readonly #open = new Map<number, Request>()
  readonly #toSend = new Set<number>()
  readonly #sent = new Map<number, number>()

  add(ticket: number, request: Request): void {
    this.#open.set(ticket, request)
    this.#toSend.add(ticket)
  }

  closed(): void {
    this.#sent.clear()
    this.#toSend.clear()
    for (const ticket of this.#open.keys()) this.#toSend.add(ticket)
  }

  get waiting(): boolean {
    return this.#toSend.size > 0
  }

  send(nextRe: () => number): ClientMessage[] {
    const messages = [...this.#toSend].map((ticket) => {
      const re = nextRe()
      this.#sent.set(re, ticket)
      return { ...this.#open.get(ticket)!, re } as ClientMessage
    })
    this.#toSend.clear()
    return messages
  }

  take(message: MasterToClient): RequestAnswer[] | undefined {
    if (!('re' in message) || message.re === undefined) return undefined
    const ticket = this.#sent.get(message.re)
    const request = ticket === undefined ? undefined : this.#open.get(ticket)
    if (ticket === undefined || request === undefined) return undefined
    this.#sent.delete(message.re)
    this.#open.delete(ticket)
    if (message.type === ANSWERS[request.type]) return [{ kind: 'answered', ticket, message }]
    return [{ kind: 'request-failed', ticket, error: failureError(message) }]
  }
}
