// The log of what moves through the master: one line a batch, or a line for all batches of a moment where they come fast,
// so that speed does not drown in logging. Each task by itself is told at debug.
import type { Instant, MonoMs } from '../clock.js'
import type { LogEntry } from '../log.js'

/** Batches that are closer together share a line. */
const LINE_MS_MIN = 250
/** Single failures told by name in one line's time; the rest is counted. */
const FAILURES_NAMED_MAX = 10
const WORKERS_NAMED_MAX = 12

export class Journal {
  #submitted = 0
  #completed = 0
  #retried = 0
  #failed = 0
  #cancelled = 0
  #returned = 0
  #stale = 0
  #forgotten = 0
  #failuresNamed = 0
  readonly #assigned = new Map<string, number>()
  #dirty = false
  #notBefore: MonoMs = 0

  submitted(): void {
    this.#submitted += 1
    this.#dirty = true
  }

  assigned(worker: string, count: number): void {
    if (count === 0) return
    this.#assigned.set(worker, (this.#assigned.get(worker) ?? 0) + count)
    this.#dirty = true
  }

  forgot(count: number): void {
    this.#forgotten += count
    this.#dirty = true
  }

  settled(outcome: 'completed' | 'retried' | 'failed' | 'cancelled' | 'returned' | 'stale'): void {
    this.#dirty = true
    if (outcome === 'completed') this.#completed += 1
    else if (outcome === 'retried') this.#retried += 1
    else if (outcome === 'failed') this.#failed += 1
    else if (outcome === 'cancelled') this.#cancelled += 1
    else if (outcome === 'returned') this.#returned += 1
    else this.#stale += 1
  }

  /** Whether one more failure may have a line of its own just now. */
  nameFailure(): boolean {
    this.#failuresNamed += 1
    return this.#failuresNamed <= FAILURES_NAMED_MAX
  }

  nextDeadline(): MonoMs | undefined {
    return this.#dirty ? this.#notBefore : undefined
  }

  /** The line that is due, if one is. */
  take(at: Instant, now = false): LogEntry | undefined {
    if (!this.#dirty || (!now && at.monoMs < this.#notBefore)) return undefined
    const parts = [
      part(this.#submitted, 'submitted'),
      this.#assignments(),
      part(this.#completed, 'completed'),
      part(this.#retried, 'to retry'),
      part(this.#failed, 'failed'),
      part(this.#cancelled, 'cancelled'),
      part(this.#returned, 'handed back'),
      part(this.#stale, 'refused as stale'),
      part(this.#forgotten, 'ended ones forgotten'),
    ].filter((text) => text !== '')
    this.#submitted = this.#completed = this.#retried = this.#failed = 0
    this.#cancelled = this.#returned = this.#stale = this.#forgotten = this.#failuresNamed = 0
    this.#assigned.clear()
    this.#dirty = false
    this.#notBefore = at.monoMs + LINE_MS_MIN
    return { level: 'info', text: `tasks: ${parts.join('; ')}` }
  }

  #assignments(): string {
    if (this.#assigned.size === 0) return ''
    const total = [...this.#assigned.values()].reduce((sum, count) => sum + count, 0)
    const named = [...this.#assigned].slice(0, WORKERS_NAMED_MAX).map(([worker, count]) => `${worker} ${count}`)
    const more = this.#assigned.size > WORKERS_NAMED_MAX ? ', ...' : ''
    return `${total} assigned (${named.join(', ')}${more})`
  }
}

function part(count: number, what: string): string {
  return count > 0 ? `${count} ${what}` : ''
}
