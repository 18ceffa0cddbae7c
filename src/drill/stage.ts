// What a drill plays on: its cluster, the load that it is under, a record of what happens, and the ways to wait for it.
import { setTimeout as pause } from 'node:timers/promises'
import type { Client } from '../client/client.js'
import { type MonoMs, rawMonoMs } from '../clock.js'
import type { GivenSettings, Settings } from '../config.js'
import { DtrError } from '../errors.js'
import type { TaskField, WorkerField } from '../protocol/messages.js'
import type { Chance } from './chance.js'
import { type ClusterOptions, DrillCluster, sendSignal } from './cluster.js'
import { type History, type Life, livesOf, readSigns, type Sign } from './history.js'
import { Load, type TaskPlan } from './load.js'
import { Reaper } from './reaper.js'
import { type Happening, Recorder } from './record.js'
import { resumedAfter, toll } from './verdicts.js'
import type { DrillPayload } from './witness-tasks.js'

/** Everything that hangs on the heartbeat follows it. */
const QUICK: GivenSettings = { heartbeat: 500, masterTimeout: 7_500, killGrace: 1_250, scan: 250 }
const POLL_MS = 20
/** Nothing that a drill waits for takes longer; what waits in vain names what it waited for. */
const PATIENCE_MS = 180_000
const PATIENCE_MS_QUICK = 60_000

export interface StageOptions {
  readonly quick: boolean
  readonly chance: Chance
  readonly signal: AbortSignal
  /** What starts a worker that is not dtr's own, as a shell reads it. */
  readonly worker?: string | undefined
  readonly happened: (happening: Happening) => void
}

export interface StartOptions extends Pick<ClusterOptions, 'prepare' | 'places'> {
  readonly workers: number
  readonly slots: number
  /** Timers are never scaled: the drill does not wait for them. */
  readonly realTimers?: boolean
  readonly settings?: GivenSettings
  /** What happens on the new folder before there is a master. */
  readonly beforeMaster?: (cluster: DrillCluster) => Promise<void>
}

/** A worker that runs something. */
export interface Victim {
  readonly name: string
  readonly pid: number
  readonly incarnation: string | undefined
  /** What it ran when it was chosen. */
  readonly lives: readonly Life[]
}

export class Stage extends Recorder {
  readonly quick: boolean
  readonly chance: Chance
  readonly signal: AbortSignal
  /** Takes back what is done to the machine, also where the drill does not come to its end. */
  readonly reaper = new Reaper()
  readonly #worker: string | undefined
  readonly #wakes: MonoMs[] = []
  readonly #undos: (() => Promise<void>)[] = []
  #cluster: DrillCluster | undefined
  #client: Client | undefined
  #load: Load | undefined
  #history: History | undefined

  constructor({ quick, chance, signal, worker, happened }: StageOptions) {
    super(happened)
    this.quick = quick
    this.chance = chance
    this.signal = signal
    this.#worker = worker
  }

  get #patienceMs(): number {
    return this.quick ? PATIENCE_MS_QUICK : PATIENCE_MS
  }

  get cluster(): DrillCluster {
    if (this.#cluster === undefined) throw new Error('the drill has not started its cluster')
    return this.#cluster
  }

  get client(): Client {
    if (this.#client === undefined) throw new Error('the drill has not started its cluster')
    return this.#client
  }

  get settings(): Settings {
    return this.cluster.settings
  }

  // --- Cluster and load ------------------------------------------------------------------------------------------------

  /** `worker-1`, `worker-2`, ... */
  async start(options: StartOptions): Promise<this> {
    const { workers, slots, realTimers = false, settings = {}, prepare, places } = options
    const timers = this.quick && !realTimers ? QUICK : {}
    this.#cluster = await DrillCluster.create({
      settings: { ...timers, slots, ...settings },
      reaper: this.reaper,
      tell: (line) => this.saw(line),
      ...{ prepare, places, worker: this.#worker },
    })
    const names = Array.from({ length: workers }, (_, index) => `worker-${index + 1}`)
    await options.beforeMaster?.(this.cluster)
    await this.cluster.startMaster()
    await this.cluster.startWorkers(names)
    const { witness } = this.cluster
    const client = await this.cluster.client()
    this.#client = client
    this.#load = new Load({
      ...{ client, chance: this.chance, type: 'drill' },
      payloadOf: (plan): DrillPayload => ({ ...plan, witness }),
    })
    await this.untilReady(names)
    this.saw(`a master and ${workers} workers with ${slots} slots each are ready`)
    return this
  }

  /** The cluster is there already, and is not the drill's: its own workers serve the load. */
  join(client: Client): this {
    this.#client = client
    this.#load = new Load({ client, chance: this.chance, type: 'sleep', payloadOf: ({ ms }) => ({ ms }) })
    return this
  }

  get #loaded(): Load {
    if (this.#load === undefined) throw new Error('the drill has not started its cluster')
    return this.#load
  }

  /** Resolves when all of them are accepted. */
  async submit(count: number, plan: TaskPlan): Promise<readonly string[]> {
    return this.#loaded.submit(count, plan)
  }

  /** A task every so often, until the drill settles. */
  stream(everyMs: number, plan: TaskPlan): void {
    this.#loaded.stream(everyMs, plan)
  }

  /** Tasks whose end the client was told. */
  get endedCount(): number {
    return this.#loaded.told.size
  }

  get acceptedCount(): number {
    return this.#loaded.accepted.length
  }

  /** Processes that run code, and stood still, go on from now. */
  wake(pids: readonly number[]): void {
    this.#wakes.push(rawMonoMs())
    for (const pid of pids) sendSignal(pid, 'SIGCONT')
  }

  // --- Waiting ---------------------------------------------------------------------------------------------------------

  /** @throws DtrError `timeout` that names what was waited for */
  async until<Value>(what: string, check: () => Value | undefined | false | Promise<Value | undefined | false>) {
    const startMs = rawMonoMs()
    for (;;) {
      this.signal.throwIfAborted()
      const value = await this.#orEnd(check())
      if (value !== undefined && value !== false) return value
      if (rawMonoMs() - startMs > this.#patienceMs) throw inVain(what, this.#patienceMs)
      await pause(POLL_MS, undefined, { signal: this.signal })
    }
  }

  /** For what takes its time, which is the fault itself. */
  async wait(ms: number): Promise<void> {
    await pause(ms, undefined, { signal: this.signal })
  }

  /** A question that no master answers ends with the drill. */
  #orEnd<Value>(answer: Value | Promise<Value>): Promise<Value> {
    return orAbort(Promise.resolve(answer), this.signal)
  }

  /** @throws DtrError `timeout` that names what was waited for */
  async #within<Value>(what: string, promise: Promise<Value>): Promise<Value> {
    const limit = new AbortController()
    const late = pause(this.#patienceMs, undefined, { signal: limit.signal })
    const never = late.then(() => Promise.reject(inVain(what, this.#patienceMs)))
    return Promise.race([this.#orEnd(promise), never]).finally(() => limit.abort())
  }

  async worker(name: string): Promise<WorkerField | undefined> {
    const { workers } = await this.client.status()
    return workers.find((worker) => worker.name === name)
  }

  /** Which lives of workers are there. */
  async incarnations(): Promise<string> {
    const { workers } = await this.client.status()
    return workers
      .map(({ incarnation }) => incarnation)
      .sort()
      .join(', ')
  }

  /** Of this process: a worker of the same name that was started later is another one. */
  async untilState(victim: Victim, states: readonly (WorkerField['state'] | 'gone')[]): Promise<MonoMs> {
    return this.until(`${victim.name} to be ${states.join(' or ')}`, async () => {
      const { workers } = await this.client.status()
      const found = workers.find(({ incarnation }) => incarnation === victim.incarnation)
      const state = found?.state ?? 'gone'
      if (!states.includes(state)) return undefined
      this.saw(state === 'gone' ? `${victim.name} is given up` : `${victim.name} is ${state}`)
      return rawMonoMs()
    })
  }

  /** @throws DtrError `internal` where one of them has ended instead */
  async untilReady(names: readonly string[]): Promise<void> {
    await this.until(`${names.join(', ')} to be ready`, async () => {
      const gone = this.#cluster && names.find((name) => !this.#cluster?.names.includes(name))
      if (gone !== undefined) {
        throw new DtrError('internal', `${gone} ended before it was ready; ${this.cluster.logOf(gone)} may say why`)
      }
      const { workers } = await this.client.status()
      return names.every((name) => workers.some((worker) => worker.name === name && worker.state === 'ready'))
    })
  }

  get signs(): readonly Sign[] {
    return this.#cluster === undefined ? [] : readSigns(this.#cluster.witness)
  }

  /** Resolves when so many tasks have come to their end. */
  async untilEnds(count: number): Promise<void> {
    await this.until(`${count} tasks to end`, () => this.signs.filter(({ what }) => what === 'end').length >= count)
  }

  /** What a worker runs now, as its tasks themselves say. */
  livesAt(name: string): readonly Life[] {
    const hosts = this.cluster.hostsOf(name)
    return livesOf(this.signs).filter(({ ended, pid }) => !ended && hosts.includes(pid))
  }

  /** Any worker, or one of these, that runs at least so much. */
  async victim(livesMin = 1, of = this.cluster.names.filter((name) => name !== 'master')): Promise<Victim> {
    const names = this.chance.shuffled(of)
    return this.until('a worker that runs tasks', async () => {
      const { workers } = await this.client.status()
      const name = names.find((one) => this.livesAt(one).length >= livesMin)
      if (name === undefined) return undefined
      const pid = this.cluster.pidOf(name)
      const incarnation = workers.find((worker) => worker.name === name && worker.pid === pid)?.incarnation
      return incarnation === undefined ? undefined : { name, pid, incarnation, lives: this.livesAt(name) }
    })
  }

  // --- The end ---------------------------------------------------------------------------------------------------------

  /** Waits until all that was accepted has ended (P17); what has not stands so in the history. */
  async settle(): Promise<History> {
    if (this.#history !== undefined) return this.#history
    const { accepted, told } = this.#loaded
    this.#loaded.stop()
    const startMs = rawMonoMs()
    await this.#within('all tasks to end', this.#loaded.settled()).catch(() => {})
    this.signal.throwIfAborted()
    const ids = accepted.map(({ id }) => id)
    const stored = await this.#within('an answer', this.client.get(ids, { story: true }))
    const afterMs = Math.round(rawMonoMs() - startMs)
    this.saw(`${told.size} of ${ids.length} tasks have ended, ${afterMs} ms after the faults ended`)
    this.#history = {
      ...{ accepted, told, signs: this.signs, wakes: this.#wakes },
      stored: new Map(stored.map((task: TaskField) => [task.id, task])),
    }
    this.#measureHistory(this.#history)
    return this.#history
  }

  #measureHistory(history: History): void {
    const { touched, charged } = toll(history)
    const resumed = this.faultMs === undefined ? [] : resumedAfter(history, this.faultMs)
    if (resumed.length > 0) this.measure('first run elsewhere after', resumed[0]!)
    if (resumed.length > 1) this.measure('last run elsewhere after', resumed.at(-1)!)
    this.measure('tasks accepted', history.accepted.length, 'count')
    this.measure('tasks touched', touched, 'count')
    this.measure('attempts charged', charged, 'count')
  }

  /** Also where the drill did not come to its end. */
  onEnd(undo: () => Promise<void>): void {
    this.#undos.push(undo)
  }

  /** Ends all of it; the folder stays where `keep` says so. @returns the folder that stays */
  async end(keep: boolean): Promise<string | undefined> {
    this.#load?.stop()
    this.closeRecord()
    await Promise.all(this.#undos.map((undo) => undo()))
    this.#cluster?.close()
    const kept = keep && this.#cluster !== undefined
    await this.reaper.end(kept)
    return kept ? this.reaper.folder : undefined
  }
}

function inVain(what: string, patienceMs: number): DtrError {
  return new DtrError('timeout', `waited ${patienceMs / 1_000} s in vain for ${what}`)
}

function orAbort<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason as Error)
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}
