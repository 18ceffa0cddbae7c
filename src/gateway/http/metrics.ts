// What Prometheus scrapes: the cluster as its master tells it at that moment, and the requests that this gateway served.
// No task and no worker is a label; routes are patterns, and what no route matched is one series.
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { ClusterMetrics, ClusterStatus } from '../../client/client.js'
import { TASK_STATES } from '../../task/task.js'
import { ToldHistogram } from './told-histogram.js'

const QUEUES_MAX = 200
const REQUEST_SECONDS = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60]

type Report = Pick<ClusterStatus, 'counts' | 'workers' | 'pullWorkers' | 'master' | 'unserved'>

/** What the master tells at one moment. */
export interface Told {
  readonly status: Report
  readonly metrics: ClusterMetrics
}

export class Metrics {
  readonly #registry = new Registry()
  readonly #requests = new Histogram({
    name: 'dtr_http_request_seconds',
    help: 'Time from a request to its answer.',
    labelNames: ['method', 'route', 'status'],
    buckets: REQUEST_SECONDS,
    registers: [this.#registry],
  })
  readonly #streams = this.#gauge('dtr_http_streams', 'Answers that go on as things happen.')
  readonly #up = this.#gauge('dtr_master_up', '1 where the master answers.')
  readonly #upSeconds = this.#gauge('dtr_master_uptime_seconds', 'Since the master started.')
  readonly #tasks = this.#gauge('dtr_tasks', 'Tasks that are kept.', ['queue', 'state'])
  readonly #unserved = this.#gauge('dtr_types_unserved', 'Types with pending tasks that no worker serves.')
  readonly #workers = this.#gauge('dtr_workers', 'Workers that are known.', ['kind', 'state'])
  readonly #slots = this.#gauge('dtr_slots', 'Tasks that the workers which are ready run at a time.')
  readonly #running = this.#gauge('dtr_slots_busy', 'Of those, how many run one.')
  readonly #wait = this.#told('dtr_task_wait_seconds', 'From when a task might run to its grant to a worker.')
  readonly #run = this.#told('dtr_task_run_seconds', 'From the beginning of the code of an attempt to its result.')
  readonly #commit = this.#told('dtr_commit_seconds', 'Of a batch of the master, until it is on disk.')
  readonly #submitted = this.#counter('dtr_tasks_submitted_total', 'Tasks that were new.')
  readonly #ended = this.#counter('dtr_tasks_ended_total', 'Tasks that came to their end.', ['state'])
  readonly #attempts = this.#counter('dtr_attempts_ended_total', 'Attempts, by how they ended.', ['outcome'])
  readonly #retries = this.#counter('dtr_retries_total', 'Attempts without success that have another behind them.')
  readonly #stale = this.#counter('dtr_results_stale_total', 'Results that were refused as stale.')
  readonly #workersLost = this.#counter('dtr_workers_lost_total', 'Workers that went silent, or died.')

  constructor() {
    collectDefaultMetrics({ register: this.#registry, prefix: 'dtr_gateway_' })
  }

  readonly type = this.#registry.contentType

  /** @param route its pattern; none where no route matched */
  served(method: string, route: string | undefined, status: number, seconds: number): void {
    this.#requests.observe({ method, route: route ?? 'none', status: String(status) }, seconds)
  }

  /** Answers that go on as things happen. */
  openStreams = 0

  streams(change: 1 | -1): void {
    this.openStreams += change
    this.#streams.set(this.openStreams)
  }

  /** @param told none where the master does not answer: then what it counts is left out, and not told as it was */
  async text(told: Told | undefined): Promise<string> {
    this.#up.set(told === undefined ? 0 : 1)
    for (const gauge of [this.#tasks, this.#workers]) gauge.reset()
    for (const counter of [this.#submitted, this.#ended, this.#attempts, this.#retries, this.#stale, this.#workersLost])
      counter.reset()
    if (told !== undefined) this.#tell(told)
    return this.#registry.metrics()
  }

  #tell({ status: { counts, workers, pullWorkers, master, unserved }, metrics }: Told): void {
    for (const { queue, state, count } of byQueue(counts)) this.#tasks.set({ queue, state }, count)
    for (const { state } of workers) this.#workers.inc({ kind: 'tcp', state })
    for (const { state } of pullWorkers) this.#workers.inc({ kind: 'pull', state })
    const ready = workers.filter(({ state }) => state === 'ready')
    this.#slots.set(ready.reduce((sum, { slots }) => sum + slots, 0))
    this.#running.set(ready.reduce((sum, { running }) => sum + running, 0))
    this.#upSeconds.set(master.upMs / 1_000)
    this.#unserved.set(unserved.length)
    const { boundsMs, wait, run, commit, ended, attempts } = metrics
    this.#wait.tell(boundsMs, wait)
    this.#run.tell(boundsMs, run)
    this.#commit.tell(boundsMs, commit)
    this.#submitted.inc(metrics.submitted)
    for (const [state, count] of Object.entries(ended)) this.#ended.inc({ state }, count)
    for (const [outcome, count] of Object.entries(attempts)) this.#attempts.inc({ outcome }, count)
    this.#retries.inc(metrics.retries)
    this.#stale.inc(metrics.stale)
    this.#workersLost.inc(metrics.workersLost)
  }

  #told(name: string, help: string): ToldHistogram {
    const histogram = new ToldHistogram(name, help)
    this.#registry.registerMetric(histogram.metric)
    return histogram
  }

  #counter<Label extends string = never>(name: string, help: string, labelNames: Label[] = []): Counter<Label> {
    return new Counter({ name, help: `${help} Since the master started.`, labelNames, registers: [this.#registry] })
  }

  #gauge<Label extends string = never>(name: string, help: string, labelNames: Label[] = []): Gauge<Label> {
    return new Gauge({ name, help, labelNames, registers: [this.#registry] })
  }
}

interface Series {
  readonly queue: string
  readonly state: string
  readonly count: number
}

/** Without the types, of which there may be many; queues beyond a number are one. Pure. */
export function byQueue(counts: ClusterStatus['counts']): readonly Series[] {
  const sums = new Map<string, Map<string, number>>()
  for (const { queue, state, count } of counts) {
    const name = sums.has(queue) || sums.size < QUEUES_MAX ? queue : 'other queues'
    const states = sums.get(name) ?? new Map(TASK_STATES.map((each) => [each as string, 0]))
    sums.set(name, states.set(state, (states.get(state) ?? 0) + count))
  }
  return [...sums].flatMap(([queue, states]) => [...states].map(([state, count]) => ({ queue, state, count })))
}
