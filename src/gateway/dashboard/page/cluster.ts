// All that the page knows of the cluster, kept up to date: the feed as it comes, the rest asked again and again while the page is
// seen. The page draws itself from this and changes nothing of it.
import { ask, follow, Refused, type Told } from './api.js'
import { type Entry, Lanes, type Runs } from './lanes.js'
import { type Histogram, histogramOf, quantile } from './quantiles.js'

export interface Worker {
  readonly worker_id: string
  readonly incarnation: string | null
  readonly kind: string
  readonly state: string
  readonly slots: number
  readonly running: number
  readonly types: readonly string[]
  readonly labels: Readonly<Record<string, string>>
  readonly completed: number
  readonly failed: number
  readonly heard_ms_ago: number
  readonly memory_bytes: number | null
  readonly hostname: string | null
  readonly pid: number | null
  readonly version: string | null
}

export interface Status {
  readonly master: {
    readonly state: string
    readonly version: string
    readonly up_ms: number
    readonly address: string
  }
  readonly counts: readonly {
    readonly queue: string
    readonly type: string
    readonly state: string
    readonly count: number
  }[]
  readonly unserved: readonly string[]
}

export interface FailureGroup {
  readonly key: string
  readonly type: string
  readonly code: string
  readonly message: string
  readonly count: number
  readonly last_at: string
  readonly examples: readonly string[]
}

interface FeedData {
  readonly at: string
  readonly gap: boolean
  readonly counts: Readonly<Record<string, number>>
  readonly attempts: readonly Entry[]
}

/** Seconds of the charts. */
const POINTS_MAX = 300
const RUNNING_MAX = 500

export type Column = (number | null)[]

export class Cluster {
  readonly lanes = new Lanes()
  status: Status | undefined
  workers: readonly Worker[] = []
  failures: readonly FailureGroup[] = []
  /** The gateway answers, and the feed comes. */
  problem: string | undefined
  needsKey = false
  rate = 0
  readonly times: number[] = []
  readonly done: Column = []
  readonly failed: Column = []
  readonly lost: Column = []
  readonly waitTimes: number[] = []
  readonly wait50: Column = []
  readonly wait95: Column = []
  readonly run50: Column = []
  readonly run95: Column = []
  #changed: () => void
  #stop = new AbortController()
  #clock = { server: Date.now(), here: performance.now() }
  #counts: { readonly at: number; readonly counts: FeedData['counts'] } | undefined
  #histograms: { readonly wait: Histogram; readonly run: Histogram } | undefined

  constructor(changed: () => void) {
    this.#changed = changed
  }

  /** The master's wall clock, whatever that of this machine says. */
  now(): number {
    return this.#clock.server + performance.now() - this.#clock.here
  }

  start(): void {
    this.#stop.abort()
    this.#stop = new AbortController()
    const { signal } = this.#stop
    this.needsKey = false
    void follow('/events', (told) => this.#feed(told), signal, { again: true }).catch((error) => this.#refused(error))
    void this.#again(
      () => this.#look(),
      () => (this.workers.length > 200 ? 3_000 : 1_000),
      signal,
    )
    void this.#again(
      () => this.#seed(),
      () => 3_000,
      signal,
    )
    void this.#again(
      () => this.#measure(),
      () => 2_000,
      signal,
    )
    void this.#again(
      () => this.#fail(),
      () => 5_000,
      signal,
    )
  }

  /** One word, and why. */
  health(): { readonly word: string; readonly kind: 'good' | 'poor' | 'bad' | 'idle'; readonly why: string } {
    if (this.needsKey) return { word: 'locked', kind: 'idle', why: 'this gateway asks for a key' }
    if (this.problem !== undefined) return { word: 'unreachable', kind: 'bad', why: this.problem }
    if (this.status === undefined) return { word: 'looking', kind: 'idle', why: 'asking the master' }
    const { master, unserved } = this.status
    const lost = this.workers.filter(({ state }) => state === 'lost' || state === 'offline')
    const suspect = this.workers.filter(({ state }) => state === 'suspect' || state === 'stale')
    const there = this.workers.length - lost.length
    if (master.state !== 'ready' && master.state !== 'running')
      return { word: master.state, kind: 'poor', why: 'the master is' }
    if (there === 0) return { word: 'waiting', kind: 'poor', why: 'no worker is here' }
    const [death] = this.lanes.moved()
    if (death !== undefined && this.now() - death.at < 30_000) {
      const name = this.nameOf(death.worker)
      const on = death.bars.filter(({ next }) => next !== undefined).length
      const rest = death.bars.length - on
      const why = `${name} died; ${rest === 0 && on > 1 ? `all ${on}` : `${on} of ${death.bars.length}`} tasks went on elsewhere`
      return rest > 0 ? { word: 'healing', kind: 'poor', why } : { word: 'healed', kind: 'good', why }
    }
    if (suspect.length > 0) return { word: 'watching', kind: 'poor', why: `${suspect[0]!.worker_id} is not heard of` }
    if (unserved.length > 0)
      return { word: 'waiting', kind: 'poor', why: `no worker serves ${unserved.slice(0, 3).join(', ')}` }
    const busy = this.workers.reduce((sum, { running }) => sum + running, 0)
    if (busy === 0)
      return { word: 'idle', kind: 'good', why: `${there} ${there === 1 ? 'worker is' : 'workers are'} ready` }
    return { word: 'healthy', kind: 'good', why: `${there} ${there === 1 ? 'worker' : 'workers'} at work` }
  }

  nameOf(incarnation: string): string {
    return this.lanes.lives.get(incarnation)?.name ?? incarnation.replace(/#.*$/, '')
  }

  #feed({ event, data }: Told): void {
    if (event !== 'feed') return
    const { at, gap, counts, attempts } = data as FeedData
    this.#clock = { server: Date.parse(at), here: performance.now() }
    this.problem = undefined
    for (const entry of attempts) this.lanes.take(entry)
    if (gap) void this.#seed().catch(() => {})
    this.#tick(Date.parse(at), gap, counts)
    this.#changed()
  }

  /** A point a second, at most. */
  #tick(at: number, gap: boolean, counts: FeedData['counts']): void {
    const last = this.#counts
    if (last !== undefined && !gap && at - last.at < 950) return
    this.#counts = { at, counts }
    if (last === undefined || gap || at <= last.at) return
    const per = (name: string): number =>
      Math.max(0, ((counts[name] ?? 0) - (last.counts[name] ?? 0)) / ((at - last.at) / 1_000))
    this.rate = per('completed')
    push(this.times, at / 1_000)
    push(this.done, this.rate)
    push(this.failed, per('failed') + per('retried'))
    push(this.lost, per('lost') + per('returned'))
  }

  async #look(): Promise<void> {
    const [status, workers] = await Promise.all([ask<Status>('/status'), ask<readonly Worker[]>('/workers')])
    this.status = status
    this.workers = workers
    this.problem = undefined
    const there = workers.filter(({ state }) => state !== 'lost' && state !== 'offline')
    this.lanes.roster(
      new Map(there.map(({ incarnation, worker_id: name, slots }) => [incarnation ?? `${name}#pull`, { name, slots }])),
      this.now(),
    )
  }

  /** What runs, as the store has it: for what the feed has not told one by one. */
  async #seed(): Promise<void> {
    const at = this.now()
    const running = await ask<readonly Runs[]>(`/tasks?state=running&limit=${RUNNING_MAX}`)
    const incarnations = new Map(
      this.workers.map(({ worker_id, incarnation }) => [worker_id, incarnation ?? `${worker_id}#pull`]),
    )
    this.lanes.seed(running, incarnations, at, running.length < RUNNING_MAX)
  }

  async #measure(): Promise<void> {
    const text = await ask<string>('/metrics')
    const wait = histogramOf(text, 'dtr_task_wait_seconds')
    const run = histogramOf(text, 'dtr_task_run_seconds')
    const before = this.#histograms
    this.#histograms = { wait, run }
    if (before === undefined) return
    push(this.waitTimes, this.now() / 1_000)
    push(this.wait50, quantile(before.wait, wait, 0.5) ?? null)
    push(this.wait95, quantile(before.wait, wait, 0.95) ?? null)
    push(this.run50, quantile(before.run, run, 0.5) ?? null)
    push(this.run95, quantile(before.run, run, 0.95) ?? null)
  }

  async #fail(): Promise<void> {
    this.failures = await ask<readonly FailureGroup[]>('/tasks/failures')
  }

  /** While the page is seen; what goes wrong is told, and tried again. */
  async #again(look: () => Promise<void>, every: () => number, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      if (!document.hidden) {
        await look().catch((error) => this.#refused(error))
        this.#changed()
      }
      await new Promise((resolve) => setTimeout(resolve, every()))
    }
  }

  #refused(error: unknown): void {
    if (this.#stop.signal.aborted) return
    if (error instanceof Refused && error.problem.status === 401) {
      this.needsKey = true
      this.#stop.abort()
    } else this.problem = error instanceof Refused ? error.problem.detail : 'the gateway does not answer'
    this.#changed()
  }
}

function push<Value>(list: Value[], value: Value): void {
  list.push(value)
  if (list.length > POINTS_MAX) list.shift()
}
