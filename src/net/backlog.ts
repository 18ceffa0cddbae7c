// What waits in all sessions of a process together (P23): sent and not read by the other side, or come and not a whole line
// yet. Each of them has limits of its own, which a hundred peers at once would make a hundred times as much.
//
// What always holds: after each look all of them together hold at most BACKLOG_BYTES_MAX, and who is cut for that held
// the most; of several that hold the same, the one that has held much for longest.

const BACKLOG_BYTES_MAX = 32 * 1024 * 1024
/** Who holds less does not count: every connection may (P23). */
const SHARE_BYTES = 64 * 1024

export interface Holder {
  readonly heldBytes: number
  destroy(reason: string): void
}

export class Backlog {
  /** Those that held more than their share when they were looked at last, the longest first. */
  readonly #holders = new Set<Holder>()

  constructor(private readonly bytesMax = BACKLOG_BYTES_MAX) {}

  /** To be called by whoever holds more than before. */
  grown(holder: Holder): void {
    if (holder.heldBytes <= SHARE_BYTES) return
    this.#holders.add(holder)
    let bytes = 0
    let most = holder
    for (const each of this.#holders) {
      const held = each.heldBytes
      if (held <= SHARE_BYTES) this.#holders.delete(each)
      else bytes += held
      if (held > most.heldBytes || (held === most.heldBytes && most === holder)) most = each
    }
    if (bytes <= this.bytesMax) return
    this.#holders.delete(most)
    most.destroy(`${bytes} bytes wait in all connections, and the most of them in this one`)
  }

  gone(holder: Holder): void {
    this.#holders.delete(holder)
  }
}

/** Memory is the process's, and so is this. */
export const processBacklog = new Backlog()
