// A way to a port that can fall asleep: what is open stays open, and nothing gets through any more, either way. Awake again it
// passes new connections on; those that slept stay silent, as for a laptop whose network has forgotten them.
import { connect, createServer, type Server, type Socket } from 'node:net'
import type { Test } from 'tap'

export class SleepyProxy {
  static async to(t: Test, port: number): Promise<SleepyProxy> {
    const proxy = new SleepyProxy(port)
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve))
    t.teardown(() => proxy.#close())
    return proxy
  }

  /** Connections that were open when it fell asleep, or came meanwhile. */
  stalled = 0
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #asleep = false

  private constructor(port: number) {
    this.#server = createServer({ allowHalfOpen: true }, (near) => {
      this.#hold(near)
      if (this.#asleep) {
        this.stalled += 1
        near.pause()
        return
      }
      const far = connect({ host: '127.0.0.1', port, allowHalfOpen: true })
      this.#hold(far)
      near.pipe(far)
      far.pipe(near)
    })
  }

  get port(): number {
    return (this.#server.address() as { readonly port: number }).port
  }

  sleep(): void {
    this.#asleep = true
    this.stalled += this.#sockets.size
    for (const socket of this.#sockets) {
      socket.unpipe()
      socket.pause()
    }
  }

  wake(): void {
    this.#asleep = false
  }

  #hold(socket: Socket): void {
    this.#sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => this.#sockets.delete(socket))
  }

  #close(): void {
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
  }
}
