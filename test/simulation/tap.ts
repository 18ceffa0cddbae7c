// A connection as its owner has it, and somebody who sees what goes in and out.
import type { Connection, ConnectionHandlers, Peer } from '../../src/net/connection.js'
import type { Message } from '../../src/protocol/messages.js'

export interface Observer {
  sent?(message: Message): void
  heard?(messages: readonly Message[]): void
  closed?(): void
}

export class Tapped implements Connection {
  constructor(
    private readonly inner: Connection,
    private readonly observer: Observer,
  ) {}

  get peer(): Peer {
    return this.inner.peer
  }

  get queuedBytes(): number {
    return this.inner.queuedBytes
  }

  send(message: Message): void {
    this.observer.sent?.(message)
    this.inner.send(message)
  }

  flush(): void {
    this.inner.flush()
  }

  end(): void {
    this.inner.end()
  }

  destroy(reason: string): void {
    this.inner.destroy(reason)
  }

  open(handlers: ConnectionHandlers): void {
    this.inner.open({
      messages: (messages) => {
        this.observer.heard?.(messages)
        handlers.messages(messages)
      },
      closed: (reason, heardAll) => {
        this.observer.closed?.()
        handlers.closed(reason, heardAll)
      },
    })
  }
}
