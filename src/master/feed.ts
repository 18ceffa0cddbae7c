// What goes on in the whole cluster, for those who look at it: how much was done, and attempts one by one as far as a person can
// follow them. Kept once, however many look, and taken by question: who reads slowly costs nothing.
//
// What always holds:
// - while nobody has asked for a while nothing is kept and nothing is counted;
// - numbers of entries rise by one, also over a pause, so that who asks again is told what is missing;
// - of an attempt that was told to have begun the end is told as well.
import type { MonoMs, WallMs } from '../clock.js'
import type { FeedCounts, FeedEntry, FeedOutcome } from '../protocol/messages.js'

/** So long after the last question it goes on: a page that was loaded anew, a laptop that slept for a moment. */
const LISTENED_MS = 60_000
/** Attempts that are told one by one: of a worker, and of all, in each window. The rest is counted. */
const WINDOW_MS = 250
const WINDOW_WORKER_MAX = 8
const WINDOW_MAX = 128
const ENTRIES_MAX = 4_096
const FOLLOWED_MAX = 16_384
const MESSAGE_CHARS_MAX = 200

/** An attempt that is told one by one. */
export interface Followed {
  readonly task: string
  readonly lease: string
  /** Incarnation. */
  readonly worker: string
  readonly type?: string
  readonly attempt?: number
  readonly waitedMs?: number
}

export interface FeedEnd {
  readonly what: FeedOutcome
  readonly code?: string | undefined
  readonly message?: string | undefined
  readonly runAt?: WallMs | undefined
}

/** Which entries there are behind a number. */
export interface FeedPart {
  readonly next: number
  /** Some of them are gone. */
  readonly gap: boolean
  readonly list: readonly FeedEntry[]
}

export class Feed {
  readonly counts: Record<keyof FeedCounts, number> = noCounts()
  #until: MonoMs = Number.NEGATIVE_INFINITY
  #entries: FeedEntry[] = []
  #next = 0
  readonly #followed = new Map<string, Followed>()
  /** Of those, the ones whose code has begun. */
  readonly #begun = new Set<string>()
  #windowEnds: MonoMs = 0
  #inWindow = 0
  readonly #byWorker = new Map<string, number>()

  /** Somebody looks. */
  isOn(at: MonoMs): boolean {
    if (at <= this.#until) return true
    if (this.#until !== Number.NEGATIVE_INFINITY) this.#rest()
    return false
  }

  /** Somebody has asked. @returns whether it begins with this */
  listen(at: MonoMs): boolean {
    const begins = !this.isOn(at)
    this.#until = at + LISTENED_MS
    return begins
  }

  /** It runs since before anybody looked: its end will be told. */
  knows(attempt: Followed): void {
    if (this.#followed.size >= FOLLOWED_MAX || this.#followed.has(attempt.lease)) return
    this.#followed.set(attempt.lease, attempt)
    this.#begun.add(attempt.lease)
  }

  /** One by one only as many as a person can follow. */
  granted(at: MonoMs, attempt: Followed): void {
    if (this.#followed.size < FOLLOWED_MAX && this.#hasRoom(at, attempt.worker)) {
      this.#followed.set(attempt.lease, attempt)
    }
  }

  began(wallMs: WallMs, lease: string): void {
    const attempt = this.#followed.get(lease)
    if (attempt === undefined || this.#begun.has(lease)) return
    this.#begun.add(lease)
    this.#add(wallMs, attempt, { what: 'began' })
  }

  /** @param attempt what is known of one that was not followed */
  ended(at: { readonly monoMs: MonoMs; readonly wallMs: WallMs }, attempt: Followed, end: FeedEnd): void {
    const followed = this.#followed.get(attempt.lease)
    this.#followed.delete(attempt.lease)
    // One that never began is no attempt to a person.
    if (!this.#begun.delete(attempt.lease) && (followed !== undefined || attempt.worker === '')) return
    if (followed !== undefined || this.#hasRoom(at.monoMs, attempt.worker))
      this.#add(at.wallMs, followed ?? attempt, end)
  }

  /** Those behind `after`, at most `max`; without it, all that are kept. */
  behind(after: number | undefined, max: number): FeedPart {
    const first = this.#next - this.#entries.length
    const known = after !== undefined && after >= first && after <= this.#next
    const from = known ? after : first
    const list = this.#entries.slice(from - first, from - first + max)
    return { next: from + list.length, gap: !known, list }
  }

  #add(at: WallMs, { task, lease, worker, type, attempt, waitedMs }: Followed, end: FeedEnd | { what: 'began' }): void {
    const { what, code, message, runAt } = end as FeedEnd
    this.#next += 1
    this.#entries.push({
      ...{ n: this.#next, at, what, task, lease, worker },
      ...(type !== undefined && { taskType: type }),
      ...(attempt !== undefined && { attempt }),
      ...(waitedMs !== undefined && { waitedMs }),
      ...(code !== undefined && { code }),
      ...(message !== undefined && { message: message.slice(0, MESSAGE_CHARS_MAX) }),
      ...(runAt !== undefined && { runAt }),
    })
    // Half of them at a time, so that it costs each entry little.
    if (this.#entries.length > 2 * ENTRIES_MAX) this.#entries = this.#entries.slice(-ENTRIES_MAX)
  }

  #hasRoom(at: MonoMs, worker: string): boolean {
    if (at >= this.#windowEnds) {
      this.#windowEnds = at + WINDOW_MS
      this.#inWindow = 0
      this.#byWorker.clear()
    }
    if (this.#inWindow >= WINDOW_MAX) return false
    const own = this.#byWorker.get(worker) ?? 0
    if (own >= WINDOW_WORKER_MAX) return false
    this.#inWindow += 1
    this.#byWorker.set(worker, own + 1)
    return true
  }

  #rest(): void {
    this.#until = Number.NEGATIVE_INFINITY
    // What comes next is not what came before: a number between them is skipped, and who asks with an old one sees a gap.
    this.#next += 1
    this.#entries = []
    this.#followed.clear()
    this.#begun.clear()
    this.#byWorker.clear()
    Object.assign(this.counts, noCounts())
  }
}

function noCounts(): Record<keyof FeedCounts, number> {
  return { submitted: 0, granted: 0, completed: 0, failed: 0, retried: 0, cancelled: 0, returned: 0, lost: 0 }
}
