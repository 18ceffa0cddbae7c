// One TCP connection: two ends, and between them bytes in order, in pieces of any size, late or stalled.
//
// What always holds, as in TCP: what is read is a prefix of what was written; an end that closes in order is seen behind
// all that it wrote; a reset takes what was unread with it; a process that dies leaves what the system had taken from it;
// an end hears of the loss of the other only by what arrives.
import type { Transport, TransportHandlers } from '../../src/net/transport.js'
import type { Process } from './machine.js'
import type { Network } from './network.js'

/** As net/tcp.ts sets it. */
const KEEP_ALIVE_MS = 60_000

export class Connection {
  readonly near: End
  readonly far: End

  constructor(
    readonly network: Network,
    dialler: Process,
    acceptor: Process,
    near: string,
    far: string,
  ) {
    this.near = new End(this, dialler, near, far)
    this.far = new End(this, acceptor, far, near)
    this.near.peer = this.far
    this.far.peer = this.near
    for (const end of [this.near, this.far]) {
      end.process.onDeath(() => end.abandon())
      end.process.onThaw(() => end.flow())
    }
  }

  /** Something that was in the way is gone. */
  flow(): void {
    this.near.flow()
    this.far.flow()
  }

  /** Whether this process is at one of its ends. */
  joins(process: Process): boolean {
    return this.near.process === process || this.far.process === process
  }

  stall(untilMs: number): void {
    this.near.stalledUntil = this.far.stalledUntil = untilMs
  }

  unstall(): void {
    this.stall(0)
    this.flow()
  }

  /** A reset from somewhere in between. */
  cut(): void {
    this.near.reset('read ECONNRESET')
    this.far.reset('read ECONNRESET')
  }

  forgetIfOver(): void {
    if (this.near.over && this.far.over) this.network.connections.delete(this)
  }
}

export class End implements Transport {
  peer!: End
  stalledUntil = 0
  /** What the other end has written and this one has not read. */
  #unread: Buffer[] = []
  #unreadBytes = 0
  /** The other end has closed in order, behind the unread bytes. */
  #finished = false
  #handlers: TransportHandlers | undefined
  #paused = false
  #ended = false
  #destroyed = false
  #resetFor: string | undefined
  #closed: { readonly reason: string; readonly heardAll: boolean } | undefined
  #flowing: (() => void) | undefined

  constructor(
    readonly connection: Connection,
    readonly process: Process,
    readonly local: string,
    readonly remote: string,
  ) {}

  get over(): boolean {
    return this.#destroyed
  }

  get queuedBytes(): number {
    return Math.max(0, this.peer.#unreadBytes - this.connection.network.options.windowBytes)
  }

  handle(handlers: TransportHandlers): void {
    this.#handlers = handlers
    const closed = this.#closed
    if (closed !== undefined) this.#soon(() => handlers.closed(closed.reason, closed.heardAll))
    else this.flow()
  }

  write(bytes: Buffer): void {
    if (this.#ended || this.#destroyed || bytes.length === 0 || !this.process.alive) return
    this.peer.#arrive(bytes)
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    this.#paused = false
    this.flow()
  }

  end(): void {
    if (this.#ended || this.#destroyed) return
    this.#ended = true
    this.peer.#finish()
  }

  destroy(): void {
    if (this.#destroyed) return
    this.#letGo()
    this.#tell('', false)
  }

  /** Its process is dead: the system closes what it held. */
  abandon(): void {
    if (!this.#destroyed) this.#letGo()
  }

  /** A reset arrives. */
  reset(reason: string): void {
    if (this.#destroyed || this.#resetFor !== undefined) return
    this.#resetFor = reason
    this.#unread = []
    this.#unreadBytes = 0
    this.flow()
  }

  /** Lets go on what may: one piece at a time. */
  flow(): void {
    if (this.#flowing !== undefined) return
    if (this.#destroyed ? this.#unreadBytes === 0 : !this.#mayRead()) return
    const { timeline } = this.connection.network
    const at = Math.max(timeline.now + this.connection.network.delay(), this.stalledUntil)
    this.#flowing = timeline.at(at, () => {
      this.#flowing = undefined
      if (!this.#passes() && this.#resetFor === undefined) return
      if (this.#destroyed) this.#refuse()
      else if (this.#mayRead()) this.#read()
      this.flow()
    })
  }

  #mayRead(): boolean {
    if (this.#handlers === undefined || !this.process.alive || this.process.frozen) return false
    if (this.#resetFor !== undefined) return true
    return !this.#paused && this.#passes() && (this.#unreadBytes > 0 || this.#finished)
  }

  #passes(): boolean {
    return this.connection.network.passes(this.peer.process, this.process)
  }

  #arrive(bytes: Buffer): void {
    this.#unread.push(bytes)
    this.#unreadBytes += bytes.length
    this.flow()
  }

  #finish(): void {
    this.#finished = true
    this.flow()
  }

  #read(): void {
    if (this.#resetFor !== undefined) return this.#close(this.#resetFor, false)
    if (this.#unreadBytes > 0) {
      const bytes = this.#take()
      // It may have been paused or cut by what it read before.
      this.#handlers?.data(bytes)
    } else if (this.#finished) this.#close('closed by the other side', true)
  }

  #take(): Buffer {
    const { random, options } = this.connection.network
    const all = this.#unread.length === 1 ? this.#unread[0]! : Buffer.concat(this.#unread)
    const size = random.chance(options.splitShare) ? random.whole(1, all.length) : all.length
    this.#unread = size === all.length ? [] : [all.subarray(size)]
    this.#unreadBytes = all.length - size
    return all.subarray(0, size)
  }

  /** Bytes for an end that is closed are answered by a reset. */
  #refuse(): void {
    this.#unread = []
    this.#unreadBytes = 0
    this.#sendReset()
  }

  /** Where nothing goes through it is lost, and the other end stays half open until it asks whether anybody is there. */
  #sendReset(): void {
    const { peer, process, connection } = this
    const { network } = connection
    const passes = network.passes(process, peer.process)
    network.timeline.after(passes ? network.delay() : KEEP_ALIVE_MS, () => {
      if (passes) peer.reset('read ECONNRESET')
      else if (!peer.#destroyed) this.#sendReset()
    })
  }

  #letGo(): void {
    const { network } = this.connection
    this.#destroyed = true
    this.#flowing?.()
    this.#flowing = undefined
    const unreadHere = this.#unreadBytes > 0
    this.#unread = []
    this.#unreadBytes = 0
    // What the system had not taken goes nowhere; and who closes with bytes unread resets.
    this.peer.#cutBehind(network.options.windowBytes)
    if (unreadHere) this.#sendReset()
    else this.peer.#finish()
    this.connection.forgetIfOver()
  }

  #cutBehind(bytesMax: number): void {
    if (this.#unreadBytes <= bytesMax) return
    this.#unread = [Buffer.concat(this.#unread).subarray(0, bytesMax)]
    this.#unreadBytes = bytesMax
  }

  /** The other side has ended it. */
  #close(reason: string, heardAll: boolean): void {
    if (!this.#destroyed) {
      this.#destroyed = true
      this.peer.#finish()
      this.connection.forgetIfOver()
    }
    this.#tell(reason, heardAll)
  }

  #tell(reason: string, heardAll: boolean): void {
    if (this.#closed !== undefined) return
    this.#closed = { reason, heardAll }
    this.#soon(() => this.#handlers?.closed(reason, heardAll))
  }

  #soon(run: () => void): void {
    this.connection.network.timeline.after(0, () => this.process.deliver(run))
  }
}
