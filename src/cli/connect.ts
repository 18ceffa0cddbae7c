// How a command comes to a client of its cluster.
import type { Client } from '../client/client.js'
import { type ConnectOptions, connect } from '../client/connect.js'
import { CLUSTER_SETTINGS } from './command.js'
import type { Flags } from './flags.js'

/**
 * Of a master whose address was said nobody knows whether it will come: a command that does not wait for anything tries it
 * once. Where the folder of a cluster tells that one of its processes lives, its master is looked for.
 */
export function connectBy(flags: Flags, options: Omit<ConnectOptions, 'data' | 'secret'> = {}): Promise<Client> {
  const said = flags.settings(CLUSTER_SETTINGS)
  return connect({ ...said, ...(said.master !== undefined && { connectFor: 0 }), ...options })
}
