// The private cluster of a drill: a master and workers as a launcher starts them, in a temporary folder and on free ports,
// each of which can be killed, frozen and started again by name. Nothing of the user's own settings reaches it.
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Client } from '../client/client.js'
import { connect } from '../client/connect.js'
import { type MonoMs, rawMonoMs } from '../clock.js'
import { type GivenSettings, resolveSettings, type Settings } from '../config.js'
import { DtrError } from '../errors.js'
import { type Child, describeExit, type Exit, startChild } from '../launch/child.js'
import { argsOf, MASTER_SETTINGS, WORKER_SETTINGS } from '../launch/command-line.js'
import { secretFor } from '../launch/secret.js'
import { type RunRecord, readRunFiles, runFolder } from '../net/run-file.js'
import { type ClusterKey, readKey } from '../protocol/key.js'

const TASKS = fileURLToPath(new URL('./witness-tasks.js', import.meta.url))
const MASTER = 'master'
const PORTS_IN_A_ROW = 16

export interface ClusterOptions {
  readonly settings: GivenSettings
  /** A line about a process that ended. */
  readonly tell: (line: string) => void
  /** Makes the data folder something special. @returns what takes that back */
  readonly prepare?: ((data: string) => () => void) | undefined
}

export interface Left extends Exit {
  readonly name: string
  readonly atMs: MonoMs
}

/** Where a worker runs that is to have another network than the rest. */
export interface Elsewhere {
  readonly via?: readonly string[]
  readonly settings?: Partial<Settings>
}

export class DrillCluster {
  readonly folder: string
  readonly witness: string
  readonly settings: Settings
  readonly #tell: (line: string) => void
  readonly #secret: string
  readonly #living = new Map<string, Child>()
  #client: Client | undefined

  private constructor(
    folder: string,
    settings: Settings,
    tell: (line: string) => void,
    private readonly undo: (() => void) | undefined,
  ) {
    this.folder = folder
    this.witness = join(folder, 'witness')
    this.settings = settings
    this.#tell = tell
    this.#secret = secretFor(settings.data, settings, {}, { make: true })
  }

  static async create({ settings, tell, prepare }: ClusterOptions): Promise<DrillCluster> {
    const folder = mkdtempSync(join(tmpdir(), 'dtr-drill-'))
    const port = await freePort()
    const places = { data: join(folder, 'data'), logs: join(folder, 'logs'), tasks: [TASKS] }
    const ports = { port, workerPorts: { first: port + 1, last: port + PORTS_IN_A_ROW - 1 } }
    const undo = prepareOrRemove(folder, () => prepare?.(places.data))
    return new DrillCluster(folder, resolveSettings({ ...ports, ...settings, ...places }, {}), tell, undo)
  }

  get records(): readonly RunRecord[] {
    return readRunFiles(runFolder(this.settings.data))
  }

  get key(): ClusterKey {
    return readKey(this.#secret)
  }

  /** Pids of the processes that run the tasks of a worker. */
  hostsOf(name: string): readonly number[] {
    return this.records.find((record) => record.name === name)?.hosts?.map(({ pid }) => pid) ?? []
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
    await this.#start('master', MASTER, argsOf(MASTER_SETTINGS, this.settings)).ready
  }

  async startWorkers(names: readonly string[], elsewhere: Elsewhere = {}): Promise<void> {
    const { via, settings } = elsewhere
    const start = (name: string): Child =>
      this.#start('worker', name, argsOf(WORKER_SETTINGS, { ...this.settings, ...settings, id: name }), via)
    await Promise.all(names.map((name) => start(name).ready))
  }

  #start(role: Child['role'], name: string, args: readonly string[], via: readonly string[] = []): Child {
    const child = startChild({
      ...{ name, role, args, via, secret: this.#secret, environment: process.env },
      log: join(this.settings.logs, `${name}.log`),
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

  /** No process outlives it, frozen or not. */
  async end(): Promise<void> {
    this.#client?.close()
    const hosts = this.records.flatMap((record) => (record.hosts ?? []).map(({ pid }) => pid))
    const children = [...this.#living.values()]
    for (const pid of [...children.map((child) => child.pid), ...hosts]) {
      for (const signal of ['SIGCONT', 'SIGKILL'] as const) sendSignal(pid, signal)
    }
    await Promise.all(children.map(({ exited }) => exited))
    this.undo?.()
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}

function prepareOrRemove<Value>(folder: string, prepare: () => Value): Value {
  try {
    return prepare()
  } catch (error) {
    rmSync(folder, { recursive: true, force: true })
    throw error
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
