// The hosts of a worker, by the numbers that its machine gave them: does what the machine orders, tells it what they say.
import type { Log } from '../../log.js'
import type { HostCheckpoint, HostId, HostOutcome, HostReport, WorkerEvent } from '../events.js'
import type { FromHost, Served } from './pipe-messages.js'
import { type HostOptions, HostProcess } from './process.js'

/** One host as its worker handles it. */
export type HostHandle = Pick<HostProcess, 'pid' | 'run' | 'recall' | 'abort' | 'checkpointed' | 'watch' | 'kill'>

export interface HostsOptions extends Served, Pick<HostOptions, 'name' | 'slots' | 'listeningFd'> {
  /** Starts one: a process, if nothing else is said. */
  start?(options: HostOptions): HostHandle
  readonly log: Log
  tell(event: WorkerEvent): void
  /** One of them is gone. */
  gone(): void
}

export class Hosts {
  readonly #options: HostsOptions
  readonly #processes = new Map<HostId, HostHandle>()

  constructor(options: HostsOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#processes.size
  }

  get(host: HostId): HostHandle | undefined {
    return this.#processes.get(host)
  }

  killAll(): void {
    for (const process of this.#processes.values()) process.kill()
  }

  spawn(host: HostId, memoryBytesMax?: number): void {
    const { log, tell, gone, start = startProcess, ...options } = this.#options
    const child: HostHandle = start({
      ...options,
      memoryBytesMax,
      spawned: (pid) => tell({ kind: 'host-spawned', host, pid }),
      alive: (sign) => tell({ kind: 'host-alive', host, ownBytes: process.memoryUsage.rss(), ...sign }),
      recalled: (answer) => tell({ kind: 'host-recalled', host, ...answer }),
      said: (messages) => this.#said(host, messages),
      printed: (line, to) => {
        const level = to === 'stdout' ? 'info' : 'warn'
        log.write({ level, text: `${to}: ${line}`, fields: { host: child.pid } })
      },
      ended: (end, why) => {
        this.#processes.delete(host)
        if (why !== undefined) log.error(`a host could not be started: ${why}`)
        tell({ kind: 'host-ended', host, ...end })
        gone()
      },
    })
    this.#processes.set(host, child)
  }

  /** What began, or ended, in one chunk is told as one event: its results leave in one message. */
  #said(host: HostId, messages: readonly FromHost[]): void {
    const { tell, log } = this.#options
    const leaseIds: string[] = []
    const outcomes: HostOutcome[] = []
    const reports: HostReport[] = []
    let checkpoints: HostCheckpoint[] | undefined
    for (const message of messages) {
      switch (message.type) {
        case 'ready':
          tell({ kind: 'host-ready', host, types: message.types })
          break
        case 'unfit':
          tell({ kind: 'host-unfit', host, message: message.message })
          break
        case 'began':
          leaseIds.push(...message.leaseIds)
          break
        case 'checkpoint':
          checkpoints ??= []
          checkpoints.push(message)
          break
        case 'uncaught':
          tell({ kind: 'host-uncaught', host, error: message.error })
          break
        case 'log':
          log.write({ level: message.level, text: message.text })
          break
        case 'reports':
          reports.push(...message.list)
          break
        case 'outcomes':
          // An attempt begins before it ends, so all of them may come last.
          outcomes.push(...message.list)
      }
    }
    if (leaseIds.length > 0) tell({ kind: 'host-began', host, leaseIds })
    if (reports.length > 0) tell({ kind: 'host-reports', host, list: reports })
    if (checkpoints !== undefined) tell({ kind: 'host-checkpoints', host, checkpoints })
    if (outcomes.length > 0) tell({ kind: 'host-outcomes', host, outcomes })
  }
}

function startProcess(options: HostOptions): HostHandle {
  return new HostProcess(options)
}
