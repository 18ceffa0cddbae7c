// TCP below the seam of transport.ts: sockets, and how a connect that fails is to be understood.
import { connect, type Socket } from 'node:net'
import type { Clock } from '../clock.js'
import { messageOf } from '../errors.js'
import { type Address, formatAddress } from './address.js'
import type { Transport, TransportHandlers } from './transport.js'

/** Finds out that a peer which says nothing by itself (a client) is gone. */
const KEEP_ALIVE_MS = 60_000

export class TcpTransport implements Transport {
  readonly local: string
  readonly remote: string
  readonly #socket: Socket
  #handlers: TransportHandlers | undefined
  #reason = ''
  #heardAll = false
  #closed = false

  constructor(socket: Socket) {
    this.#socket = socket
    this.local = formatAddress({ host: socket.localAddress ?? '?', port: socket.localPort ?? 0 })
    this.remote = formatAddress({ host: socket.remoteAddress ?? '?', port: socket.remotePort ?? 0 })
    socket.setNoDelay(true)
    socket.setKeepAlive(true, KEEP_ALIVE_MS)
    socket.on('data', (bytes: Buffer) => this.#handlers?.data(bytes))
    // Who ends its side has left, so nothing that is still queued is wanted: a peer that ends and does not read would
    // otherwise hold the socket for ever.
    socket.on('end', () => {
      if (this.#reason === '') this.#heardAll = true
      this.#reason ||= 'closed by the other side'
      socket.destroy()
    })
    socket.on('error', (error) => {
      this.#reason ||= messageOf(error)
    })
    socket.on('close', () => {
      this.#closed = true
      this.#handlers?.closed(this.#reason, this.#heardAll)
    })
  }

  get queuedBytes(): number {
    return this.#socket.writableLength
  }

  handle(handlers: TransportHandlers): void {
    this.#handlers = handlers
    if (this.#closed) queueMicrotask(() => handlers.closed(this.#reason, this.#heardAll))
  }

  write(bytes: Buffer): void {
    if (this.#socket.writable) this.#socket.write(bytes)
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  end(): void {
    this.#socket.end()
  }

  destroy(): void {
    this.#socket.destroy()
  }
}

export type ConnectResult =
  | { readonly kind: 'open'; readonly transport: Transport }
  | { readonly kind: 'refused' }
  | { readonly kind: 'unreachable'; readonly why: string }

export function connectTcp(address: Address, connectMs: number, clock: Clock): Promise<ConnectResult> {
  return new Promise((resolve) => {
    const socket = connect({ host: address.host, port: address.port })
    const cancelTimer = clock.wakeAt(clock.now().monoMs + connectMs, () => {
      socket.destroy()
      resolve({ kind: 'unreachable', why: `no answer within ${connectMs} ms` })
    })
    socket.once('connect', () => {
      cancelTimer()
      socket.removeAllListeners('error')
      if (!isItself(socket)) return resolve({ kind: 'open', transport: new TcpTransport(socket) })
      socket.destroy()
      resolve({ kind: 'refused' })
    })
    socket.on('error', (error) => {
      cancelTimer()
      resolve(isRefusal(error) ? { kind: 'refused' } : { kind: 'unreachable', why: messageOf(error) })
    })
  })
}

/** TCP lets a socket connect to itself where it was given, by chance, the very port that it dials: nobody listens there. */
function isItself(socket: Socket): boolean {
  return socket.localPort === socket.remotePort && socket.localAddress === socket.remoteAddress
}

/** A name with several addresses gives an error for each, and only if all refuse does nobody listen. */
function isRefusal(error: NodeJS.ErrnoException): boolean {
  if (error instanceof AggregateError) return error.errors.every(isRefusal)
  return error.code === 'ECONNREFUSED'
}
