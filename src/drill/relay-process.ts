// The process of a relay, in the network of those that are dialled. Its listening sockets come from the other network.
import { EventEmitter, once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { setImmediate as breath, setTimeout as pause } from 'node:timers/promises'
import { Chance } from './chance.js'
import { type Cut, type Direction, LOOPBACK, RELAY_FIRST_FD, type RelayGiven, type Weather } from './relay.js'

const NEWLINE = 0x0a
/** On a busy machine thousands of single bytes would take longer than a handshake may. */
const PIECES_MAX = 200

const given = JSON.parse(process.argv[2] ?? '') as RelayGiven
const chance = new Chance(given.seed)
let weather: Weather = {}
const changed = new EventEmitter().setMaxListeners(0)
const links = new Set<Link>()

/** Two sockets as if they were one connection. */
class Link {
  readonly #sockets: readonly [outer: Socket, inner: Socket]
  readonly #midLine = { in: false, out: false }
  #bytes = 0
  #bytesMax = Number.POSITIVE_INFINITY
  #chunk = Number.POSITIVE_INFINITY

  constructor(outer: Socket, inner: Socket) {
    this.#sockets = [outer, inner]
    links.add(this)
    this.feel()
    for (const socket of this.#sockets) socket.setNoDelay(true).on('error', () => {})
    const passing = [this.#pass(outer, inner, 'in'), this.#pass(inner, outer, 'out')]
    for (const passed of passing) passed.catch(() => this.#close('reset'))
    void Promise.allSettled(passing).then(() => links.delete(this))
  }

  /** Draws what it has to go through in this weather. */
  feel(): void {
    const { cutAfter, chunks } = weather
    this.#bytesMax = cutAfter === undefined ? Number.POSITIVE_INFINITY : this.#bytes + chance.between(...cutAfter)
    this.#chunk = chunks === undefined ? Number.POSITIVE_INFINITY : chunks[chance.between(0, chunks.length - 1)]!
    if (weather.down === true) this.#cut()
  }

  async #pass(from: Socket, to: Socket, direction: Direction): Promise<void> {
    // The other direction goes on when this one ends.
    for await (const bytes of from.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      for (let [at, pieces] = [0, 0]; at < bytes.length; pieces += 1) {
        while (weather.stalled?.includes(direction)) await once(changed, 'weather')
        if (weather.delayMs !== undefined) await pause(chance.between(...weather.delayMs))
        const most = pieces < PIECES_MAX ? this.#chunk : Number.POSITIVE_INFINITY
        const chunk = bytes.subarray(at, at + Math.min(most, this.#bytesMax - this.#bytes))
        at += chunk.length
        this.#bytes += chunk.length
        this.#midLine[direction] = chunk.at(-1) !== NEWLINE
        await written(to, chunk)
        // Else the system would put small ones together again.
        if (at < bytes.length) await breath()
        if (this.#bytes === this.#bytesMax) return this.#cut()
      }
    }
    to.end()
  }

  #cut(): void {
    const by = chance.between(0, 1) === 0 ? 'fin' : 'reset'
    if (!this.#close(by)) return
    const cut: Cut = { by, bytes: this.#bytes, midLine: this.#midLine.in || this.#midLine.out }
    process.send?.(cut)
  }

  /** @returns whether it was open */
  #close(by: Cut['by']): boolean {
    if (!links.delete(this)) return false
    for (const socket of this.#sockets) {
      if (by === 'fin') socket.destroy()
      else socket.resetAndDestroy()
    }
    return true
  }
}

/** Handed to the system: a cut that comes now does not overtake it. */
function written(socket: Socket, bytes: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.write(bytes, (error) => (error ? reject(error) : resolve()))
  })
}

function take(outer: Socket, port: number): void {
  if (weather.down === true) return void outer.resetAndDestroy()
  outer.on('error', () => {})
  const inner = connect({ host: LOOPBACK, port, allowHalfOpen: true })
  inner.once('error', () => outer.resetAndDestroy())
  inner.once('connect', () => new Link(outer, inner))
}

process.on('message', (changedTo: Weather) => {
  weather = changedTo
  changed.emit('weather')
  for (const link of links) link.feel()
})
process.once('disconnect', () => process.exit())
for (const [index, port] of given.ports.entries()) {
  // An end of one direction is passed on as one.
  createServer({ allowHalfOpen: true }, (socket) => take(socket, port)).listen({ fd: RELAY_FIRST_FD + index })
}
