// The tasks whose course somebody here wants to see, pure. What always holds:
// - after every reconnect each of them is watched anew; what is told again then is for each watcher to leave out;
// - each is told to have ended, or to be unknown, once, and nothing of it after that.
import type { MonoMs } from '../clock.js'
import type { ClientMessage, MasterToClient, SeenField } from '../protocol/messages.js'
import { takeSome } from './pages.js'
import type { TaskEnd } from './task-end.js'

export type WatchedAnswer =
  | { readonly kind: 'seen'; readonly entry: SeenField }
  | { readonly kind: 'watched-ended'; readonly end: TaskEnd }
  | { readonly kind: 'watched-unknown'; readonly id: string }

const RETRY_WAIT_MS = 1_000

export class Watched {
  readonly #tasks = new Set<string>()
  #toWatch = new Set<string>()
  readonly #toUnwatch = new Set<string>()
  readonly #asked = new Map<number, readonly string[]>()
  #pausedUntil: MonoMs | undefined

  /** One that is watched already is told anew as it stands. */
  watch(id: string): void {
    this.#tasks.add(id)
    this.#toWatch.add(id)
    this.#toUnwatch.delete(id)
  }

  unwatch(id: string): void {
    if (this.#tasks.delete(id) && !this.#toWatch.delete(id)) this.#toUnwatch.add(id)
  }

  closed(): void {
    this.#toWatch = new Set(this.#tasks)
    this.#toUnwatch.clear()
    this.#asked.clear()
    this.#pausedUntil = undefined
  }

  nextDeadline(at: MonoMs): MonoMs | undefined {
    if (this.#toUnwatch.size > 0) return at
    return this.#toWatch.size === 0 ? undefined : Math.max(at, this.#pausedUntil ?? at)
  }

  send(at: MonoMs, nextRe: () => number): ClientMessage[] {
    const messages: ClientMessage[] = []
    while (this.#toUnwatch.size > 0) {
      messages.push({ type: 'unwatch', re: nextRe(), ids: takeSome(this.#toUnwatch) })
    }
    if (at < (this.#pausedUntil ?? at)) return messages
    while (this.#toWatch.size > 0) {
      const watch = { type: 'watch', re: nextRe(), ids: takeSome(this.#toWatch), live: true } as const
      this.#asked.set(watch.re, watch.ids)
      messages.push(watch)
    }
    return messages
  }

  take(at: MonoMs, message: MasterToClient): readonly WatchedAnswer[] {
    if (this.#tasks.size === 0) return NOTHING
    if (message.type === 'seen') {
      return message.list.flatMap((entry) => (this.#tasks.has(entry.id) ? [{ kind: 'seen', entry }] : []))
    }
    if (message.type === 'ended')
      return message.list.flatMap((end) => this.#over(end.id, { kind: 'watched-ended', end }))
    if (!('re' in message) || message.re === undefined) return NOTHING
    const asked = this.#asked.get(message.re)
    if (asked === undefined) return NOTHING
    this.#asked.delete(message.re)
    if (message.type === 'watching') {
      return message.unknown.flatMap((id) => this.#over(id, { kind: 'watched-unknown', id }))
    }
    for (const id of asked) if (this.#tasks.has(id)) this.#toWatch.add(id)
    this.#pausedUntil = at + RETRY_WAIT_MS
    return NOTHING
  }

  #over(id: string, answer: WatchedAnswer): WatchedAnswer[] {
    this.#toWatch.delete(id)
    return this.#tasks.delete(id) ? [answer] : []
  }
}

const NOTHING: readonly WatchedAnswer[] = []
