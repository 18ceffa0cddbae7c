// Server-sent events of one caller: what has been said and not been taken yet. A caller that reads slowly costs a bounded
// amount of memory: beyond it the stream ends, and the browser that asks again says where it was.
const WAITING_CHARS_MAX = 64 * 1024
/** A connection over which nothing goes is cut by proxies, and its end is not noticed. */
const QUIET_MS = 15_000

export const EVENTS_TYPE = 'text/event-stream'
export const EVENTS_HEADERS = { 'x-accel-buffering': 'no' } as const

export interface StreamEvent {
  readonly event: string
  /** A browser gives the last one back when it asks again. */
  readonly id?: string
  /** JSON, in one line. */
  readonly data: string
}

export class EventStream {
  #waiting: string[] = []
  #chars = 0
  #ended = false
  #wake = (): void => {}
  #takers: (() => void)[] = []

  /** @returns whether there was room for it; else this stream has ended */
  push({ event, id, data }: StreamEvent): boolean {
    if (this.#ended) return false
    return this.#add(`event: ${event}\n${id === undefined ? '' : `id: ${id}\n`}data: ${data}\n\n`)
  }

  /** Resolves when all that was said has been taken, or the stream has ended. */
  taken(): Promise<void> {
    if (this.#ended || this.#waiting.length === 0) return Promise.resolve()
    return new Promise((resolve) => {
      this.#takers.push(resolve)
    })
  }

  /** Nothing more comes; what waits is still taken. */
  end(): void {
    this.#ended = true
    this.#wake()
    this.#allTaken()
  }

  /** The stream as text, until it has ended. */
  async *pieces(): AsyncGenerator<string, void> {
    // Said at once, so that whoever asked knows that it is listened for.
    yield ': \n\n'
    const quiet = setInterval(() => {
      if (this.#waiting.length === 0) this.#add(': \n\n')
    }, QUIET_MS)
    try {
      for (;;) {
        const waiting = this.#waiting
        this.#waiting = []
        this.#chars = 0
        if (waiting.length > 0) yield waiting.join('')
        else if (this.#ended) return
        else {
          this.#allTaken()
          await new Promise<void>((resolve) => {
            this.#wake = resolve
          })
        }
      }
    } finally {
      clearInterval(quiet)
      this.end()
    }
  }

  #allTaken(): void {
    for (const resolve of this.#takers.splice(0)) resolve()
  }

  #add(text: string): boolean {
    // One that is larger by itself has its turn.
    if (this.#waiting.length > 0 && this.#chars + text.length > WAITING_CHARS_MAX) {
      this.end()
      return false
    }
    this.#waiting.push(text)
    this.#chars += text.length
    this.#wake()
    return true
  }
}
