// What a client says to the master and what the answers mean, pure (design: section 3). It composes three duties:
// submits (sent until answered), awaited ends (asked for after every reconnect) and requests (one answer each).
//
//   event -> step -> effects; when `nextDeadline` has come, `tick` makes it say what has gathered since.
//
// Submits, then requests, then questions: so a cancel never overtakes the submit that it is about.
import type { Instant, MonoMs } from '../clock.js'
import type { ClientMessage, MasterToClient } from '../protocol/messages.js'
import { Awaited, type AwaitedAnswer } from './awaited.js'
import { type Request, type RequestAnswer, Requests } from './requests.js'
import { type SubmitAnswer, type SubmitRequest, Submits } from './submits.js'

export type ClientEvent =
  | { readonly kind: 'connected' }
  | { readonly kind: 'closed' }
  | { readonly kind: 'messages'; readonly messages: readonly MasterToClient[] }
  | { readonly kind: 'submit'; readonly request: SubmitRequest }
  | { readonly kind: 'withdraw'; readonly ticket: number }
  | { readonly kind: 'follow'; readonly id: string }
  | { readonly kind: 'request'; readonly ticket: number; readonly request: Request }
  | { readonly kind: 'tick' }

export type ClientEffect =
  | { readonly kind: 'send'; readonly message: ClientMessage }
  | { readonly kind: 'withdrawn'; readonly ticket: number }
  | SubmitAnswer
  | AwaitedAnswer
  | RequestAnswer

const NOTHING: readonly ClientEffect[] = []

export class ClientMachine {
  readonly #submits = new Submits()
  readonly #awaited = new Awaited()
  readonly #requests = new Requests()
  #connected = false
  #re = 0

  step(at: Instant, event: ClientEvent): readonly ClientEffect[] {
    switch (event.kind) {
      case 'connected':
        this.#connected = true
        return this.#send(at.monoMs)
      case 'closed':
        this.#connected = false
        for (const duty of [this.#submits, this.#awaited]) duty.closed()
        return this.#requests.closed()
      case 'messages':
        return event.messages.flatMap((message) => this.#take(at.monoMs, message))
      case 'submit':
        this.#submits.add(event.request)
        return NOTHING
      case 'withdraw':
        return this.#submits.withdraw(event.ticket) ? [{ kind: 'withdrawn', ticket: event.ticket }] : []
      case 'follow':
        this.#awaited.follow(event.id)
        return []
      case 'request':
        this.#requests.add(event.ticket, event.request)
        return []
      case 'tick':
        return this.#send(at.monoMs)
    }
  }

  /** When it wants a `tick`; not later than `at` where something waits to be said. */
  nextDeadline(at: MonoMs): MonoMs | undefined {
    if (!this.#connected) return undefined
    const deadlines = [this.#requests.nextDeadline(at), this.#submits.nextDeadline(at), this.#awaited.nextDeadline(at)]
    const next = Math.min(...deadlines.map((deadline) => deadline ?? Number.POSITIVE_INFINITY))
    return next === Number.POSITIVE_INFINITY ? undefined : next
  }

  #send(at: MonoMs): ClientEffect[] {
    if (!this.#connected) return []
    const nextRe = (): number => {
      this.#re += 1
      return this.#re
    }
    const messages = [
      ...this.#submits.send(at, nextRe),
      ...this.#requests.send(at, nextRe),
      ...this.#awaited.send(at, nextRe),
    ]
    return messages.map((message) => ({ kind: 'send', message }))
  }

  #take(at: MonoMs, message: MasterToClient): readonly ClientEffect[] {
    const submitted = this.#submits.take(at, message)
    for (const answer of submitted ?? []) if (answer.kind === 'submitted') this.#await(answer)
    // An answer that nobody asked for, and messages of a newer version, change nothing here.
    return submitted ?? this.#awaited.take(at, message) ?? this.#requests.take(at, message) ?? []
  }

  /** Of a task that existed the origin may be another, and it may have ended: that is asked for. */
  #await(answer: Extract<SubmitAnswer, { kind: 'submitted' }>): void {
    if (answer.status === 'accepted') this.#awaited.expect(answer.id)
    else this.#awaited.follow(answer.id)
  }
}
