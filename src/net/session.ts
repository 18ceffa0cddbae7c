// A connection after its handshake: messages in, messages out, over any transport.
//
//   made --open()--> open --end()--> ending --+
//     |               |                       +--> closed
//     +---------------+--destroy(), a fault, the other side--+
//
// What always holds:
// - `closed` is called once, last, and with the first reason there was;
// - nothing that the peer sends is lost before open(), and nothing is kept that is not wanted: until then it is paused;
// - what waits to be written is at most WRITE_QUEUE_BYTES_MAX and one message, and what waits in all sessions together is
//   bounded as well (P23).
import type { Clock } from '../clock.js'
import { MessageReader } from '../protocol/codec.js'
import { withColumns } from '../protocol/columns.js'
import { lineOf } from '../protocol/json.js'
import type { LineReader } from '../protocol/lines.js'
import { type Message, type MessageTable, WRITE_QUEUE_BYTES_MAX } from '../protocol/messages.js'
import { type Backlog, type Holder, processBacklog } from './backlog.js'
import type { Connection, ConnectionHandlers, Peer } from './connection.js'
import { processGarbage } from './garbage.js'
import type { Transport } from './transport.js'

/** How long the other side may take to end its side after this one did. */
const LINGER_MS_MAX = 2_000

export interface SessionOptions {
  readonly peer: Peer
  readonly transport: Transport
  /** The reader of the handshake, with what came glued to its last line. */
  readonly lines: LineReader
  readonly accepts: MessageTable
  readonly clock: Clock
  readonly backlog?: Backlog
  /** Told when the transport is gone, whether the session was opened or not. */
  readonly gone?: () => void
}

export class Session implements Connection, Holder {
  readonly peer: Peer
  readonly #transport: Transport
  readonly #reader: MessageReader
  readonly #clock: Clock
  readonly #backlog: Backlog
  #opened = false
  /** Set once open() has taken effect. */
  #handlers: ConnectionHandlers | undefined
  /** Lines of this turn. */
  #unwritten: Buffer[] = []
  #unwrittenBytes = 0
  /** This side has ended it: nothing is sent or delivered any more. */
  #ended = false
  #reason: string | undefined
  #closed = false
  #heardAll = false
  #cancelTimer = (): void => {}

  constructor(options: SessionOptions) {
    this.peer = options.peer
    this.#transport = options.transport
    this.#reader = new MessageReader(options.accepts, options.lines)
    this.#clock = options.clock
    this.#backlog = options.backlog ?? processBacklog
    options.transport.handle({
      data: (bytes) => this.#receive(bytes),
      closed: (reason, heardAll) => {
        options.gone?.()
        this.#close(reason, heardAll)
      },
    })
  }

  get queuedBytes(): number {
    return this.#unwrittenBytes + this.#transport.queuedBytes
  }

  get heldBytes(): number {
    return this.queuedBytes + this.#reader.keptBytes
  }

  send(message: Message): void {
    if (this.#ended || this.#closed) return
    if (this.queuedBytes > WRITE_QUEUE_BYTES_MAX) {
      this.destroy(`does not read: more than ${WRITE_QUEUE_BYTES_MAX} bytes wait`)
      return
    }
    const line = lineOf(this.peer.readsColumns === true ? withColumns(message) : message)
    if (this.#unwritten.length === 0) queueMicrotask(() => this.flush())
    this.#unwritten.push(line)
    this.#unwrittenBytes += line.length
    this.#backlog.grown(this)
    processGarbage.made(line.length)
  }

  flush(): void {
    const lines = this.#takeUnwritten()
    if (lines.length > 0) this.#transport.write(lines.length === 1 ? lines[0]! : Buffer.concat(lines))
  }

  end(): void {
    if (this.#ended || this.#closed) return
    this.#ended = true
    this.#reason = 'ended here'
    this.flush()
    this.#transport.end()
    // What it still sends is thrown away, but read: unread bytes would turn the end into a reset.
    this.#transport.resume()
    const lingerUntil = this.#clock.now().monoMs + LINGER_MS_MAX
    this.#cancelTimer = this.#clock.wakeAt(lingerUntil, () => this.#transport.destroy())
  }

  destroy(reason: string): void {
    this.#ended = true
    this.#reason ??= reason
    this.#takeUnwritten()
    this.#transport.destroy()
  }

  open(handlers: ConnectionHandlers): void {
    if (this.#opened) throw new Error('a connection is opened once')
    this.#opened = true
    queueMicrotask(() => {
      this.#handlers = handlers
      this.#deliver(handlers)
      if (this.#closed) handlers.closed(this.#reason ?? '', this.#heardAll)
      else this.#transport.resume()
    })
  }

  #receive(bytes: Buffer): void {
    if (this.#ended) return
    this.#reader.push(bytes)
    processGarbage.made(bytes.length, this.#reader.keptBytes)
    if (this.#handlers !== undefined) this.#deliver(this.#handlers)
  }

  #deliver(handlers: ConnectionHandlers): void {
    if (this.#ended) return
    const { messages, unsupported, fault } = this.#reader.read()
    for (const answer of unsupported) this.send(answer)
    if (messages.length > 0) handlers.messages(messages)
    if (fault !== undefined) this.destroy(`protocol: ${fault.message}`)
    else this.#backlog.grown(this)
  }

  #close(reason: string, heardAll: boolean): void {
    this.#cancelTimer()
    this.#backlog.gone(this)
    this.#closed = true
    this.#heardAll = heardAll && !this.#ended
    this.#reason ??= reason || 'closed'
    this.#handlers?.closed(this.#reason, this.#heardAll)
  }

  #takeUnwritten(): readonly Buffer[] {
    const lines = this.#unwritten
    this.#unwritten = []
    this.#unwrittenBytes = 0
    return lines
  }
}
