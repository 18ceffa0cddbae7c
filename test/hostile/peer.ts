// The other end of a connection, byte by byte: a peer that need not keep to anything. It speaks to real processes.
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import type { Test } from 'tap'
import type { ClusterKey, Role } from '../../src/net/connection.js'
import { withList } from '../../src/protocol/columns.js'
import { DiallerHandshake } from '../../src/protocol/handshake.js'
import { readKey } from '../../src/protocol/key.js'
import type { Cluster } from '../processes/cluster.js'

export type Line = Readonly<Record<string, unknown>>

/** Who a peer claims to be, and whom it dials. */
export interface Claim {
  readonly port: number
  readonly role: Role
  readonly incarnation?: string
}

const HOST = '127.0.0.1'
let peers = 0

export class Peer {
  readonly closed: Promise<void>
  /** All lines so far, those of the handshake too. */
  readonly heard: Line[] = []
  #rest = ''
  #wake = (): void => {}

  private constructor(readonly socket: Socket) {
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()))
    socket.on('error', () => {})
    socket.on('close', () => this.#wake())
    socket.on('data', (bytes) => {
      const lines = (this.#rest + String(bytes)).split('\n')
      this.#rest = lines.pop() ?? ''
      this.heard.push(...lines.map((line) => withList(JSON.parse(line))))
      this.#wake()
    })
  }

  /** A connection on which nothing was said yet. */
  static async dial(t: Test, port: number): Promise<Peer> {
    const socket = connect({ host: HOST, port, noDelay: true })
    t.teardown(() => socket.destroy())
    const peer = new Peer(socket)
    await Promise.race([once(socket, 'connect'), peer.closed])
    return peer
  }

  /** A connection that has proven to know the secret, and to be who it says, as far as that can be proven. */
  static async proven(t: Test, key: ClusterKey, claim: Claim): Promise<Peer> {
    const peer = await Peer.dial(t, claim.port)
    const handshake = handshakeOf(key, claim)
    for (const n of [0, 1]) {
      const step = handshake.receive(await peer.line(n))
      if (step.kind === 'failed') throw new Error(`the handshake failed: ${JSON.stringify(step.failure)}`)
      peer.say(step.send as Line)
    }
    return peer
  }

  get open(): boolean {
    return !this.socket.destroyed
  }

  say(message: object): void {
    this.socket.write(`${JSON.stringify(message)}\n`)
  }

  /** Resolves when the system has taken the bytes; false where the connection is over. */
  async write(bytes: string | Buffer): Promise<boolean> {
    if (!this.open) return false
    if (!this.socket.write(bytes)) await Promise.race([once(this.socket, 'drain').catch(() => {}), this.closed])
    return this.open
  }

  /** The nth line. @throws where the connection ended before it */
  async line(n: number): Promise<Line> {
    while (this.heard.length <= n) await this.#more()
    return this.heard[n]!
  }

  /** The first line of this type behind those that were there. */
  async next(type: string, from = this.heard.length): Promise<Line> {
    for (let n = from; ; n += 1) {
      const line = await this.line(n)
      if (line.type === type) return line
    }
  }

  async #more(): Promise<void> {
    if (!this.open) throw new Error(`closed after ${JSON.stringify(this.heard.slice(-1))}`)
    await new Promise<void>((resolve) => {
      this.#wake = resolve
    })
  }
}

export function handshakeOf(key: ClusterKey, { port, role, incarnation }: Claim): DiallerHandshake {
  peers += 1
  return new DiallerHandshake({
    identity: { role, incarnation: incarnation ?? `peer-${peers}#${process.pid}`, key },
    expect: role === 'master' ? 'worker' : 'master',
    dialled: `${HOST}:${port}`,
    nonce: String(peers).padStart(32, '0'),
  })
}

export function keyOf(cluster: Cluster): ClusterKey {
  return readKey(readFileSync(`${cluster.data}/secret`, 'utf8'))
}

const MIB = 1024 * 1024

/** P23, but for its 64 KiB a connection. */
export const MEMORY_MIB_MAX = 256

/** What a process holds in memory, and has held at most, in MiB. */
export function memoryOf(pid: number): { readonly now: number; readonly peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const kib = (name: string): number => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1])
  return { now: Math.round((kib('VmRSS') * 1024) / MIB), peak: Math.round((kib('VmHWM') * 1024) / MIB) }
}
