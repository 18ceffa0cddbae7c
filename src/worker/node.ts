// A worker as a process part: its listening socket, its hosts' processes and its run file around its core. It decides nothing.
// Several may live in one process (users' own tests do that).
import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import { resolve } from 'node:path'
import { type Clock, rawMonoMs, systemClock } from '../clock.js'
import type { PortRange } from '../config.js'
import { DtrError, messageOf } from '../errors.js'
import type { Log } from '../log.js'
import { accept } from '../net/accept.js'
import { formatAddress, parseAddress } from '../net/address.js'
import type { Acceptor, Connection, Identity } from '../net/connection.js'
import { dial } from '../net/dial.js'
import { machineId } from '../net/machine-id.js'
import { type Listening, listeningFd, listenOnFirstFree } from '../net/ports.js'
import { removeRunFile, writeRunFile } from '../net/run-file.js'
import { MASTER_TO_WORKER_MESSAGES } from '../protocol/messages.js'
import type { WrittenCommands } from '../runner/command.js'
import { DEFAULT_QUEUE } from '../task/task.js'
import type { Tracing } from '../tracing/tracing.js'
import { WorkerCore } from './core.js'
import type { WorkerEvent } from './events.js'
import { tracedHost } from './host/traced-host.js'
import { join } from './join.js'
import type { Care } from './state.js'
import type { WorkerTold } from './told.js'
import { checkWatch, watchModules } from './watch.js'

export interface WorkerOptions {
  /** A safe file name: run file and log are named by it. */
  readonly name: string
  /** Tasks that run at the same time. */
  readonly slots: number
  /** Queues that it takes tasks from; the default one where it is left out. */
  readonly queues?: readonly string[]
  /** What its tasks think with. */
  readonly model?: string | undefined
  /** The first free one is taken. */
  readonly workerPorts: PortRange
  readonly bind: string
  /** Host by which a master reaches this worker, where it is not `bind`. */
  readonly advertise?: string | undefined
  /** `host:port` of a master to dial in to. It is listened for masters all the same. */
  readonly join?: string | undefined
  /** Paths of task modules. */
  readonly tasks: readonly string[]
  readonly builtins: boolean
  /** Each slot has a host of its own. */
  readonly isolate?: boolean
  /** What it looks after in its hosts. */
  readonly care?: Care
  readonly commands?: WrittenCommands | undefined
  /** Paths of modules that are runners. */
  readonly runners?: readonly string[]
  readonly tracing?: Tracing | undefined
  /** Loads them anew when they change on disk. */
  readonly watch?: boolean
  /** Told how each load of changed modules went; `problem`: why the old code stays. */
  readonly reloaded?: ((problem?: string) => void) | undefined
  /** It leaves so long after losing its master; undefined: never. */
  readonly masterTimeoutMs: number | undefined
  readonly drainMs: number
  readonly killGraceMs: number
  /** Limit of a run where neither task nor type has one. */
  readonly defaultTimeoutMs: number | undefined
  readonly version: string
  /** The secret of the cluster, or a key to join a master with. */
  readonly key: Identity['key']
  readonly log: Log
  /** Where its run file goes; none, no file. */
  readonly runFolder?: string | undefined
  readonly clock?: Clock
}

export interface WorkerHandle {
  readonly name: string
  readonly incarnation: string
  readonly host: string
  readonly port: number
  /** Whether work comes to it, what it serves and runs, now. */
  told(): WorkerTold
  /** Takes no more work, finishes what it has within `graceMs`, hands the rest back and leaves (P21). */
  drain(graceMs?: number): void
  /** Loads its task modules anew; what runs goes on in the code that it began in. */
  reload(): void
  /** Leaves now, whatever runs. */
  kill(): void
  /** Resolves with the exit code once everything of it is gone. */
  readonly ended: Promise<number>
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/
const UNAUTHENTICATED_MAX = 64
/** One master at a time, and others that are told so. */
const CONNECTIONS_MAX = 64

/**
 * Resolves when the worker listens and knows what it serves.
 * @throws DtrError `ports_taken` where no port is free, `bad_input` for a task module that cannot be used
 */
export async function startWorker(options: WorkerOptions): Promise<WorkerHandle> {
  if (!NAME.test(options.name)) {
    throw new DtrError('bad_input', `the worker's name "${options.name}" is not up to 64 letters, digits and . _ -`)
  }
  if (options.join !== undefined) parseAddress(options.join, 'the master to join')
  if (options.watch === true) checkWatch(watched(options))
  const listening = await listenOnFirstFree({ host: options.bind, ...options.workerPorts })
  const { port } = listening
  const node = new WorkerNode(options, listening)
  await node.accepting
  const { incarnation, ended } = node
  return {
    name: options.name,
    host: options.advertise ?? options.bind,
    told: () => node.told(),
    drain: (graceMs = options.drainMs) => node.post({ kind: 'drain', graceMs }),
    reload: () => node.post({ kind: 'reload' }),
    kill: () => node.post({ kind: 'stop' }),
    ...{ incarnation, port, ended },
  }
}

function watched({ tasks, runners = [] }: WorkerOptions): readonly string[] {
  return [...tasks, ...runners].map((path) => resolve(path))
}

class WorkerNode {
  readonly incarnation: string
  readonly #clock: Clock
  readonly #core: WorkerCore
  readonly #identity: Identity & { role: 'worker' }
  readonly #startedAt: string
  #acceptor: Acceptor | undefined
  #stopJoining = (): void => {}
  #stopWatching = (): void => {}
  #hostsTold = ''
  #accepted = (): void => {}
  #refused = (_problem: DtrError): void => {}
  #end = (_code: number): void => {}
  readonly accepting = new Promise<void>((resolve, reject) => {
    this.#accepted = resolve
    this.#refused = reject
  })
  readonly ended = new Promise<number>((resolve) => {
    this.#end = resolve
  })

  constructor(
    private readonly options: WorkerOptions,
    private readonly listening: Listening,
  ) {
    const { name, slots, version, masterTimeoutMs, killGraceMs, defaultTimeoutMs, key, log } = options
    this.#clock = options.clock ?? systemClock
    const now = this.#clock.now()
    this.incarnation = `${name}#${randomBytes(8).toString('hex')}`
    this.#identity = { role: 'worker', incarnation: this.incarnation, key }
    this.#startedAt = new Date(now.wallMs).toISOString()
    const config = {
      ...{ name, slots, version, masterTimeoutMs, killGraceMs, defaultTimeoutMs },
      pid: process.pid,
      hostname: hostname(),
      machine: machineId(),
      token: randomBytes(16).toString('hex'),
      queues: options.queues ?? [DEFAULT_QUEUE],
      model: options.model,
      isolate: options.isolate === true,
      tellsDebug: log.tellsDebug,
      care: options.care ?? {},
    }
    this.#core = new WorkerCore({
      ...{ config, log, rawMonoMs },
      clock: this.#clock,
      hosts: {
        name,
        builtins: options.builtins,
        modules: options.tasks.map((path) => resolve(path)),
        runners: options.runners?.map((path) => resolve(path)),
        commands:
          options.commands === undefined
            ? undefined
            : { ...options.commands, killGraceMs, memoryBytesMax: config.care.slotBytesMax },
        listeningFd: listeningFd(listening.server),
        ...(options.tracing && { start: tracedHost(options.tracing, this.#clock) }),
      },
      accept: () => this.#accept(),
      addressFor: (connection) => this.#addressFor(connection),
      reloaded: (problem) => options.reloaded?.(problem),
      stepped: () => this.#tellHosts(),
      exit: (code, problem) => void this.#leave(code, problem),
    })
    log.info(`worker listens on ${formatAddress({ host: options.bind, port: listening.port })}`, {
      pid: process.pid,
      incarnation: this.incarnation,
      slots,
    })
    this.post({ kind: 'tick' })
  }

  told(): WorkerTold {
    return this.#core.told()
  }

  post(event: WorkerEvent): void {
    this.#core.post(event)
  }

  #accept(): void {
    const { log, join: master } = this.options
    this.#acceptor = accept(this.listening, {
      identity: this.#identity,
      accepts: { master: MASTER_TO_WORKER_MESSAGES },
      unauthenticatedMax: UNAUTHENTICATED_MAX,
      connectionsMax: CONNECTIONS_MAX,
      connected: (connection) => void this.#core.connected(connection),
      rejected: (remote, why) => log.warn(`refused a connection from ${remote}: ${why}`),
      clock: this.#clock,
    })
    if (master !== undefined) {
      this.#stopJoining = join({
        ...{ master, log, dial },
        identity: this.#identity,
        clock: this.#clock,
        connected: (connection) => this.#core.connected(connection),
      })
    }
    if (this.options.watch === true) {
      const modules = watched(this.options)
      this.#stopWatching = watchModules({ modules, clock: this.#clock, changed: () => this.post({ kind: 'reload' }) })
    }
    this.#accepted()
  }

  /** Where the peer of this connection reaches this worker. */
  #addressFor(connection: Connection): string {
    const { advertise, bind } = this.options
    const anyAddress = bind === '0.0.0.0' || bind === '::'
    const host = advertise ?? (anyAddress ? parseAddress(connection.peer.local).host : bind)
    return formatAddress({ host, port: this.listening.port })
  }

  /** For `dtr ps`: written when it changes. */
  #tellHosts(): void {
    const { runFolder, name, advertise, bind } = this.options
    if (runFolder === undefined) return
    const hosts = this.#core.hosts
    const told = JSON.stringify(hosts)
    if (told === this.#hostsTold) return
    this.#hostsTold = told
    const { incarnation, listening } = this
    try {
      writeRunFile(runFolder, {
        ...{ name, role: 'worker', pid: process.pid, port: listening.port, incarnation, hosts },
        host: advertise ?? bind,
        startedAt: this.#startedAt,
      })
    } catch (error) {
      // P28: a full disk does not stop work.
      this.options.log.warn(`cannot write the run file: ${messageOf(error)}`)
    }
  }

  // --- The end ---------------------------------------------------------------------------------------------------------

  async #leave(code: number, problem: string | undefined): Promise<void> {
    this.#stopJoining()
    this.#stopWatching()
    // The port is given up after the code is gone (design: section 6).
    await this.#core.leave()
    this.#acceptor?.close('this worker has left')
    for (const socket of this.listening.release()) socket.destroy()
    await new Promise<void>((resolve) => this.listening.server.close(() => resolve()))
    const { runFolder, name } = this.options
    if (runFolder !== undefined) removeRunFile(runFolder, name, process.pid)
    // Without effect where it had begun its work.
    if (problem !== undefined) this.#refused(new DtrError('bad_input', problem))
    else this.#refused(new DtrError('stopping', 'the worker left before its tasks were loaded'))
    this.#end(code)
  }
}
