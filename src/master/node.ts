// A master as a process part: sockets, the store, discovery and the run file around the machine and its driver. It
// decides nothing. Several may live in one process (users' own tests do that).
import { randomBytes } from 'node:crypto'
import { type Clock, systemClock } from '../clock.js'
import type { PortRange } from '../config.js'
import { ERRORS, messageOf } from '../errors.js'
import type { Log } from '../log.js'
import { accept } from '../net/accept.js'
import { formatAddress } from '../net/address.js'
import type { Acceptor, ClusterKey, Connection, Identity } from '../net/connection.js'
import { machineId } from '../net/machine-id.js'
import { type Listening, listenOnFirstFree } from '../net/ports.js'
import { removeRunFile, runFolder, writeRunFile } from '../net/run-file.js'
import type { WorkerMessage } from '../protocol/messages.js'
import { CLIENT_MESSAGES, WORKER_MESSAGES } from '../protocol/messages.js'
import type { Store } from '../store/store.js'
import { Discovery } from './discovery.js'
import { Driver } from './driver.js'
import type { Keep, MasterEffect, SessionId } from './events.js'
import { MasterMachine } from './machine.js'

export interface MasterOptions {
  /** Folder of the cluster; the run file goes there. */
  readonly data: string
  readonly bind: string
  /** The first port tried; the next free one is taken. */
  readonly port: number
  /** Host by which others reach this master, where it is not `bind`. */
  readonly advertise?: string | undefined
  /** Hosts whose worker ports are scanned: names or addresses. */
  readonly hosts: readonly string[]
  readonly workerPorts: PortRange
  readonly heartbeatMs: number
  readonly suspectMs: number
  readonly leaseMs: number
  readonly codeDeadMs: number
  readonly scanMs: number
  readonly drainMs: number
  readonly keep: Keep
  /** Leave the workers to the next master when stopping. */
  readonly keepWorkers: boolean
  readonly version: string
  readonly key: ClusterKey
  readonly log: Log
  /** Chosen by whoever composes the process. Called once, before anything listens. */
  openStore(): Promise<Store>
  readonly clock?: Clock
}

export interface MasterHandle {
  readonly host: string
  readonly port: number
  readonly incarnation: string
  /** Ends the cluster in order (or only this master, with `keepWorkers`); `now` waits for nobody. */
  stop(reason: string, options?: { readonly graceMs?: number; readonly now?: boolean }): void
  /** Resolves with the exit code once everything is closed. */
  readonly ended: Promise<number>
}

const UNAUTHENTICATED_MAX = 64
const CONNECTIONS_MAX = 10_000
/** What a store that does not answer is waited for at the end. */
const STORE_MS_MAX = 2_000
/** Ports tried from the first one on. */
const PORTS_TRIED = 200

/**
 * @throws DtrError `data_in_use` where another master holds the data, `ports_taken` where no port is free
 */
export async function startMaster(options: MasterOptions): Promise<MasterHandle> {
  const store = await options.openStore()
  try {
    const last = Math.min(65_535, options.port + PORTS_TRIED - 1)
    const listening = await listenOnFirstFree({ host: options.bind, first: options.port, last })
    return await MasterNode.start(options, store, listening)
  } catch (error) {
    await store.close()
    throw error
  }
}

class MasterNode {
  readonly #sessions = new Map<SessionId, Connection>()
  readonly #driver: Driver
  readonly #discovery: Discovery
  readonly #acceptor: Acceptor
  #lastSession = 0
  #exiting = false
  #end: (code: number) => void = () => {}
  readonly ended = new Promise<number>((resolve) => {
    this.#end = resolve
  })

  static async start(options: MasterOptions, store: Store, listening: Listening): Promise<MasterHandle> {
    const { port } = listening
    const holders = await store.holders()
    const incarnation = `master#${randomBytes(8).toString('hex')}`
    const host = options.advertise ?? options.bind
    const machine = new MasterMachine((options.clock ?? systemClock).now(), {
      incarnation,
      pid: process.pid,
      version: options.version,
      address: formatAddress({ host, port }),
      machine: machineId(),
      heartbeatMs: options.heartbeatMs,
      suspectMs: options.suspectMs,
      leaseMs: options.leaseMs,
      codeDeadMs: options.codeDeadMs,
      drainMs: options.drainMs,
      keep: options.keep,
      keepWorkers: options.keepWorkers,
      holders,
    })
    options.log.info(`master listens on ${formatAddress({ host: options.bind, port })}`, {
      pid: process.pid,
      incarnation,
      data: options.data,
    })
    if (holders.length > 0) {
      const running = holders.reduce((sum, holder) => sum + holder.running, 0)
      options.log.info(
        `${running} tasks were running at ${holders.length} workers; they have a full lease to come back`,
      )
    }
    const node = new MasterNode(options, store, listening, machine, incarnation)
    const stop: MasterHandle['stop'] = (reason, { graceMs = options.drainMs, now = false } = {}) =>
      node.#driver.post({ kind: 'stop', reason, graceMs, now })
    return { host, port, incarnation, stop, ended: node.ended }
  }

  private constructor(
    private readonly options: MasterOptions,
    private readonly store: Store,
    private readonly listening: Listening,
    machine: MasterMachine,
    incarnation: string,
  ) {
    const { key, log, clock = systemClock } = options
    const { port } = listening
    const identity: Identity & { role: 'master' } = { role: 'master', incarnation, key }
    this.#driver = new Driver(machine, {
      clock,
      store,
      log,
      batchId: () => randomBytes(12).toString('base64url'),
      afterArrivals: (callback) => void setImmediate(callback),
      act: (effect) => this.#act(effect),
      failed: (error) => {
        log.error(`an error of dtr itself: ${error instanceof Error ? error.stack : String(error)}`)
        void this.#exit(ERRORS.internal.exit)
      },
    })
    this.#discovery = new Discovery({
      identity,
      hosts: options.hosts,
      ports: options.workerPorts,
      roundMs: options.scanMs,
      own: formatAddress({ host: options.bind, port }),
      clock,
      log,
      connected: (connection) => this.#take(connection),
      probed: (incarnation, met) => this.#driver.post({ kind: 'probed', incarnation, met }),
    })
    this.#acceptor = accept(listening, {
      identity,
      accepts: { client: CLIENT_MESSAGES, worker: WORKER_MESSAGES },
      unauthenticatedMax: UNAUTHENTICATED_MAX,
      connectionsMax: CONNECTIONS_MAX,
      connected: (connection) => {
        if (connection.peer.role === 'worker') this.#discovery.joined(connection.peer.incarnation)
        this.#take(connection)
      },
      rejected: (remote, why) => log.warn(`refused a connection from ${remote}: ${why}`),
      clock,
    })
    writeRunFile(runFolder(options.data), {
      name: 'master',
      role: 'master',
      pid: process.pid,
      host: options.advertise ?? options.bind,
      port,
      incarnation,
      startedAt: new Date(clock.now().wallMs).toISOString(),
    })
    this.#driver.start()
    this.#discovery.start()
  }

  #take(connection: Connection): void {
    const { role, incarnation, remote } = connection.peer
    if (role === 'master' || this.#exiting) return connection.destroy('no place for it here')
    this.#lastSession += 1
    const session = this.#lastSession
    this.#sessions.set(session, connection)
    this.#driver.post({ kind: 'opened', session, peer: { role, incarnation, remote } })
    connection.open({
      messages: (messages) => {
        for (const message of messages) {
          // The connection has checked it against WORKER_MESSAGES or CLIENT_MESSAGES, by the role that was proven.
          this.#driver.post({ kind: 'message', session, message: message as WorkerMessage })
        }
      },
      closed: (reason, heardAll) => {
        this.#sessions.delete(session)
        if (!this.#isConnected(incarnation)) this.#discovery.left(incarnation)
        this.#driver.post({ kind: 'closed', session, reason, heardAll })
      },
    })
  }

  /** A worker that connected anew is there although its old session has just ended. */
  #isConnected(incarnation: string): boolean {
    return [...this.#sessions.values()].some(({ peer }) => peer.incarnation === incarnation)
  }

  #act(effect: Exclude<MasterEffect, { kind: 'read' } | { kind: 'log' }>): void {
    switch (effect.kind) {
      case 'send':
        this.#sessions.get(effect.session)?.send(effect.message)
        return
      case 'close':
        this.options.log.info(`closed a connection: ${effect.reason}`, {
          remote: this.#sessions.get(effect.session)?.peer.remote,
        })
        this.#sessions.get(effect.session)?.end()
        return
      case 'probe':
        this.#discovery.probe(effect.incarnation, effect.address)
        return
      case 'exit':
        void this.#exit(effect.code)
    }
  }

  async #exit(code: number): Promise<void> {
    if (this.#exiting) return
    this.#exiting = true
    this.#discovery.stop()
    await this.#within(STORE_MS_MAX, this.#driver.close())
    for (const connection of this.#sessions.values()) connection.end()
    await new Promise<void>((resolve) => {
      this.listening.server.close(() => resolve())
      // Who does not read what was sent last is not waited for.
      setTimeout(() => this.#acceptor.close('the master has stopped'), 500).unref()
      setTimeout(resolve, 1_000).unref()
    })
    removeRunFile(runFolder(this.options.data), 'master', process.pid)
    const closed = this.store.close().catch((error) => this.options.log.error(`closing the store: ${messageOf(error)}`))
    await this.#within(STORE_MS_MAX, closed)
    this.#end(code)
  }

  /** A disk that does not answer is not waited for: what it holds back was told to nobody. */
  #within(ms: number, done: Promise<void>): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.options.log.error('the store does not answer: left without waiting for it')
        resolve()
      }, ms)
      void done.then(() => {
        clearTimeout(timer)
        resolve()
      })
    })
  }
}
