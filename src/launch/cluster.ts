// A cluster on this machine: a master and its workers as processes of their own, started, watched and ended together.
//
//   starting -> running -> stopping -> ended
//
// What always holds: the master starts first and ends last; no process outlives `ended`; nothing is started again unless
// `respawn` says so; stopping takes at most the drain and STOP_MARGIN_MS.
import { join, resolve } from 'node:path'
import type { Client } from '../client/client.js'
import { connect } from '../client/connect.js'
import { type MonoMs, rawMonoMs, systemClock } from '../clock.js'
import { checkFunction, checkObject, checkSignal } from '../config/options.js'
import { type GivenSettings, resolveSettings, type SettingName, type Settings } from '../config.js'
import { DtrError, EXIT_OK } from '../errors.js'
import { removeRunFile, runFolder, writeRunFile } from '../net/run-file.js'
import { checkServed } from '../worker/host/check.js'
import { checkWatch } from '../worker/watch.js'
import { checkBind } from './bind.js'
import { type Child, type ChildRole, type Exit, startChild } from './child.js'
import { Chorus } from './chorus.js'
import { type ClusterProcess, retireClusterFile, writeClusterFile } from './cluster-file.js'
import { argsOf, GATEWAY_SETTINGS, MASTER_SETTINGS, namesTasks, WORKER_SETTINGS } from './command-line.js'
import { checkLogs } from './folder.js'
import { checkGatewayPorts } from './gateway-ports.js'
import { type Place, Processes } from './processes.js'
import { secretFor } from './secret.js'

export type { ClusterProcess } from './cluster-file.js'

/** Any setting of config.ts, by its name; durations as milliseconds or as text with a unit. */
export interface ClusterStart extends GivenSettings {
  /** Gets a line about every process that ends, and what processes write to their standard error. */
  readonly tell?: (line: string) => void
  /** Gives up the start: what was started ends at once. */
  readonly signal?: AbortSignal
}

const STOP_MARGIN_MS = 5_000
/** How long the master is asked to end the cluster before it is taken for dead or frozen. */
const ASK_MS = 3_000
const SETTINGS_OF = {
  master: MASTER_SETTINGS,
  worker: WORKER_SETTINGS,
  gateway: GATEWAY_SETTINGS,
} satisfies Record<ChildRole, readonly SettingName[]>
const HANDED_BACK = new DtrError('drain_incomplete', 'work was handed back').exitCode

/**
 * Starts a cluster and resolves when all its processes are ready. Without `tasks`, `exec` and `runner` its workers serve the built-in tasks.
 * @throws DtrError what kept one of them from starting; then none is left
 */
export async function startCluster(options: ClusterStart = {}): Promise<Cluster> {
  checkObject(options)
  const { tell = () => {}, signal, ...given } = options
  checkFunction(tell, 'tell')
  checkSignal(signal)
  const settings = resolveSettings(given, process.env)
  checkBind(settings.bind, settings.plaintext)
  if (settings.watch) checkWatch([...settings.tasks, ...settings.runner])
  const paths = withPaths(settings)
  const { tasks, builtins, exec, execFinal, execOutput, runner, killGrace } = paths
  if (namesTasks(settings) || execFinal.length + execOutput.length > 0) {
    const commands = { exec, execFinal, execOutput, killGraceMs: killGrace }
    await checkServed({ modules: tasks, builtins, commands, runners: runner, signal })
  }
  checkLogs(paths.logs)
  await checkGatewayPorts(settings)
  const cluster = new Cluster(paths, tell)
  const abort = (): void => cluster.giveUp()
  signal?.addEventListener('abort', abort, { once: true })
  await cluster.start().finally(() => signal?.removeEventListener('abort', abort))
  return cluster
}

function withPaths(settings: Settings): Settings {
  const { tasks, runner, builtins } = settings
  return {
    ...settings,
    data: resolve(settings.data),
    logs: resolve(settings.logs),
    tasks: tasks.map((module) => resolve(module)),
    runner: runner.map((module) => resolve(module)),
    builtins: builtins || !namesTasks(settings),
  }
}

export class Cluster {
  readonly settings: Settings
  /** Resolves when no process is left, with the code for the launcher to exit with. */
  readonly ended: Promise<number>
  readonly #chorus: Chorus
  readonly #tell: (line: string) => void
  readonly #processes: Processes
  readonly #secret: string
  readonly #ports = new Map<string, number>()
  readonly #startedAt = new Date().toISOString()
  #resolveEnded: (code: number) => void = () => {}
  #phase: 'starting' | 'running' | 'stopping' = 'starting'
  #killed = false
  #killAt: MonoMs = Number.POSITIVE_INFINITY
  #handedBack = false
  #wroteDown = false
  #lastResort: NodeJS.Timeout | undefined

  constructor(settings: Settings, tell: (line: string) => void) {
    this.settings = settings
    this.#chorus = new Chorus(systemClock, tell)
    this.#tell = (line) => {
      this.#chorus.flush()
      tell(line)
    }
    this.#secret = secretFor(settings.data, settings, process.env, { make: true })
    this.#processes = new Processes({
      respawns: (child, exit) => settings.respawn && this.#phase === 'running' && !isOrderlyStop(child, exit),
      tell: (line) => this.#tell(line),
      ready: (child, port) => {
        this.#ports.set(child.name, port)
        this.#writeDown()
      },
      ended: (child, exit) => this.#childEnded(child, exit),
    })
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve
    })
  }

  get master(): ClusterProcess | undefined {
    return this.#living('master')[0]
  }

  /** The HTTP gateway. */
  get gateway(): ClusterProcess | undefined {
    return this.#living('gateway')[0]
  }

  get workers(): readonly ClusterProcess[] {
    return this.#living('worker')
  }

  /** It ends, or has ended. */
  get stopping(): boolean {
    return this.#phase === 'stopping' || this.#processes.over
  }

  /** @internal Use `startCluster()`. */
  async start(): Promise<void> {
    try {
      await this.#processes.start(this.#place('master', 'master')).ready
      const names = Array.from({ length: this.settings.workers }, (_, index) => `worker-${index + 1}`)
      const workers = names.map((name) => this.#processes.start(this.#place('worker', name)))
      const gateway = this.#startGateway()
      // It is waited for below, whatever becomes of the workers meanwhile.
      gateway.catch(() => {})
      await Promise.all(workers.map((worker) => worker.ready))
      // From here on tasks run.
      if (this.#phase === 'starting') this.#phase = 'running'
      await gateway
      this.#writeDown()
    } catch (error) {
      // What could not start leaves by itself, with the exit code that says why.
      this.#askEach(0)
      await this.ended
      throw error
    }
  }

  /** Where nobody named its port a gateway that cannot start is told, and the cluster is there without it. */
  async #startGateway(): Promise<void> {
    const { http = 'off', grpc = 'off', grpcScheduler = 'off' } = this.settings
    const overGrpc = grpc !== 'off' || grpcScheduler !== 'off'
    if (http === 'off' && !overGrpc) return
    const gateway = this.#processes.start(this.#place('gateway', 'gateway'))
    await gateway.ready.catch((error: Error) => {
      if (http !== 'auto' || overGrpc) throw error
      this.#tell(`no gateway: ${error.message}`)
    })
  }

  /** @internal Its start is not wanted any more: what runs already ends in order. */
  giveUp(): void {
    if (this.#phase === 'running') void this.stop()
    else this.kill()
  }

  /** A client of this cluster. */
  client(options: { readonly connectFor?: number } = {}): Promise<Client> {
    const { data, otel } = this.settings
    return connect({ data, otel, secret: this.#secret, ...options })
  }

  /**
   * Ends it in order: no more work is given out, workers finish what they run and leave, the master last.
   * Called again, with less time, it ends sooner.
   * @returns 0, or 6 where work was handed back
   */
  stop(options: { readonly graceMs?: number } = {}): Promise<number> {
    const graceMs = options.graceMs ?? this.settings.drain
    const killAt = rawMonoMs() + graceMs + STOP_MARGIN_MS
    if (this.#phase === 'stopping' && killAt >= this.#killAt) return this.ended
    this.#phase = 'stopping'
    this.#processes.forgetPauses()
    this.#endIfOver()
    this.#killBy(killAt)
    void this.#askMaster(graceMs)
    return this.ended
  }

  #killBy(killAt: MonoMs): void {
    this.#killAt = killAt
    clearTimeout(this.#lastResort)
    if (!this.#processes.over) this.#lastResort = setTimeout(() => this.kill(), killAt - rawMonoMs())
  }

  /** Ends all of it at once. What ran is handed back or lost. */
  kill(): void {
    this.#phase = 'stopping'
    this.#killed = true
    this.#processes.forgetPauses()
    this.#processes.signal('SIGKILL')
    this.#endIfOver()
  }

  /** Where there is no master that answers, each worker is asked by itself. */
  async #askMaster(graceMs: number): Promise<void> {
    try {
      const client = await connect({
        data: this.settings.data,
        secret: this.#secret,
        connectFor: this.master === undefined ? 0 : ASK_MS,
        reconnectFor: 0,
      })
      const tooLate = setTimeout(() => client.close(), ASK_MS)
      await client.stop({ graceMs }).finally(() => clearTimeout(tooLate))
      client.close()
    } catch {
      this.#processes.signal('SIGTERM')
    }
  }

  #place(role: ChildRole, name: string): Place {
    const { settings } = this
    const args = argsOf(SETTINGS_OF[role], role === 'master' ? settings : { ...settings, id: name })
    const wrote = (line: string): void => this.#wrote(name, line)
    const log = join(settings.logs, `${name}.log`)
    const start = (): Child =>
      startChild({ name, role, args, log, secret: this.#secret, environment: process.env, wrote })
    return { name, start }
  }

  /** One save is told by every worker that watches. */
  #wrote(name: string, line: string): void {
    if (this.settings.watch && this.#phase === 'running') this.#chorus.said(name, line)
    else this.#tell(`${name}: ${line}`)
  }

  #living(role: Child['role']): readonly ClusterProcess[] {
    return this.#processes.living
      .filter((child) => child.role === role)
      .map(({ name, pid }) => ({ name, pid, port: this.#ports.get(name) ?? 0 }))
  }

  #childEnded(child: Child, exit: Exit): void {
    if (exit.code === HANDED_BACK) this.#handedBack = true
    this.#writeDown()
    if (isOrderlyStop(child, exit)) this.#askEach()
    if (this.#processes.onlyLeft('gateway')) this.#processes.signal('SIGTERM')
    this.#endIfOver()
  }

  /** There is no master to end it, or no longer: each process that is left is asked by itself. */
  #askEach(graceMs = this.settings.drain): void {
    this.#phase = 'stopping'
    this.#processes.forgetPauses()
    this.#processes.signal('SIGTERM')
    if (this.#lastResort === undefined) this.#killBy(rawMonoMs() + graceMs + STOP_MARGIN_MS)
    this.#endIfOver()
  }

  #endIfOver(): void {
    if (!this.#processes.over) return
    clearTimeout(this.#lastResort)
    const { data } = this.settings
    // A start may have failed because another cluster has this folder: then these files are that cluster's.
    if (this.#wroteDown) {
      removeRunFile(runFolder(data), 'launcher', process.pid)
      retireClusterFile(data)
    }
    this.#resolveEnded(this.#exitCode())
  }

  /** In order is what was asked for. Processes that a drill killed before do not count. */
  #exitCode(): number {
    if (this.#killed || this.#handedBack) return HANDED_BACK
    return this.#phase === 'stopping' ? EXIT_OK : new DtrError('internal', 'ended without being asked to').exitCode
  }

  /** Says where everything is. */
  #writeDown(): void {
    if (this.#phase !== 'running' || this.#processes.over) return
    this.#wroteDown = true
    const { data, logs, port, workerPorts } = this.settings
    const { pid } = process
    writeRunFile(runFolder(data), { name: 'launcher', role: 'launcher', pid, startedAt: this.#startedAt })
    const { master = null, workers, gateway = null } = this
    const places = { data, logs, port, workerPorts }
    writeClusterFile({ startedAt: this.#startedAt, launcher: { pid }, master, workers, gateway, ...places })
  }
}

/** A master leaves by itself only when the cluster was asked to end, here or from elsewhere. */
function isOrderlyStop(child: Child, exit: Exit): boolean {
  return child.role === 'master' && (exit.code === EXIT_OK || exit.code === HANDED_BACK)
}
