// The attempts that a worker holds. Each step asks what can begin and when something is due, and thousands may be held: so
// that is kept, not looked for.
//
// What always holds:
// - `waiting` are those that are ready and have no host, in the order in which they came;
// - `starting` are those that have one and were not handed to it yet;
// - nothing is due before `dueFrom`.
import type { MonoMs } from '../clock.js'
import type { Assignment } from '../protocol/messages.js'
import type { TaskError } from '../task/task.js'
import type { AbortReason, HostId } from './events.js'

export const NEVER: MonoMs = Number.POSITIVE_INFINITY

export interface Attempt {
  readonly assignment: Assignment
  phase: 'ready' | 'sent' | 'begun' | 'adrift' | 'dead'
  /** Set from `sent` on, and while it waits for a host of its own. Changed by `place` and `unplace` alone. */
  host: HostId | undefined
  /** `started` was told to a master; it is told once a session. */
  startedTold: boolean
  readonly assignedAt: MonoMs
  /** When it was handed to its host; and the how many-th it was of all in that. */
  sentAt: MonoMs
  nth: number
  /** Its code is being ended, and why. */
  ending: AbortReason | undefined
  /** Limit of its run, set when its code begins: another load of the modules does not change it. */
  limitMs: number | undefined
  /** Its host was killed while it ran there alone: when, and how. Set with `dead`. */
  death: { readonly at: MonoMs; readonly error: TaskError } | undefined
  /** The next thing that happens to it by itself: timeout, then kill; or, adrift, its settlement. Changed by `due` alone. */
  dueAt: MonoMs
}

export class Attempts {
  readonly #byLease = new Map<string, Attempt>()
  #waiting = new Set<Attempt>()
  readonly #starting = new Set<Attempt>()
  #inHosts = 0
  readonly #byHost = new Map<HostId, Set<Attempt>>()
  #dueFrom = NEVER

  get size(): number {
    return this.#byLease.size
  }

  get waiting(): ReadonlySet<Attempt> {
    return this.#waiting
  }

  get starting(): ReadonlySet<Attempt> {
    return this.#starting
  }

  /** So many have a host. */
  get inHosts(): number {
    return this.#inHosts
  }

  /** How many one host has. */
  countIn(host: HostId): number {
    return this.#byHost.get(host)?.size ?? 0
  }

  /** Those that one host has, in the order in which they were given to it. */
  in(host: HostId): Iterable<Attempt> {
    return this.#byHost.get(host) ?? []
  }

  get dueFrom(): MonoMs {
    return this.#dueFrom
  }

  has(lease: string): boolean {
    return this.#byLease.has(lease)
  }

  get(lease: string): Attempt | undefined {
    return this.#byLease.get(lease)
  }

  /** In the order in which they came. */
  [Symbol.iterator](): IterableIterator<Attempt> {
    return this.#byLease.values()
  }

  add(assignment: Assignment, assignedAt: MonoMs): Attempt {
    const attempt: Attempt = {
      assignment,
      phase: 'ready',
      host: undefined,
      startedTold: false,
      assignedAt,
      sentAt: NEVER,
      nth: 0,
      ending: undefined,
      limitMs: undefined,
      death: undefined,
      dueAt: NEVER,
    }
    this.#byLease.set(assignment.lease, attempt)
    this.#waiting.add(attempt)
    return attempt
  }

  delete(attempt: Attempt): void {
    if (!this.#byLease.delete(attempt.assignment.lease)) return
    this.#waiting.delete(attempt)
    this.unplace(attempt)
  }

  /** It has a place in a host from here on, and begins as soon as that can. */
  place(attempt: Attempt, host: HostId): void {
    attempt.host = host
    this.#inHosts += 1
    const inHost = this.#byHost.get(host)
    if (inHost === undefined) this.#byHost.set(host, new Set([attempt]))
    else inHost.add(attempt)
    this.#waiting.delete(attempt)
    this.#starting.add(attempt)
  }

  /** It was handed to its host. */
  sent(attempt: Attempt, at: MonoMs, nth: number): void {
    attempt.phase = 'sent'
    attempt.sentAt = at
    attempt.nth = nth
    this.#starting.delete(attempt)
  }

  unplace(attempt: Attempt): void {
    if (attempt.host === undefined) return
    const inHost = this.#byHost.get(attempt.host)
    inHost?.delete(attempt)
    if (inHost?.size === 0) this.#byHost.delete(attempt.host)
    attempt.host = undefined
    this.#inHosts -= 1
    this.#starting.delete(attempt)
  }

  /** They are ready again, each where it was in the order. */
  giveBack(attempts: readonly Attempt[]): void {
    if (attempts.length === 0) return
    for (const attempt of attempts) {
      this.unplace(attempt)
      attempt.phase = 'ready'
    }
    this.#waiting = new Set([...this].filter(({ phase, host }) => phase === 'ready' && host === undefined))
  }

  due(attempt: Attempt, at: MonoMs): void {
    attempt.dueAt = at
    this.#dueFrom = Math.min(this.#dueFrom, at)
  }

  /** What is due by `at`; each is due no more, unless that is said again. */
  takeDue(at: MonoMs): readonly Attempt[] {
    if (at < this.#dueFrom) return []
    const taken: Attempt[] = []
    this.#dueFrom = NEVER
    for (const attempt of this) {
      if (attempt.dueAt <= at) taken.push(attempt)
      else this.#dueFrom = Math.min(this.#dueFrom, attempt.dueAt)
    }
    for (const attempt of taken) attempt.dueAt = NEVER
    return taken
  }
}
