// Real processes for a test: master, workers and commands of the CLI in a folder and on ports of their own. Whatever was
// started is ended with the test, hosts included, by pid.
import { type ChildProcess, spawn } from 'node:child_process'
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setInterval as every } from 'node:timers/promises'
import type { Test } from 'tap'
import { type Client, connect } from '../../src/index.js'
import { type RunRecord, readRunFiles, runFolder } from '../../src/net/run-file.js'

const ROOT = resolve(import.meta.dirname, '../../..')
export const BIN = join(ROOT, 'bin/dtr.js')
export const WITNESS_TASKS = join(ROOT, 'test/fixtures/tasks/witness.mjs')
/** Nothing of a test waits longer; a wait that ends so names what it waited for. */
const PATIENCE_MS = 120_000
const POLL_MS = 25

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** On the clock of `performance.now()`. */
  readonly atMs: number
}

/** A process of the CLI. */
export class Process {
  stdout = ''
  stderr = ''
  readonly ended: Promise<Ended>
  end: Ended | undefined

  constructor(readonly child: ChildProcess) {
    child.stdout?.on('data', (chunk: Buffer) => {
      this.stdout += chunk.toString()
    })
    child.stderr?.on('data', (chunk: Buffer) => {
      this.stderr += chunk.toString()
    })
    this.ended = new Promise((resolve) => {
      child.once('close', (code, signal) => {
        this.end = { code, signal, atMs: performance.now() }
        resolve(this.end)
      })
    })
  }

  get pid(): number {
    if (this.child.pid === undefined) throw new Error('the process did not start')
    return this.child.pid
  }

  kill(signal: NodeJS.Signals = 'SIGKILL'): number {
    process.kill(this.pid, signal)
    return performance.now()
  }
}

/** Polls until `check` gives something; fails with what it waited for. */
export async function until<Value>(
  what: string,
  check: () => Value | undefined | false | Promise<Value | undefined | false>,
  patienceMs = PATIENCE_MS,
): Promise<Value> {
  const start = performance.now()
  for await (const _ of every(POLL_MS)) {
    const value = await check()
    if (value !== undefined && value !== false) return value
    if (performance.now() - start > patienceMs) break
  }
  throw new Error(`waited ${patienceMs} ms in vain for: ${what}`)
}

export interface ClusterOptions {
  /** Further arguments of every master and worker. */
  readonly args?: readonly string[]
  readonly tasks?: readonly string[]
  /** Variables of every process. */
  readonly environment?: NodeJS.ProcessEnv
  /** Those of another cluster, to stand beside it; else free ones. */
  readonly ports?: Ports
  /** The program of another installation; else the one of this clone. */
  readonly bin?: string
}

export interface Ports {
  readonly master: number
  readonly first: number
  readonly last: number
}

export class Cluster {
  readonly folder = mkdtempSync(join(tmpdir(), 'dtr-test-'))
  readonly data = join(this.folder, '.dtr')
  readonly logs = join(this.folder, 'logs')
  readonly witnessFile = join(this.folder, 'witness')
  readonly #started: Process[] = []
  readonly #clients: Client[] = []

  private constructor(
    readonly ports: Ports,
    private readonly options: ClusterOptions,
  ) {}

  static async create(t: Test, options: ClusterOptions = {}): Promise<Cluster> {
    const cluster = new Cluster(options.ports ?? (await freePorts()), options)
    t.teardown(() => cluster.end())
    return cluster
  }

  get #shared(): string[] {
    const { first, last } = this.ports
    return [
      '--data',
      this.data,
      '--logs',
      this.logs,
      '--worker-ports',
      `${first}-${last}`,
      ...(this.options.args ?? []),
    ]
  }

  /** Any command of the CLI, in the folder of this cluster. */
  run(args: readonly string[], input?: string, environment: NodeJS.ProcessEnv = {}): Process {
    const child = spawn(process.execPath, [this.options.bin ?? BIN, ...args], {
      cwd: this.folder,
      env: { ...ownEnvironment(), ...this.options.environment, ...environment },
      stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    })
    if (input !== undefined) child.stdin?.end(input)
    const started = new Process(child)
    this.#started.push(started)
    return started
  }

  /** A master that listens. */
  async master(args: readonly string[] = []): Promise<Process> {
    const started = this.run(['master', '--port', String(this.ports.master), ...this.#shared, ...args])
    await this.untilRecord((record) => record.role === 'master' && record.pid === started.pid, started)
    return started
  }

  /** A worker that listens; its master may not have found it yet. */
  async worker(name: string, args: readonly string[] = []): Promise<Process> {
    const tasks = (this.options.tasks ?? [WITNESS_TASKS]).flatMap((module) => ['--tasks', module])
    const started = this.run(['worker', '--id', name, ...tasks, ...this.#shared, ...args])
    await this.untilRecord((record) => record.name === name && record.pid === started.pid, started)
    return started
  }

  /** A master and workers that are registered: `w1`, `w2`, ... */
  async start(
    workers: number,
    args: readonly string[] = [],
  ): Promise<{ master: Process; workers: Process[]; client: Client }> {
    const master = await this.master()
    const names = Array.from({ length: workers }, (_, index) => `w${index + 1}`)
    const started = await Promise.all(names.map((name) => this.worker(name, args)))
    const client = await this.client()
    await this.untilReady(client, names)
    return { master, workers: started, client }
  }

  async untilReady(client: Client, names: readonly string[]): Promise<void> {
    await until(`${names.join(', ')} to be ready`, async () => {
      const { workers } = await client.status()
      return names.every((name) => workers.some((worker) => worker.name === name && worker.state === 'ready'))
    })
  }

  async client(): Promise<Client> {
    const client = await connect({ data: this.data })
    this.#clients.push(client)
    return client
  }

  records(): RunRecord[] {
    return readRunFiles(runFolder(this.data))
  }

  async untilRecord(matches: (record: RunRecord) => boolean, started?: Process): Promise<RunRecord> {
    return until('a process to be there', () => {
      if (started?.end !== undefined) throw new Error(`it ended with ${started.end.code}: ${started.stderr}`)
      return this.records().find(matches)
    })
  }

  /** The host of a worker: the process that runs its tasks. */
  async hostOf(name: string): Promise<number> {
    return until(`a host of ${name}`, () => this.records().find((record) => record.name === name)?.hosts?.[0]?.pid)
  }

  log(name: string): string {
    const file = join(this.logs, `${name}.log`)
    return existsSync(file) ? readFileSync(file, 'utf8') : ''
  }

  untilLog(name: string, pattern: RegExp, patienceMs?: number): Promise<string> {
    return until(
      `${pattern} in ${name}.log`,
      () =>
        this.log(name)
          .split('\n')
          .find((line) => pattern.test(line)),
      patienceMs,
    )
  }

  /** What the tasks themselves left: one line at each start and end. */
  witness(): WitnessLine[] {
    if (!existsSync(this.witnessFile)) return []
    const lines = readFileSync(this.witnessFile, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
    return lines.map((line) => JSON.parse(line) as WitnessLine)
  }

  /** A file that is not there yet: tasks of the witness with this `gate` run until it is opened. */
  gate(name = 'gate'): { readonly gate: string; readonly open: () => void } {
    const gate = join(this.folder, name)
    return { gate, open: () => writeFileSync(gate, '') }
  }

  /** A witness line of the test's own, such as the moment of a kill. */
  mark(what: string): void {
    appendFileSync(this.witnessFile, `${JSON.stringify({ what, atMs: Date.now() })}\n`)
  }

  async end(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()))
    const hosts = this.records().flatMap((record) => [record.pid, ...(record.hosts ?? []).map(({ pid }) => pid)])
    for (const started of this.#started) endPid(started.pid)
    for (const pid of hosts) if (pid !== process.pid) endPid(pid)
    await Promise.all(this.#started.map((started) => started.ended))
    rmSync(this.folder, { recursive: true, force: true })
  }
}

function ownEnvironment(): NodeJS.ProcessEnv {
  const { FORCE_COLOR: _colours, ...rest } = process.env
  // A gateway is for the tests of it: it would take a port that no test has chosen.
  return { ...rest, NO_COLOR: '1', DTR_HTTP: 'off' }
}

export interface WitnessLine {
  readonly what: string
  readonly key?: string
  readonly attempt?: number
  readonly lease?: string
  readonly pid?: number
  /** Wall clock: tasks and test share one machine. */
  readonly atMs: number
}

function endPid(pid: number): void {
  for (const signal of ['SIGCONT', 'SIGKILL'] as const) {
    try {
      process.kill(pid, signal)
    } catch {
      // It has ended by itself.
    }
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2)[0] !== 'Z'
  } catch {
    return false
  }
}

const PORTS_IN_A_ROW = 12

/** Ports that are free now, below the range from which the system gives out its own. */
export async function freePorts(): Promise<Ports> {
  for (let tried = 0; tried < 100; tried += 1) {
    const first = 10_000 + Math.floor(Math.random() * 20_000)
    const ports = Array.from({ length: PORTS_IN_A_ROW }, (_, index) => first + index)
    const free = await Promise.all(ports.map(isFree))
    if (free.every(Boolean)) return { master: first, first: first + 2, last: first + PORTS_IN_A_ROW - 1 }
  }
  throw new Error(`no ${PORTS_IN_A_ROW} free ports in a row`)
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ host: '127.0.0.1', port, exclusive: true }, () => server.close(() => resolve(true)))
  })
}
