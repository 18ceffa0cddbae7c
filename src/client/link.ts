// Keeps a client connected: finds the master, dials it, and after a loss finds and dials it again, with back-off, until it
// is closed. What always holds: at most one connection; `closed` follows each `connected`; after `given up` nothing.
import type { Clock, MonoMs } from '../clock.js'
import { DtrError, messageOf } from '../errors.js'
import type { Address } from '../net/address.js'
import type { Connection, DialOptions, DialResult, Identity } from '../net/connection.js'
import { MASTER_TO_CLIENT_MESSAGES, type MasterToClient } from '../protocol/messages.js'
import { isAccessKey } from '../protocol/proofs.js'
import { HOW_TO_START, type Locate, type MayCome, mayComeAlways } from './locate.js'

export type Dial = (options: DialOptions) => Promise<DialResult>

export interface LinkOptions {
  readonly identity: Identity
  readonly locate: Locate
  /** Asked while a master is looked for at first: false ends that at once. */
  readonly mayCome: MayCome
  readonly dial: Dial
  readonly clock: Clock
  /** A number in [0, 1). */
  readonly random: () => number
  /** How long a master is looked for at first, and after a loss; undefined: for ever. */
  readonly connectMs: number | undefined
  readonly reconnectMs: number | undefined
}

export interface LinkHandlers {
  connected(connection: Connection): void
  messages(messages: readonly MasterToClient[]): void
  closed(): void
  /** No master was found in time, or it refuses the secret. Nothing comes after this. */
  gaveUp(error: DtrError): void
}

const DIAL_MS_MAX = 2_000
const BACKOFF_MS_MIN = 100
const BACKOFF_MS_MAX = 1_000
/** A connection that ended sooner was not worth an immediate next one. */
const STEADY_MS = 1_000

export class Link {
  readonly #options: LinkOptions
  readonly #handlers: LinkHandlers
  readonly #stop = new AbortController()
  #endWait = (): void => {}
  #connection: Connection | undefined

  constructor(options: LinkOptions, handlers: LinkHandlers) {
    this.#options = options
    this.#handlers = handlers
  }

  /** Resolves with the first connection, and goes on by itself from then on. @throws DtrError where there is none */
  async start(): Promise<void> {
    const connection = await this.#find(this.#options.connectMs, this.#options.mayCome)
    void this.#keep(connection)
  }

  close(): void {
    this.#stop.abort()
    this.#endWait()
    this.#connection?.end()
  }

  async #keep(first: Connection): Promise<void> {
    let connection = first
    try {
      for (;;) {
        const startedMs = this.#now()
        await this.#use(connection)
        if (this.#stop.signal.aborted) return
        if (this.#now() - startedMs < STEADY_MS) await this.#wait(BACKOFF_MS_MIN)
        connection = await this.#find(this.#options.reconnectMs)
      }
    } catch (error) {
      if (!this.#stop.signal.aborted) this.#handlers.gaveUp(asDtrError(error))
    }
  }

  /** Resolves when the connection is closed. */
  #use(connection: Connection): Promise<void> {
    return new Promise((resolve) => {
      this.#connection = connection
      connection.open({
        messages: (messages) => this.#handlers.messages(messages as readonly MasterToClient[]),
        closed: () => {
          this.#connection = undefined
          this.#handlers.closed()
          resolve()
        },
      })
      this.#handlers.connected(connection)
    })
  }

  /** Dials, later each time, until it is connected, or its time is up, or trying again cannot help. */
  async #find(withinMs = Number.POSITIVE_INFINITY, mayCome = mayComeAlways): Promise<Connection> {
    const untilMs = this.#now() + withinMs
    for (let waitMs = BACKOFF_MS_MIN; ; waitMs = Math.min(2 * waitMs, BACKOFF_MS_MAX)) {
      this.#stop.signal.throwIfAborted()
      const met = await this.#dialOnce().catch(asDtrError)
      if (!(met instanceof DtrError)) return met
      // Where one of the two has another secret it stays another one.
      if (met.code === 'unauthorised' || this.#now() + waitMs > untilMs || !mayCome()) throw met
      await this.#wait(waitMs)
    }
  }

  async #dialOnce(): Promise<Connection> {
    const { identity, locate, dial, clock } = this.#options
    const address = locate()
    const result = await dial({
      ...address,
      ...{ identity, clock },
      expect: 'master',
      accepts: MASTER_TO_CLIENT_MESSAGES,
      connectMs: DIAL_MS_MAX,
    })
    if (result.kind !== 'connected') throw whyNot(address, result, isAccessKey(identity.key))
    if (!this.#stop.signal.aborted) return result.connection
    result.connection.end()
    throw this.#stop.signal.reason
  }

  #now(): MonoMs {
    return this.#options.clock.now().monoMs
  }

  /** So long, to twice as long: clients that lost one master shall not come back as one. */
  #wait(ms: number): Promise<void> {
    const { clock, random } = this.#options
    return new Promise((resolve) => {
      const cancel = clock.wakeAt(this.#now() + ms * (1 + random()), resolve)
      this.#endWait = () => {
        cancel()
        resolve()
      }
    })
  }
}

function whyNot(
  { host, port }: Address,
  result: Exclude<DialResult, { kind: 'connected' }>,
  withKey: boolean,
): DtrError {
  const where = `${host}:${port}`
  switch (result.kind) {
    case 'unproven':
      if (withKey) {
        return new DtrError('unauthorised', `the master at ${where} does not take this key: ${result.why}`, {
          hint: 'dtr key list, where the secret of the cluster is, tells which keys are good',
        })
      }
      return new DtrError(
        'unauthorised',
        `the master at ${where} and this client have different secrets: ${result.why}`,
      )
    case 'other':
      return result.role === 'worker'
        ? new DtrError('no_cluster', `a worker listens at ${where}, no master`, {
            hint: 'dtr ps tells where the master listens',
          })
        : new DtrError('no_cluster', `a ${result.role} of another cluster listens at ${where}`, {
            hint: withKey
              ? 'a key is for the cluster in which it was made'
              : 'the secret says which cluster is meant: see --secret-file, DTR_SECRET, --data',
          })
    case 'stranger':
      return new DtrError('no_cluster', `what listens at ${where} is no master: ${result.why}`, { hint: HOW_TO_START })
    case 'broken':
      return new DtrError('unreachable', `the master at ${where} broke off before it was proven: ${result.why}`)
    case 'unreachable':
      return new DtrError('unreachable', `${where} cannot be reached: ${result.why}`)
    default:
      return new DtrError('no_cluster', `no master answers at ${where}`, { hint: HOW_TO_START })
  }
}

function asDtrError(error: unknown): DtrError {
  return error instanceof DtrError ? error : new DtrError('unreachable', messageOf(error), { cause: error })
}
