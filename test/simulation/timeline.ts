// Virtual time: what is to happen, in order, one thing at a time. Between two of them every promise that can go on has
// gone on, so that nothing hangs on the order in which the real machine would have woken them.

/** Things that happen before Node is asked for another turn of its loop: a turn costs more than they do. */
const PER_TURN = 64

interface Entry {
  readonly at: number
  readonly order: number
  run: (() => void) | undefined
}

export class Timeline {
  /** Milliseconds since the beginning, as no process sees them. */
  now = 0
  happened = 0
  readonly #heap: Entry[] = []
  #order = 0

  /** @returns what takes it back */
  at(at: number, run: () => void): () => void {
    this.#order += 1
    const entry: Entry = { at: Math.max(at, this.now), order: this.#order, run }
    this.#push(entry)
    return () => {
      entry.run = undefined
    }
  }

  after(ms: number, run: () => void): () => void {
    return this.at(this.now + ms, run)
  }

  /** Goes on until `over` says so, asked after each happening, or until nothing is left to happen. */
  run(over: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      let ended = false
      let left = 0
      const step = (): void => {
        left -= 1
        if (ended) return
        try {
          const entry = this.#next()
          // What followed from the last happening is done by now.
          if (entry === undefined || over()) {
            ended = true
            return resolve()
          }
          this.#pop()
          this.now = entry.at
          this.happened += 1
          entry.run?.()
        } catch (error) {
          ended = true
          return reject(error)
        }
        if (left === 0) turn()
      }
      const turn = (): void => {
        left = PER_TURN
        for (let index = 0; index < PER_TURN; index += 1) setImmediate(step)
      }
      turn()
    })
  }

  #next(): Entry | undefined {
    while (this.#heap.length > 0 && this.#heap[0]!.run === undefined) this.#pop()
    return this.#heap[0]
  }

  #push(entry: Entry): void {
    const heap = this.#heap
    let index = heap.length
    heap.push(entry)
    while (index > 0) {
      const parent = (index - 1) >> 1
      if (!isBefore(entry, heap[parent]!)) break
      heap[index] = heap[parent]!
      index = parent
    }
    heap[index] = entry
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return
    let index = 0
    for (;;) {
      let child = 2 * index + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child += 1
      if (!isBefore(heap[child]!, last)) break
      heap[index] = heap[child]!
      index = child
    }
    heap[index] = last
  }
}

function isBefore(one: Entry, other: Entry): boolean {
  return one.at < other.at || (one.at === other.at && one.order < other.order)
}
