// Drives a handshake (protocol/handshake.ts) over a transport: bytes to lines, answers to bytes, and the limits that the
// machines do not know: GREETING_BYTES_MAX a line and HANDSHAKE_MS_MAX for all of it, however the bytes trickle in.
//
// What always holds: it ends within HANDSHAKE_MS_MAX, with one result. Where that is not `proven` the transport is
// destroyed by then, and at once unless a refusal is still on its way out. Where it is, the transport is paused, and
// what came behind the last line waits in `lines`.
import type { Clock } from '../clock.js'
import { DtrError } from '../errors.js'
import type { Handshake, HandshakeFailure, HandshakeStep, ProvenPeer } from '../protocol/handshake.js'
import { JsonParser, lineOf } from '../protocol/json.js'
import { LineReader } from '../protocol/lines.js'
import { GREETING_BYTES_MAX, HANDSHAKE_MS_MAX } from '../protocol/messages.js'
import type { Transport } from './transport.js'

export type ExchangeResult =
  | { readonly kind: 'proven'; readonly peer: ProvenPeer; readonly lines: LineReader }
  | { readonly kind: 'failed'; readonly failure: HandshakeFailure }
  /** It broke off. `heard` says whether a byte came at all. */
  | { readonly kind: 'cut'; readonly by: CutBy; readonly why: string; readonly heard: boolean }

/** The connection ended, the time was over, or bytes came that cannot be ours. */
type CutBy = 'end' | 'time' | 'bytes'

export function exchange(
  transport: Transport,
  handshake: Handshake,
  clock: Clock,
  greeting?: object,
): Promise<ExchangeResult> {
  return new Promise((resolve) => {
    new Exchange(transport, handshake, clock, resolve).start(greeting)
  })
}

class Exchange {
  readonly #transport: Transport
  readonly #handshake: Handshake
  readonly #resolve: (result: ExchangeResult) => void
  readonly #cancelTimer: () => void
  readonly #lines = new LineReader()
  readonly #parser = new JsonParser()
  #heard = false
  #over = false

  constructor(transport: Transport, handshake: Handshake, clock: Clock, resolve: (result: ExchangeResult) => void) {
    this.#transport = transport
    this.#handshake = handshake
    this.#resolve = resolve
    this.#cancelTimer = clock.wakeAt(clock.now().monoMs + HANDSHAKE_MS_MAX, () => {
      transport.destroy()
      this.#cut('time', `not done within ${HANDSHAKE_MS_MAX} ms`)
    })
  }

  start(greeting: object | undefined): void {
    this.#transport.handle({
      data: (bytes) => this.#receive(bytes),
      closed: (reason) => {
        this.#cancelTimer()
        this.#cut('end', reason || 'closed here')
      },
    })
    if (greeting !== undefined) this.#send(greeting)
  }

  #receive(bytes: Buffer): void {
    if (this.#over) return
    this.#heard = true
    this.#lines.push(bytes)
    try {
      while (!this.#over) {
        const line = this.#lines.next(GREETING_BYTES_MAX)
        if (line === undefined) return
        const [row] = this.#parser.parse([line])
        if (row === undefined) throw this.#parser.fault
        this.#take(this.#handshake.receive(row))
      }
    } catch (fault) {
      if (!(fault instanceof DtrError)) throw fault
      this.#transport.destroy()
      this.#cut('bytes', fault.message)
    }
  }

  #take(step: HandshakeStep): void {
    if (step.send !== undefined) this.#send(step.send)
    if (step.kind === 'wait') return
    this.#over = true
    if (step.kind === 'proven') {
      this.#cancelTimer()
      this.#transport.pause()
      this.#resolve({ kind: 'proven', peer: step.peer, lines: this.#lines })
      return
    }
    // The timer stays: it ends a socket whose other side does not take the refusal.
    if (step.send !== undefined) this.#transport.end()
    else this.#transport.destroy()
    this.#resolve({ kind: 'failed', failure: step.failure })
  }

  #send(message: object): void {
    this.#transport.write(lineOf(message))
  }

  #cut(by: CutBy, why: string): void {
    this.#over = true
    this.#resolve({ kind: 'cut', by, why, heard: this.#heard })
  }
}
