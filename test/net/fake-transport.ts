// A transport whose other end is the test: it sees each write, and says when bytes come and when all is over.
import type { Transport, TransportHandlers } from '../../src/net/transport.js'

export class FakeTransport implements Transport {
  readonly local: string
  readonly remote: string
  queuedBytes = 0
  readonly writes: Buffer[] = []
  paused = false
  ended = false
  destroyed = false
  #handlers: TransportHandlers | undefined

  constructor(local = '127.0.0.1:5000', remote = '127.0.0.1:40000') {
    this.local = local
    this.remote = remote
  }

  handle(handlers: TransportHandlers): void {
    this.#handlers = handlers
  }

  write(bytes: Buffer): void {
    this.writes.push(bytes)
  }

  pause(): void {
    this.paused = true
  }

  resume(): void {
    this.paused = false
  }

  end(): void {
    this.ended = true
  }

  destroy(): void {
    if (this.destroyed) return
    this.destroyed = true
    queueMicrotask(() => this.#handlers?.closed('', false))
  }

  receive(text: string): void {
    this.#handlers?.data(Buffer.from(text))
  }

  close(reason: string, heardAll = true): void {
    this.#handlers?.closed(reason, heardAll)
  }

  /** The lines that were written so far, parsed. */
  lines(): { readonly type?: string; readonly [field: string]: unknown }[] {
    const text = Buffer.concat(this.writes).toString()
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line))
  }
}
