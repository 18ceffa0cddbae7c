// The private cluster of a drill: a master and workers as a launcher starts them, in a temporary folder and on free ports,
// each of which can be killed, frozen and started again by name. Nothing of the user's own settings reaches it.
import { createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Client } from '../client/client.js'
import { connect } from '../client/connect.js'
import { type MonoMs, rawMonoMs } from '../clock.js'
import { type GivenSettings, resolveSettings, type SettingName, type Settings } from '../config.js'
import { DtrError } from '../errors.js'
import { type Child, describeExit, type Exit, startChild } from '../launch/child.js'
import { argsOf, MASTER_SETTINGS, WORKER_SETTINGS } from '../launch/command-line.js'
import { secretFor } from '../launch/secret.js'
import { readRunFile, runFolder } from '../net/run-file.js'
import { type ClusterKey, readKey } from '../protocol/key.js'
import { type Foreign, startForeign } from './foreign.js'
import { processesBelow } from './processes-below.js'
import type { Reaper } from './reaper.js'

const TASKS = fileURLToPath(new URL('./witness-tasks.js', import.meta.url))
const MASTER = 'master'
const PORTS_IN_A_ROW = 16

export interface ClusterOptions {
  readonly settings: GivenSettings
  /** Of the drill: it ends all processes, and the folder is in its. */
  readonly reaper: Reaper
  /** A line about a process that ended. */
  readonly tell: (line: string) => void
  /** What is to be there before the first process is. */
  readonly prepare?: Prepare | undefined
  readonly places?: Places | undefined
  /** What starts a worker that is not dtr's own, as a shell reads it. */
  readonly worker?: string | undefined
}

/** Whoever does something to the machine tells the reaper what takes it back. */
export type Prepare = (settings: Settings, reaper: Reaper) => void | Promise<void>

/** Where and how a process of this name runs, each time that it is started. */
export type Places = (name: string, settings: Settings) => Place

export interface Place {
  /** A command that becomes it. */
  readonly via?: readonly string[]
  readonly settings?: Partial<Settings>
}

export interface Left extends Exit {
  readonly name: string
  readonly atMs: MonoMs
}

export class DrillCluster {
  readonly witness: string
  readonly settings: Settings
  readonly #tell: (line: string) => void
  readonly #reaper: Reaper
  readonly #places: Places
  readonly #worker: string | undefined
  readonly #secret: string
  readonly #living = new Map<string, Child | Foreign>()
  #client: Client | undefined

  private constructor(settings: Settings, { tell, reaper, places = () => ({}), worker }: ClusterOptions) {
    this.witness = join(reaper.folder, 'witness')
    this.settings = settings
    this.#tell = tell
    this.#reaper = reaper
    this.#places = places
    this.#worker = worker
    this.#secret = secretFor(settings.data, settings, {}, { make: true })
  }

  static async create(options: ClusterOptions): Promise<DrillCluster> {
    const { reaper, prepare } = options
    const port = await freePort()
    const places = { data: join(reaper.folder, 'data'), logs: join(reaper.folder, 'logs'), tasks: [TASKS] }
    const ports = { port, workerPorts: { first: port + 1, last: port + PORTS_IN_A_ROW - 1 } }
    const settings = resolveSettings({ ...ports, ...options.settings, ...places }, {})
    await prepare?.(settings, reaper)
    return new DrillCluster(settings, options)
  }

  /** For what is to stay where the drill does not hold. */
  get folder(): string {
    return this.#reaper.folder
  }

  get key(): ClusterKey {
    return readKey(this.#secret)
  }

  /** Pids of the processes that run the tasks of a worker: of one that is not dtr's own, all that it has started. */
  hostsOf(name: string): readonly number[] {
    const child = this.#living.get(name)
    if (child !== undefined && 'foreign' in child) return processesBelow(child.pid)
    return readRunFile(runFolder(this.settings.data), name)?.hosts?.map(({ pid }) => pid) ?? []
  }

  pidOf(name: string): number {
    const child = this.#living.get(name)
    if (child === undefined) throw new DtrError('internal', `${name} does not run`)
    return child.pid
  }

  get names(): readonly string[] {
    return [...this.#living.keys()]
  }

  /** Resolves when it listens. */
  async startMaster(): Promise<void> {
    await this.#start('master', MASTER, MASTER_SETTINGS).ready
  }

  async startWorkers(names: readonly string[]): Promise<void> {
    await Promise.all(names.map((name) => this.#start('worker', name, WORKER_SETTINGS).ready))
  }

  #start(role: Child['role'], name: string, flags: readonly SettingName[]): Child | Foreign {
    const { via = [], settings } = this.#places(name, this.settings)
    const own = { ...this.settings, ...settings, id: name }
    const { environment } = this.#reaper
    const log = this.logOf(name)
    const child =
      role === 'worker' && this.#worker !== undefined
        ? startForeign({ command: this.#worker, settings: own, via, environment, log })
        : startChild({
            ...{ name, role, args: argsOf(flags, own), via, secret: this.#secret, environment, log },
            wrote: (line) => this.#tell(`${name}: ${line}`),
          })
    this.#living.set(name, child)
    child.ready.catch(() => {})
    void child.exited.then((exit) => {
      if (this.#living.get(name) === child) this.#living.delete(name)
      this.#tell(`${name} (pid ${child.pid}) ended: ${describeExit(exit)}`)
    })
    return child
  }

  logOf(name: string): string {
    return join(this.settings.logs, `${name}.log`)
  }

  /** The one client of the drill. It is told where the master is, so that no variable of the user's says otherwise. */
  async client(): Promise<Client> {
    this.#client ??= await connect({
      data: this.settings.data,
      secret: this.#secret,
      master: `127.0.0.1:${this.settings.port}`,
      connectFor: '60s',
    })
    return this.#client
  }

  /** Resolves when it has left. */
  async exit(name: string): Promise<Left> {
    const child = this.#living.get(name)
    if (child === undefined) throw new DtrError('internal', `${name} does not run`)
    const exit = await child.exited
    return { name, ...exit, atMs: rawMonoMs() }
  }

  /** Its processes are ended by the reaper. */
  close(): void {
    this.#client?.close()
  }
}

/** @param signal 0 only asks. @returns whether there was anybody to get it */
export function sendSignal(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return pid > 1 && process.kill(pid, signal)
  } catch {
    return false
  }
}

/** The first of several ports in a row, all free now, below those that the system gives out by itself. */
async function freePort(): Promise<number> {
  for (let tries = 0; tries < 100; tries += 1) {
    const first = 10_000 + Math.floor(Math.random() * 20_000)
    const ports = Array.from({ length: PORTS_IN_A_ROW }, (_, index) => first + index)
    if ((await Promise.all(ports.map(isFree))).every(Boolean)) return first
  }
  throw new DtrError('ports_taken', `no ${PORTS_IN_A_ROW} ports in a row are free from 10000 to 30000`)
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ host: '127.0.0.1', port, exclusive: true }, () => server.close(() => resolve(true)))
  })
}
