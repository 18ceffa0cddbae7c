// What a drill plays on: its cluster, the load that it is under, a record of what happens, and the ways to wait for it.
import { setTimeout as pause } from 'node:timers/promises'
import type { Client } from '../client/client.js'
import type { TaskEnd } from '../client/task-end.js'
import type { TaskHandle } from '../client/task-handle.js'
import { type MonoMs, rawMonoMs } from '../clock.js'
import type { GivenSettings, Settings } from '../config.js'
import { DtrError } from '../errors.js'
import type { TaskField, WorkerField } from '../protocol/messages.js'
import type { Chance } from './chance.js'
import { DrillCluster, sendSignal } from './cluster.js'
import { type Accepted, type History, type Life, livesOf, readSigns, type Sign } from './history.js'
import type { Happening, Measure } from './record.js'
import { resumedAfter, toll, type Verdict } from './verdicts.js'
import type { DrillPayload } from './witness-tasks.js'

/** Everything that hangs on the heartbeat follows it. */
const QUICK: GivenSettings = { heartbeat: 500, masterTimeout: 7_500, killGrace: 1_250, scan: 250 }
const RETRIES = 30
const POLL_MS = 20
/** Nothing that a drill waits for takes longer; what waits in vain names what it waited for. */
const PATIENCE_MS = 180_000
const PATIENCE_MS_QUICK = 60_000

export interface StageOptions {
  readonly quick: boolean
  readonly chance: Chance
  readonly signal: AbortSignal
  readonly happened: (happening: Happening) => void
}

export interface StartOptions {
  readonly workers: number
  readonly slots: number
  /** Timers are never scaled: the drill does not wait for them. */
  readonly realTimers?: boolean
  readonly settings?: GivenSettings
  readonly prepare?: (data: string) => () => void
}

export interface TaskPlan extends Partial<Omit<DrillPayload, 'witness' | 'ms'>> {
  /** How long it takes, or between which two it is drawn. */
  readonly ms: number | readonly [least: number, most: number]
  readonly endsWith?: string
}

/** A worker that runs something. */
export interface Victim {
  readonly name: string
  readonly pid: number
  readonly incarnation: string | undefined
  /** What it ran when it was chosen. */
  readonly lives: readonly Life[]
}

export class Stage {
  readonly quick: boolean
  readonly chance: Chance
  readonly signal: AbortSignal
  readonly timeline: Happening[] = []
  readonly measures: Measure[] = []
  readonly verdicts: Verdict[] = []
  readonly #happened: (happening: Happening) => void
  readonly #startedMs = rawMonoMs()
  readonly #accepted: Accepted[] = []
  readonly #ends: Promise<void>[] = []
  readonly #told = new Map<string, TaskEnd>()
  readonly #submits: Promise<void>[] = []
  readonly #wakes: MonoMs[] = []
  readonly #over = new AbortController()
  readonly #undos: (() => Promise<void>)[] = []
  #cluster: DrillCluster | undefined
  #client: Client | undefined
  #streaming: AbortController | undefined
  #faultMs: MonoMs | undefined
  #history: History | undefined

  constructor({ quick, chance, signal, happened }: StageOptions) {
    this.quick = quick
    this.chance = chance
    this.signal = signal
    this.#happened = happened
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
  async start({ workers, slots, realTimers = false, settings = {}, prepare }: StartOptions): Promise<this> {
    const timers = this.quick && !realTimers ? QUICK : {}
    this.#cluster = await DrillCluster.create({
      settings: { ...timers, slots, ...settings },
      tell: (line) => this.saw(line),
      prepare,
    })
    const names = Array.from({ length: workers }, (_, index) => `worker-${index + 1}`)
    await this.cluster.startMaster()
    await this.cluster.startWorkers(names)
    this.#client = await this.cluster.client()
    await this.untilReady(names)
    this.saw(`a master and ${workers} workers with ${slots} slots each are ready`)
    return this
  }

  /** Resolves when all of them are accepted. */
  async submit(count: number, plan: TaskPlan): Promise<readonly string[]> {
    return Promise.all(Array.from({ length: count }, () => this.#submit(plan)))
  }

  /** A task every so often, until the drill settles. Submits that nobody answers go on by themselves (P2). */
  stream(everyMs: number, plan: TaskPlan): void {
    this.#streaming = new AbortController()
    const { signal } = this.#streaming
    const send = async (): Promise<void> => {
      for (; !signal.aborted; await pause(everyMs)) {
        const submitted = this.#submit(plan).then(() => {})
        submitted.catch(() => {})
        this.#submits.push(submitted)
      }
    }
    this.#submits.push(send())
  }

  async #submit({ ms, endsWith, ...rest }: TaskPlan): Promise<string> {
    const took = typeof ms === 'number' ? ms : this.chance.between(...ms)
    const payload: DrillPayload = { ...rest, ms: took, witness: this.cluster.witness }
    const handle: TaskHandle = await this.client.submit('drill', payload, { retries: RETRIES })
    this.#accepted.push({ id: handle.id, maxAttempts: RETRIES + 1, endsWith })
    this.#ends.push(handle.ended().then((end) => void this.#told.set(end.id, end)))
    this.#ends.at(-1)?.catch(() => {})
    return handle.id
  }

  get acceptedCount(): number {
    return this.#accepted.length
  }

  // --- The fault and what comes of it -----------------------------------------------------------------------------------

  /** The moment of the first fault is the one from which is measured. @returns it */
  inject(text: string, act: () => unknown): MonoMs {
    const atMs = rawMonoMs()
    act()
    this.#faultMs ??= atMs
    this.#tell('fault', text)
    return atMs
  }

  heal(text: string): void {
    this.#tell('heal', text)
  }

  saw(text: string): void {
    this.#tell('seen', text)
  }

  /** Processes that run code, and stood still, go on from now. */
  wake(pids: readonly number[]): void {
    this.#wakes.push(rawMonoMs())
    for (const pid of pids) sendSignal(pid, 'SIGCONT')
  }

  measure(what: string, value: number, unit: Measure['unit'] = 'ms'): void {
    this.measures.push({ what, value: Math.round(value), unit })
  }

  judge(...verdicts: readonly Verdict[]): void {
    this.verdicts.push(...verdicts)
  }

  #tell(kind: Happening['kind'], text: string): void {
    if (this.#over.signal.aborted) return
    const happening = { atMs: rawMonoMs() - this.#startedMs, kind, text }
    this.timeline.push(happening)
    this.#happened(happening)
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

  async worker(name: string): Promise<WorkerField | undefined> {
    const { workers } = await this.client.status()
    return workers.find((worker) => worker.name === name)
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

  async untilReady(names: readonly string[]): Promise<void> {
    await this.until(`${names.join(', ')} to be ready`, async () => {
      const { workers } = await this.client.status()
      return names.every((name) => workers.some((worker) => worker.name === name && worker.state === 'ready'))
    })
  }

  get signs(): readonly Sign[] {
    return readSigns(this.cluster.witness)
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
    const found = await this.until('a worker that runs tasks', () =>
      names.find((n) => this.livesAt(n).length >= livesMin),
    )
    const incarnation = this.cluster.records.find(({ name }) => name === found)?.incarnation
    return { name: found, pid: this.cluster.pidOf(found), incarnation, lives: this.livesAt(found) }
  }

  // --- The end ---------------------------------------------------------------------------------------------------------

  /** Waits until all that was accepted has ended (P17); what has not stands so in the history. */
  async settle(): Promise<History> {
    if (this.#history !== undefined) return this.#history
    this.#streaming?.abort()
    const startMs = rawMonoMs()
    const patience = AbortSignal.any([this.signal, AbortSignal.timeout(this.#patienceMs)])
    const all = Promise.all(this.#submits).then(() => Promise.all(this.#ends))
    await orAbort(all, patience).catch(() => {})
    this.signal.throwIfAborted()
    const ids = this.#accepted.map(({ id }) => id)
    const stored = await this.#orEnd(this.client.get(ids, { story: true }))
    this.saw(`all ${ids.length} tasks are settled, ${Math.round(rawMonoMs() - startMs)} ms after the faults ended`)
    this.#history = {
      accepted: this.#accepted,
      told: this.#told,
      stored: new Map(stored.map((task: TaskField) => [task.id, task])),
      signs: this.signs,
      wakes: this.#wakes,
    }
    this.#measureHistory(this.#history)
    return this.#history
  }

  #measureHistory(history: History): void {
    const { touched, charged } = toll(history)
    const resumed = this.#faultMs === undefined ? [] : resumedAfter(history, this.#faultMs)
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
    this.#streaming?.abort()
    this.#over.abort()
    await Promise.all(this.#undos.map((undo) => undo()))
    await this.#cluster?.end()
    if (!keep) this.#cluster?.remove()
    return keep ? this.#cluster?.folder : undefined
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
