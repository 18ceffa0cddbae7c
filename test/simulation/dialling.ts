// A dial over the simulated network: the connect is the world's, the handshake and the session are dtr's own.
import type { DialOptions, DialResult } from '../../src/net/connection.js'
import { dialOver } from '../../src/net/dial.js'
import type { Process } from './machine.js'
import type { Network } from './network.js'

export async function dialFrom(process: Process, network: Network, options: DialOptions): Promise<DialResult> {
  const connected = await network.connect(process, options.port, options.connectMs)
  return connected.kind === 'open' ? dialOver(connected.transport, { ...options, clock: process.clock }) : connected
}
