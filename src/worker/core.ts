// A worker without its socket, processes and files: machine, sessions, hosts and its one timer. It decides nothing. The node
// gives it the real ports, a simulation those of a world of its own.
import type { Clock, MonoMs } from '../clock.js'
import type { Log } from '../log.js'
import type { Connection } from '../net/connection.js'
import type { MasterToWorker } from '../protocol/messages.js'
import type { SessionId, WorkerEffect, WorkerEvent } from './events.js'
import { Hosts, type HostsOptions } from './host/hosts.js'
import { WorkerMachine } from './machine.js'
import type { WorkerConfig } from './state.js'
import type { WorkerTold } from './told.js'

export interface CoreOptions {
  readonly config: WorkerConfig
  readonly clock: Clock
  readonly log: Log
  readonly hosts: Omit<HostsOptions, 'slots' | 'tell' | 'gone' | 'log'>
  /** The clock that all processes of a machine share. */
  rawMonoMs(): MonoMs
  /** It knows what it serves: masters may come. */
  accept(): void
  /** Where the peer of this connection reaches this worker. */
  addressFor(connection: Connection): string
  reloaded?(problem?: string): void
  /** After each step that was not the last. */
  stepped?(): void
  /** The last that the machine wants. */
  exit(code: number, problem: string | undefined): void
}

/** How long the end of a worker waits for its sessions and hosts: nothing of it is alive 2 s later (P18). */
const LEAVE_MS_MAX = 1_500
/** What attempts tell while they run is left out while the master has so much to read. */
const LOSSY_UNREAD_BYTES_MAX = 1024 * 1024

export class WorkerCore {
  readonly #options: CoreOptions
  readonly #machine: WorkerMachine
  readonly #sessions = new Map<SessionId, Connection>()
  readonly #hosts: Hosts
  #lastSession = 0
  #armedFor: MonoMs | undefined
  #cancelTimer = (): void => {}
  #leaving = false
  /** Told whenever a session or a host is gone. */
  #gone = (): void => {}

  constructor(options: CoreOptions) {
    this.#options = options
    this.#hosts = new Hosts({
      ...options.hosts,
      slots: options.config.slots,
      log: options.log,
      tell: (event) => this.post(event),
      gone: () => this.#gone(),
    })
    this.#machine = new WorkerMachine(options.config)
  }

  /** As `dtr ps` shows them. */
  get hosts(): WorkerMachine['hosts'] {
    return this.#machine.hosts
  }

  told(): WorkerTold {
    return this.#machine.told(this.#options.clock.now())
  }

  /** Tells the machine, and does what it says. */
  post(event: WorkerEvent): void {
    if (this.#leaving) return
    for (const effect of this.#machine.step(this.#options.clock.now(), event)) this.#act(effect)
    if (this.#leaving) return
    this.#arm()
    this.#options.stepped?.()
  }

  /** What is due later than it was keeps its timer: a step too early costs less than a timer at every step. */
  #arm(): void {
    const next = this.#machine.nextDeadline()
    if (next === undefined || (this.#armedFor !== undefined && this.#armedFor <= next)) return
    this.#cancelTimer()
    this.#armedFor = next
    this.#cancelTimer = this.#options.clock.wakeAt(next, () => {
      this.#armedFor = undefined
      this.post({ kind: 'tick' })
    })
  }

  #act(effect: WorkerEffect): void {
    switch (effect.kind) {
      case 'send':
        this.#send(effect)
        return
      case 'close':
        this.#sessions.get(effect.session)?.end()
        return
      case 'accept':
        return this.#options.accept()
      case 'spawn':
        return this.#hosts.spawn(effect.host, effect.memoryBytesMax)
      case 'kill':
        this.#hosts.get(effect.host)?.kill()
        return
      case 'deadline':
        this.#hosts.get(effect.host)?.watch({ deadlineMs: this.#raw(effect.at), signEveryMs: effect.signEveryMs })
        return
      case 'run':
        // `started` must have left before the code can begin (P9).
        for (const connection of this.#sessions.values()) connection.flush()
        this.#hosts.get(effect.host)?.run(effect.attempts, effect.epoch)
        return
      case 'recall':
        this.#hosts.get(effect.host)?.recall(effect.epoch)
        return
      case 'abort':
        this.#hosts.get(effect.host)?.abort(effect.leaseId, effect.reason)
        return
      case 'checkpointed':
        this.#hosts.get(effect.host)?.checkpointed(effect.answer)
        return
      case 'log':
        this.#options.log.write(effect.entry)
        return
      case 'reloaded':
        this.#options.reloaded?.(effect.problem)
        return
      case 'exit':
        this.#leaving = true
        this.#cancelTimer()
        this.#options.exit(effect.code, effect.problem)
    }
  }

  #send({ session, message, lossy }: Extract<WorkerEffect, { kind: 'send' }>): void {
    const connection = this.#sessions.get(session)
    // Beats and results have the way for themselves.
    if (lossy === true && (connection?.queuedBytes ?? 0) > LOSSY_UNREAD_BYTES_MAX) return
    connection?.send(message)
  }

  /** From the lease clock to the one that host and worker share. */
  #raw(at: MonoMs): MonoMs {
    return this.#options.rawMonoMs() + at - this.#options.clock.now().monoMs
  }

  /** Resolves when the session is over. */
  connected(connection: Connection): Promise<void> {
    this.#lastSession += 1
    const session = this.#lastSession
    this.#sessions.set(session, connection)
    return new Promise((resolve) => {
      connection.open({
        // The table of this side holds just these.
        messages: (messages) =>
          this.post({ kind: 'messages', session, messages: messages as readonly MasterToWorker[] }),
        closed: (reason) => {
          this.#sessions.delete(session)
          this.post({ kind: 'closed', session, reason })
          this.#gone()
          resolve()
        },
      })
      if (this.#leaving) connection.end()
      const address = this.#options.addressFor(connection)
      this.post({ kind: 'opened', session, master: connection.peer.incarnation, address })
    })
  }

  /** Ends code and sessions; resolves when they are gone, or are not waited for any longer. */
  leave(): Promise<void> {
    this.#hosts.killAll()
    for (const connection of this.#sessions.values()) connection.end()
    return this.#allGone()
  }

  #allGone(): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#options.clock.wakeAt(this.#options.clock.now().monoMs + LEAVE_MS_MAX, resolve)
      this.#gone = () => {
        if (this.#hosts.size > 0 || this.#sessions.size > 0) return
        cancel()
        resolve()
      }
      this.#gone()
    })
  }
}
