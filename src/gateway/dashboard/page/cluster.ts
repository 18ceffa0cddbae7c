// All that the page knows of the cluster, kept up to date: the feed as it comes, the rest asked again and again while the page is
// seen. The page draws itself from this and changes nothing of it.
import { ask, follow, Refused, type Told } from './api.js'
import { type Entry, Lanes, type Past, type Runs } from './lanes.js'
import { type Ended, pastOf } from './past.js'
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
  readonly model: string | null
  readonly completed: number
  readonly failed: number
  readonly heard_ms_ago: number
  readonly memory_bytes: number | null
  readonly hostname: string | null
  readonly pid: number | null
  readonly version: string | null
  /** Why it is given nothing more. */
  readonly quarantined: string | null
}

/** What its votes are worth. */
export interface Voter {
  readonly worker_id: string
  readonly points: number
  readonly matched: number
  readonly wrong: number
  readonly alone: number
  readonly accuracy: number | null
  readonly quarantined: string | null
}

export interface Status {
  readonly master: {
    readonly state: string
    readonly version: string
    readonly up_ms: number
    readonly address: string
  }
  readonly health: { readonly word: string; readonly why: string }
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
/** Of what was before the page was opened: tasks that ended lately, and of those that were tried more than once their stories. */
const RECALLED_MAX = 200
const STORIES_MAX = 40
const RECALLED_MS = 5 * 60_000
/** Asked for more than once: what ended may not have been told yet. */
const OVERLAP_MS = 5_000
/** The feed says something each 2 s. */
const FEED_QUIET_MS = 8_000
const SILENT_MS = 6_000
const KINDS: Readonly<Record<string, 'good' | 'bad'>> = { healthy: 'good', stalled: 'bad' }

export type Column = (number | null)[]

export class Cluster {
  readonly lanes = new Lanes()
  status: Status | undefined
  workers: readonly Worker[] = []
  failures: readonly FailureGroup[] = []
  /** None, before anybody has voted. */
  voters: readonly Voter[] = []
  /** What the gateway has answered last, where that was no answer. */
  problem: string | undefined
  /** Why there is no feed: what it would tell is asked for instead. */
  noFeed: string | undefined
  #heardAt = performance.now()
  #recalledAt: number | undefined
  readonly #stories = new Map<string, number>()
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
    this.problem = undefined
    this.noFeed = undefined
    this.#recalledAt = undefined
    this.#heardAt = performance.now()
    void this.#follow(signal)
    void this.#again(
      () => this.#look(),
      () => (this.workers.length > 200 ? 3_000 : 1_000),
      signal,
    )
    void this.#again(
      () => this.#seed(),
      () => (this.noFeed === undefined ? 3_000 : 1_000),
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
    // Where nothing comes this is seen, too.
    const watch = setInterval(() => (signal.aborted ? clearInterval(watch) : this.#changed()), 1_000)
  }

  /** One word, and why. */
  health(): { readonly word: string; readonly kind: 'good' | 'poor' | 'bad' | 'idle'; readonly why: string } {
    if (this.needsKey) return { word: 'locked', kind: 'idle', why: 'this gateway asks for a key' }
    const silentMs = performance.now() - this.#heardAt
    if (silentMs > SILENT_MS && !document.hidden) {
      const since = Math.floor(silentMs / 1_000)
      const was = this.status === undefined ? '' : ': what is shown is how it was then'
      return { word: 'unreachable', kind: 'bad', why: `the gateway has said nothing for ${since} s${was}` }
    }
    if (this.problem !== undefined) return { word: 'unreachable', kind: 'bad', why: this.problem }
    if (this.status === undefined) return { word: 'looking', kind: 'idle', why: 'asking the master' }
    const { word, why } = this.status.health
    const [death] = this.lanes.moved()
    if (word !== 'stalled' && word !== 'stopping' && death !== undefined && this.now() - death.at < 30_000) {
      const name = this.nameOf(death.worker)
      const on = death.bars.filter(({ next }) => next !== undefined).length
      const rest = death.bars.length - on
      const why = `${name} died; ${rest === 0 && on > 1 ? `all ${on}` : `${on} of ${death.bars.length}`} tasks went on elsewhere`
      return rest > 0 ? { word: 'healing', kind: 'poor', why } : { word: 'healed', kind: 'good', why }
    }
    return { word, kind: KINDS[word] ?? 'poor', why }
  }

  nameOf(incarnation: string): string {
    return this.lanes.lives.get(incarnation)?.name ?? incarnation.replace(/#.*$/, '')
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const options = { again: true, quietMs: FEED_QUIET_MS }
    await follow('/events', (told) => this.#feed(told), signal, options).catch((error) => {
      // A key for some types is not told of all: what it may see is asked for.
      if (error instanceof Refused && error.problem.status === 403) this.noFeed = error.problem.detail
      else this.#refused(error)
      this.#changed()
    })
  }

  #feed({ event, data }: Told): void {
    if (event !== 'feed') return
    this.#heardAt = performance.now()
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
    if (this.noFeed !== undefined) this.#tick(this.now(), false, totalsOf(status))
    if (this.#recalledAt === undefined || this.noFeed !== undefined) await this.#recall()
  }

  /** What runs, as the store has it: for what the feed has not told one by one. */
  async #seed(): Promise<void> {
    const at = this.now()
    const running = await ask<readonly Runs[]>(`/tasks?state=running&limit=${RUNNING_MAX}`)
    this.lanes.seed(running, at, running.length < RUNNING_MAX)
  }

  /** What was before the page was opened, and what ended since where nobody tells: as far as the store has it at hand. */
  async #recall(): Promise<void> {
    const at = this.now()
    const since = new Date(this.#recalledAt === undefined ? at - RECALLED_MS : this.#recalledAt - OVERLAP_MS)
    const [ended, open] = await Promise.all([
      ask<readonly Ended[]>(
        `/tasks?state=completed,failed,cancelled&ended_since=${since.toISOString()}&limit=${RECALLED_MAX}`,
      ),
      ask<readonly Ended[]>(`/tasks?state=running,pending&limit=${RECALLED_MAX}`),
    ])
    this.#recalledAt = at
    const again = [...open, ...ended].filter(({ attempt, state }) => attempt > (state === 'pending' ? 0 : 1))
    const told = again.filter(({ id, attempt }) => this.#stories.get(id) !== attempt).slice(0, STORIES_MAX)
    const stories = await Promise.all(told.map(({ id }) => ask<Ended>(`/tasks/${id}/story`).catch(() => undefined)))
    if (this.#stories.size > 10 * RECALLED_MAX) this.#stories.clear()
    for (const { id, attempt } of told) this.#stories.set(id, attempt)
    const past: Past[] = [...ended, ...stories.flatMap((story) => (story === undefined ? [] : [story]))].flatMap(pastOf)
    this.lanes.recall(past.filter(({ to }) => to > at - RECALLED_MS))
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
    this.voters = (await ask<{ readonly workers: readonly Voter[] }>('/reputation')).workers
  }

  /** While the page is seen; what goes wrong is told, and tried again. */
  async #again(look: () => Promise<void>, every: () => number, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      // Who does not look is not told that nothing was heard meanwhile.
      if (document.hidden) this.#heardAt = performance.now()
      else {
        await look().then(
          () => {
            this.#heardAt = performance.now()
          },
          (error) => this.#refused(error),
        )
        this.#changed()
      }
      await new Promise((resolve) => setTimeout(resolve, every()))
    }
  }

  #refused(error: unknown): void {
    if (this.#stop.signal.aborted) return
    if (error instanceof Refused) this.#heardAt = performance.now()
    if (error instanceof Refused && error.problem.status === 401) {
      this.needsKey = true
      this.#stop.abort()
    } else this.problem = error instanceof Refused ? error.problem.detail : 'the gateway does not answer'
    this.#changed()
  }
}

/** As the feed counts them; how many were cut off no list of tasks tells. */
function totalsOf({ counts }: Status): Readonly<Record<string, number>> {
  const of = (wanted: string): number =>
    counts.reduce((sum, { state, count }) => sum + (state === wanted ? count : 0), 0)
  return { completed: of('completed'), failed: of('failed') }
}

function push<Value>(list: Value[], value: Value): void {
  list.push(value)
  if (list.length > POINTS_MAX) list.shift()
}
