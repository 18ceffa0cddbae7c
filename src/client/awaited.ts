// The tasks whose end somebody here awaits, pure. The master tells the end of a task to the client that submitted it;
// what could have been missed, and what others submitted, is asked for. What always holds:
// - after every reconnect each awaited task is asked for once: an end that fell into the gap is found by asking, a later
//   one is told;
// - a task of another origin is watched as soon as an answer shows that it has not ended;
// - at most one page is asked for at a time.
import type { MonoMs } from '../clock.js'
import type { ClientMessage, MasterToClient } from '../protocol/messages.js'
import { isTerminal } from '../task/task.js'
import { restOf, takeSome } from './pages.js'
import { endOfTask, type TaskEnd } from './task-end.js'

export type AwaitedAnswer =
  | { readonly kind: 'ended'; readonly end: TaskEnd }
  /** The master knows no such task, or does not keep it any more. */
  | { readonly kind: 'unknown'; readonly id: string }

const RETRY_WAIT_MS = 1_000

export class Awaited {
  readonly #tasks = new Map<string, 'own' | 'foreign'>()
  #toAsk = new Set<string>()
  readonly #toWatch = new Set<string>()
  #asking: { readonly re: number; readonly ids: readonly string[] } | undefined
  readonly #watching = new Map<number, readonly string[]>()
  #pausedUntil: MonoMs | undefined

  /** Submitted here just now: the master will tell its end. */
  expect(id: string): void {
    if (!this.#tasks.has(id)) this.#tasks.set(id, 'own')
  }

  /** Submitted elsewhere, or earlier: to be asked for. */
  follow(id: string): void {
    this.#tasks.set(id, 'foreign')
    this.#toAsk.add(id)
  }

  closed(): void {
    this.#toAsk = new Set(this.#tasks.keys())
    this.#toWatch.clear()
    this.#asking = undefined
    this.#watching.clear()
    this.#pausedUntil = undefined
  }

  nextDeadline(at: MonoMs): MonoMs | undefined {
    const ready = this.#toWatch.size > 0 || (this.#toAsk.size > 0 && this.#asking === undefined)
    return ready ? Math.max(at, this.#pausedUntil ?? at) : undefined
  }

  send(at: MonoMs, nextRe: () => number): ClientMessage[] {
    const messages: ClientMessage[] = []
    if ((this.nextDeadline(at) ?? Number.POSITIVE_INFINITY) > at) return messages
    while (this.#toWatch.size > 0) {
      const watch = { type: 'watch', re: nextRe(), ids: takeSome(this.#toWatch) } as const
      this.#watching.set(watch.re, watch.ids)
      messages.push(watch)
    }
    if (this.#asking === undefined && this.#toAsk.size > 0) {
      this.#asking = { re: nextRe(), ids: takeSome(this.#toAsk) }
      messages.push({ type: 'get', ...this.#asking, ids: [...this.#asking.ids] })
    }
    return messages
  }

  /** What a message tells about awaited tasks; undefined where it is not about them. */
  take(at: MonoMs, message: MasterToClient): AwaitedAnswer[] | undefined {
    if (message.type === 'ended') return this.#ended(message.list)
    if (!('re' in message) || message.re === undefined) return undefined
    const watched = this.#watching.get(message.re)
    if (watched !== undefined) {
      this.#watching.delete(message.re)
      if (message.type === 'watching') return message.unknown.flatMap((id) => this.#unknown(id))
      this.#askLater(at, watched)
      return []
    }
    if (message.re !== this.#asking?.re) return undefined
    const { ids } = this.#asking
    this.#asking = undefined
    if (message.type === 'tasks') return this.#told(ids, message)
    this.#askLater(at, ids)
    return []
  }

  #told(asked: readonly string[], message: Extract<MasterToClient, { type: 'tasks' }>): AwaitedAnswer[] {
    const { missing, rest } = restOf(asked, message)
    for (const id of rest) this.#toAsk.add(id)
    const ends: TaskEnd[] = []
    for (const task of message.list) {
      if (isTerminal(task.state)) ends.push(endOfTask(task))
      else if (this.#tasks.get(task.id) === 'foreign') this.#toWatch.add(task.id)
    }
    return [...this.#ended(ends), ...missing.flatMap((id) => this.#unknown(id))]
  }

  #askLater(at: MonoMs, ids: readonly string[]): void {
    for (const id of ids) this.#toAsk.add(id)
    this.#pausedUntil = at + RETRY_WAIT_MS
  }

  #ended(ends: readonly TaskEnd[]): AwaitedAnswer[] {
    const answers: AwaitedAnswer[] = []
    for (const end of ends) if (this.#tasks.delete(end.id)) answers.push({ kind: 'ended', end })
    return answers
  }

  #unknown(id: string): AwaitedAnswer[] {
    return this.#tasks.delete(id) ? [{ kind: 'unknown', id }] : []
  }
}
