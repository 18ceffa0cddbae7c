// What a client says to the master and what the answers mean, pure (design: section 3). It composes three duties:
// submits (sent until answered), awaited ends (asked for after every reconnect) and requests (one answer each).
//
//   event -> step -> effects; when `nextDeadline` has come, `tick` makes it say what has gathered since.
//
// Submits, then requests, then questions: so a cancel never overtakes the submit that it is about.
import type { Instant, MonoMs } from '../clock.js'
import type { ClientMessage, MasterToClient } from '../protocol/messages.js'
import { Awaited, type AwaitedAnswer } from './awaited.js'
import { isPull, PULLS, QUESTIONS, type Request, type RequestAnswer, Requests } from './requests.js'
import { type SubmitAnswer, type SubmitRequest, Submits } from './submits.js'
import { Watched, type WatchedAnswer } from './watched.js'

export type ClientEvent =
  | { readonly kind: 'connected' }
  | { readonly kind: 'closed' }
  | { readonly kind: 'messages'; readonly messages: readonly MasterToClient[] }
  | { readonly kind: 'submit'; readonly request: SubmitRequest }
  | { readonly kind: 'withdraw'; readonly ticket: number }
  | { readonly kind: 'follow'; readonly id: string }
  | { readonly kind: 'watch'; readonly ids: readonly string[] }
  | { readonly kind: 'unwatch'; readonly ids: readonly string[] }
  | { readonly kind: 'request'; readonly ticket: number; readonly request: Request }
  | { readonly kind: 'tick' }

export type ClientEffect =
  | { readonly kind: 'send'; readonly message: ClientMessage }
  | { readonly kind: 'withdrawn'; readonly ticket: number }
  | SubmitAnswer
  | AwaitedAnswer
  | WatchedAnswer
  | RequestAnswer

const NOTHING: readonly ClientEffect[] = []

export class ClientMachine {
  readonly #submits = new Submits()
  readonly #awaited = new Awaited()
  readonly #watched = new Watched()
  readonly #requests = new Requests(QUESTIONS)
  /** What it says for workers that pull. */
  readonly #pulls = new Requests(PULLS)
  #connected = false
  #re = 0

  step(at: Instant, event: ClientEvent): readonly ClientEffect[] {
    switch (event.kind) {
      case 'connected':
        this.#connected = true
        return this.#send(at.monoMs)
      case 'closed':
        this.#connected = false
        for (const duty of [this.#submits, this.#awaited, this.#watched]) duty.closed()
        return [...this.#requests.closed(), ...this.#pulls.closed()]
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
      case 'watch':
        for (const id of event.ids) this.#watched.watch(id)
        return []
      case 'unwatch':
        for (const id of event.ids) this.#watched.unwatch(id)
        return []
      case 'request':
        ;(isPull(event.request) ? this.#pulls : this.#requests).add(event.ticket, event.request)
        return []
      case 'tick':
        return this.#send(at.monoMs)
    }
  }

  /** When it wants a `tick`; not later than `at` where something waits to be said. */
  nextDeadline(at: MonoMs): MonoMs | undefined {
    if (!this.#connected) return undefined
    const duties = [this.#requests, this.#pulls, this.#submits, this.#awaited, this.#watched]
    const deadlines = duties.map((duty) => duty.nextDeadline(at))
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
      ...this.#pulls.send(at, nextRe),
      ...this.#awaited.send(at, nextRe),
      ...this.#watched.send(at, nextRe),
    ]
    return messages.map((message) => ({ kind: 'send', message }))
  }

  #take(at: MonoMs, message: MasterToClient): readonly ClientEffect[] {
    const submitted = this.#submits.take(at, message)
    for (const answer of submitted ?? []) if (answer.kind === 'submitted' && !answer.untold) this.#await(answer)
    // The end of a task may be awaited and watched.
    const seen = this.#watched.take(at, message)
    // An answer that nobody asked for, and messages of a newer version, change nothing here.
    const answered = submitted ?? this.#awaited.take(at, message) ?? this.#requests.take(at, message)
    const others = answered ?? this.#pulls.take(at, message) ?? []
    return seen.length === 0 ? others : [...seen, ...others]
  }

  /** Of a task that existed the origin may be another, and it may have ended: that is asked for. */
  #await(answer: Extract<SubmitAnswer, { kind: 'submitted' }>): void {
    if (answer.status === 'accepted') this.#awaited.expect(answer.id)
    else this.#awaited.follow(answer.id)
  }
}
