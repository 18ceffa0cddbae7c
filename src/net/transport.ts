// The seam to what carries bytes: TCP (tcp.ts), and whatever stands in for it. Everything above it is the same code.
//
// What always holds: `closed` is called once and last; no handler is called from within a call to the transport.

export interface Transport {
  /** This end, `ip:port`. */
  readonly local: string
  /** The other end, `ip:port`. */
  readonly remote: string
  /** What was written and is not yet in the hands of the system. */
  readonly queuedBytes: number
  /** Who is told from now on; where it has closed already that is told too. */
  handle(handlers: TransportHandlers): void
  /** Takes the bytes in order; after end(), destroy() or the close they go nowhere. */
  write(bytes: Buffer): void
  pause(): void
  resume(): void
  /** Ends this side once all that was written has left. The other side may take for ever to end its own. */
  end(): void
  destroy(): void
}

export interface TransportHandlers {
  data(bytes: Buffer): void
  /**
   * @param reason of the other side or of the system; empty where this side destroyed it
   * @param heardAll the other side ended it, and all that it had written was read before
   */
  closed(reason: string, heardAll: boolean): void
}
