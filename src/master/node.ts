// A master as a process part: its listening socket, the store and the run file around its core. It decides nothing. Several
// may live in one process (users' own tests do that).
import { randomBytes } from 'node:crypto'
import { type Clock, systemClock } from '../clock.js'
import type { PortRange } from '../config.js'
import { ERRORS, messageOf } from '../errors.js'
import type { Log } from '../log.js'
import { accept } from '../net/accept.js'
import { formatAddress } from '../net/address.js'
import type { Acceptor, ClusterKey, Identity } from '../net/connection.js'
import { dial } from '../net/dial.js'
import { machineId } from '../net/machine-id.js'
import { type Listening, listenOnFirstFree } from '../net/ports.js'
import { removeRunFile, runFolder, writeRunFile } from '../net/run-file.js'
import { CLIENT_MESSAGES, WORKER_MESSAGES } from '../protocol/messages.js'
import type { Store } from '../store/store.js'
import { MasterCore } from './core.js'
import type { Keep, PullSettings } from './events.js'
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
  readonly pull: PullSettings
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
  readonly #core: MasterCore
  readonly #acceptor: Acceptor
  #exiting = false
  #end: (code: number) => void = () => {}
  readonly ended = new Promise<number>((resolve) => {
    this.#end = resolve
  })

  static async start(options: MasterOptions, store: Store, listening: Listening): Promise<MasterHandle> {
    const { port } = listening
    const [holders, keys] = [await store.holders(), await store.keys()]
    const { quarantined } = await store.reputations()
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
      pull: options.pull,
      keepWorkers: options.keepWorkers,
      tellsDebug: options.log.tellsDebug,
      holders,
      keys,
      quarantined,
    })
    options.log.info(`master listens on ${formatAddress({ host: options.bind, port })}`, {
      pid: process.pid,
      incarnation,
      data: options.data,
    })
    const running = holders.reduce((sum, holder) => sum + holder.running, 0)
    if (running > 0) {
      const holding = holders.filter((holder) => holder.running > 0).length
      options.log.info(`${running} tasks were running at ${holding} workers; they have a full lease to come back`)
    }
    const node = new MasterNode(options, store, listening, machine, incarnation)
    const stop: MasterHandle['stop'] = (reason, { graceMs = options.drainMs, now = false } = {}) =>
      node.#core.post({ kind: 'stop', reason, graceMs, now })
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
    this.#core = new MasterCore(machine, {
      identity,
      hosts: options.hosts,
      ports: options.workerPorts,
      roundMs: options.scanMs,
      own: formatAddress({ host: options.bind, port }),
      clock,
      store,
      log,
      dial,
      random: Math.random,
      batchId: () => randomBytes(12).toString('base64url'),
      afterArrivals: (callback) => void setImmediate(callback),
      exit: (code) => void this.#exit(code),
      failed: (error) => {
        log.error(`an error of dtr itself: ${error instanceof Error ? error.stack : String(error)}`)
        void this.#exit(ERRORS.internal.exit)
      },
    })
    this.#acceptor = accept(listening, {
      identity,
      keys: (id, role) => machine.keyAt(clock.now(), id, role),
      accepts: { client: CLIENT_MESSAGES, worker: WORKER_MESSAGES },
      unauthenticatedMax: UNAUTHENTICATED_MAX,
      connectionsMax: CONNECTIONS_MAX,
      connected: (connection) => this.#core.accepted(connection),
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
    this.#core.start()
  }

  async #exit(code: number): Promise<void> {
    if (this.#exiting) return
    this.#exiting = true
    await this.#within(STORE_MS_MAX, this.#core.close())
    this.#core.endSessions()
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
