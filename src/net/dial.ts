// Dialling: from an address to a session with whom was looked for, or the reason why not.
//
// What always holds: not one byte is sent to anyone who has not greeted as one of ours; every result but `connected`
// leaves no socket behind it later than HANDSHAKE_MS_MAX; only a refused connect is `refused`.
import { randomBytes } from 'node:crypto'
import { systemClock } from '../clock.js'
import { DiallerHandshake } from '../protocol/handshake.js'
import type { DialOptions, DialResult } from './connection.js'
import { exchange } from './exchange.js'
import { Session } from './session.js'
import { connectTcp } from './tcp.js'
import type { Transport } from './transport.js'

/** 128 bits, as 32 hex digits. */
export const NONCE_BYTES = 16

export async function dial(options: DialOptions): Promise<DialResult> {
  const connected = await connectTcp(options, options.connectMs, options.clock ?? systemClock)
  return connected.kind === 'open' ? dialOver(connected.transport, options) : connected
}

/** The part of a dial that comes after the connect, over any transport. */
export async function dialOver(
  transport: Transport,
  options: Omit<DialOptions, 'host' | 'port' | 'connectMs'>,
): Promise<DialResult> {
  const { identity, expect, wanted, accepts, clock = systemClock } = options
  const nonce = randomBytes(NONCE_BYTES).toString('hex')
  const handshake = new DiallerHandshake({ identity, expect, wanted, dialled: transport.remote, nonce })
  const result = await exchange(transport, handshake, clock)
  switch (result.kind) {
    case 'proven': {
      const { lines } = result
      const peer = { ...result.peer, remote: transport.remote, local: transport.local }
      return { kind: 'connected', connection: new Session({ peer, transport, lines, accepts, clock }) }
    }
    case 'failed':
      return result.failure
    case 'cut':
      if (handshake.greeted) return { kind: result.by === 'bytes' ? 'unproven' : 'broken', why: result.why }
      return result.by === 'time' && !result.heard ? { kind: 'silent' } : { kind: 'stranger', why: result.why }
  }
}
