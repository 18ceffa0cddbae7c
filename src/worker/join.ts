// Dials in to a master that cannot reach this worker (behind NAT, say), again and again for as long as the worker lives.
// After the handshake such a session is like any other.
import type { Clock } from '../clock.js'
import type { Log } from '../log.js'
import { formatAddress, parseAddress } from '../net/address.js'
import type { Connection, DialOptions, DialResult, Identity } from '../net/connection.js'
import { MASTER_TO_WORKER_MESSAGES } from '../protocol/messages.js'

const CONNECT_MS = 2_000
/** Waits after dials that came to nothing, and after sessions that ended; the last one stays. */
const WAITS_MS = [200, 500, 1_000, 2_000] as const

export interface JoinOptions {
  /** `host:port` of the master. */
  readonly master: string
  readonly identity: Identity
  readonly clock: Clock
  readonly log: Log
  dial(options: DialOptions): Promise<DialResult>
  /** Resolves when the session is over. */
  connected(connection: Connection): Promise<void>
}

/** @returns what ends it */
export function join(options: JoinOptions): () => void {
  const { host, port } = parseAddress(options.master, 'the master to join')
  const { identity, clock, log, dial } = options
  let stopped = false
  let cancelWait = (): void => {}

  const wait = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      cancelWait = clock.wakeAt(clock.now().monoMs + ms, resolve)
    })
  const keepDialling = async (): Promise<void> => {
    for (let failures = 0; !stopped; ) {
      const result = await dial({
        ...{ host, port, identity, clock },
        expect: 'master',
        accepts: MASTER_TO_WORKER_MESSAGES,
        connectMs: CONNECT_MS,
      })
      if (result.kind === 'connected') {
        failures = 0
        await options.connected(result.connection)
      } else {
        if (failures === 0) log.warn(`cannot join ${formatAddress({ host, port })}: ${whyNot(result)}`)
        failures += 1
      }
      if (!stopped) await wait(WAITS_MS[Math.min(Math.max(0, failures - 1), WAITS_MS.length - 1)]!)
    }
  }
  void keepDialling()
  return () => {
    stopped = true
    cancelWait()
  }
}

function whyNot(result: Exclude<DialResult, { kind: 'connected' }>): string {
  switch (result.kind) {
    case 'refused':
      return 'nobody listens there'
    case 'silent':
      return 'it does not greet'
    case 'other':
      return `it is a ${result.role} of cluster ${result.cluster}`
    case 'unreachable':
    case 'broken':
    case 'stranger':
    case 'unproven':
      return result.why
  }
}
