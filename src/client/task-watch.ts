// One who watches tasks, and what has come for it and was not taken yet. A watcher that takes its time costs a bounded amount
// of memory: of what waits the oldest reports are left out, and what is missing of a log is counted when it is taken.
import type { SeenField } from '../protocol/messages.js'
import type { TaskEnd } from './task-end.js'

export type WatchItem =
  | { readonly kind: 'seen'; readonly entry: SeenField }
  | { readonly kind: 'ended'; readonly end: TaskEnd }

const WAITING_MAX = 10_000
const WAITING_BYTES_MAX = 4 * 1024 * 1024

export class TaskWatch {
  /** Those that have not ended. */
  readonly open: Set<string>
  #items: WatchItem[] = []
  #bytes = 0
  #error: Error | undefined
  #left = false
  #wake = (): void => {}

  constructor(ids: readonly string[]) {
    this.open = new Set(ids)
  }

  seen(entry: SeenField): void {
    this.#items.push({ kind: 'seen', entry })
    this.#bytes += bytesOf(entry)
    if (this.#items.length > WAITING_MAX || this.#bytes > WAITING_BYTES_MAX) this.#thin()
    this.#wake()
  }

  ended(end: TaskEnd): void {
    this.open.delete(end.id)
    this.#items.push({ kind: 'ended', end })
    this.#wake()
  }

  fail(error: Error): void {
    this.#error ??= error
    this.#wake()
  }

  /** Whoever watches has seen enough. */
  leave(): void {
    this.#left = true
    this.#wake()
  }

  /** Undefined when all have ended. @throws why nothing more can come */
  async next(): Promise<WatchItem | undefined> {
    for (;;) {
      if (this.#left) return undefined
      const item = this.#items.shift()
      if (item !== undefined) {
        if (item.kind === 'seen') this.#bytes -= bytesOf(item.entry)
        return item
      }
      if (this.#error !== undefined) throw this.#error
      if (this.open.size === 0) return undefined
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  /** The older half of what is a report alone. */
  #thin(): void {
    const half = this.#items.length / 2
    this.#items = this.#items.filter(
      (item, index) => index >= half || item.kind === 'ended' || item.entry.state !== undefined,
    )
    this.#bytes = this.#items.reduce((sum, item) => sum + (item.kind === 'seen' ? bytesOf(item.entry) : 0), 0)
  }
}

function bytesOf({ log, message }: SeenField): number {
  return (log?.text.length ?? 0) + (message?.length ?? 0)
}
