// The client that users, the CLI and gateways hold: promises around the client's machine and its link to the master.
// What always holds: whatever was asked has a promise, and each of them settles, at the latest when the client closes.
import type { Clock, Instant } from '../clock.js'
import { checkFunction, checkOptions, checkSignal, shown } from '../config/options.js'
import { DtrError } from '../errors.js'
import type { Connection } from '../net/connection.js'
import {
  type FailureField,
  type KeptLogField,
  LIST_MAX,
  type MetricsReport,
  type StatusReport,
  type SubmittedTask,
  type SummaryField,
  type TaskField,
  type TaskFilterField,
} from '../protocol/messages.js'
import type { Tracing } from '../tracing/tracing.js'
import { type ClusterFeed, type FeedOptions, feedOf } from './feed.js'
import { freshId } from './ids.js'
import { Keys } from './keys.js'
import { type Leaderboard, leaderboardOf } from './leaderboard.js'
import { Link, type LinkOptions } from './link.js'
import { type ClientEffect, type ClientEvent, ClientMachine } from './machine.js'
import { checkInputs, type MapItem, type MapOptions, mapTasks, type Submitted } from './map.js'
import { onAbort } from './on-abort.js'
import { GET_IDS_MAX, restOf } from './pages.js'
import { type PullWorker, PullWorkers, workerOf } from './pull.js'
import { filterOf, JoinedFailures, type TaskQuery } from './query.js'
import type { AnswerTo, Request } from './requests.js'
import { checkIds, checkSubmit, type Duration, idOfKey, readMs, specOf, specsOf, type TaskOptions } from './spec.js'
import { type SubmitAllOptions, type SubmitOne, submitAll } from './submit-all.js'
import type { TaskEnd } from './task-end.js'
import type { TaskEvent, TaskLog } from './task-events.js'
import { type CancelledTask, type RetriedTask, TaskHandle } from './task-handle.js'
import { TaskWatch } from './task-watch.js'
import { Promised, type Waiter, Waiters } from './waiters.js'
import { watchTasks } from './watch-tasks.js'

export interface SubmitOptions extends TaskOptions {
  /** How long a master that is busy is asked again; for ever where unset. */
  readonly busyFor?: Duration | undefined
  /** Cancels the task. */
  readonly signal?: AbortSignal | undefined
  /**
   * False: its end is not told here, and nothing kept for it; `ended()` of the handle asks for it. For those who submit and
   * leave, and for many tasks whose results nobody here reads.
   */
  readonly follow?: boolean | undefined
}

/** What became of a worker that was asked to load its task modules anew. */
export interface WorkerReload {
  readonly worker: string
  /** `refused`: it goes on with the old code, and `problem` says why. `gone`: it leaves, or was lost meanwhile. */
  readonly status: 'reloaded' | 'refused' | 'gone' | 'unsupported'
  readonly problem?: string
}

export interface ClusterStatus extends Omit<StatusReport, 'type' | 're' | 'pullWorkers'> {
  /** Those first that were heard last. */
  readonly pullWorkers: readonly PullWorker[]
}

/**
 * Counts since the master started, and histograms: of how long tasks waited to be granted, how long their code ran, and how
 * long batches took to disk. `counts` has one more than `boundsMs`, for what took longer than all of them.
 */
export type ClusterMetrics = Omit<MetricsReport, 'type' | 're'>

export interface TaskPage {
  readonly tasks: readonly SummaryField[]
  /** Where the next page begins; none, this was the last. */
  readonly next: string | undefined
}

/** For its worker to tell what a running attempt has said. */
const RUNNING_LOG_MS_MAX = 2_000
/** Tasks in one page. */
const PAGE_MAX = 500

type Accepted = Extract<ClientEffect, { kind: 'submitted' }>

/** Who submitted a task: told that the master has it, and then, unless it is to stay untold, how it ended; or why not. */
interface Submission extends Waiter<TaskEnd> {
  accepted?(answer: Accepted): void
}

/** Its span ends when the master has the task, or has refused it. */
function traced(
  tracing: Tracing,
  task: SubmittedTask,
  submission: Submission,
): { readonly task: SubmittedTask; readonly submission: Submission } {
  const span = tracing.submit(task)
  const { meta } = span
  return {
    task: meta === undefined ? task : { ...task, meta },
    submission: {
      accepted: (answer) => {
        span.accepted(answer.status === 'existing')
        submission.accepted?.(answer)
      },
      resolve: (end) => submission.resolve(end),
      reject: (error) => {
        span.refused(error)
        submission.reject(error)
      },
    },
  }
}

export class Client {
  /** Speaks for workers that pull. */
  readonly pull: PullWorkers = new PullWorkers(
    (request) => this.#request(request),
    () => this.#clock.now().wallMs,
  )
  /** Keys of the cluster: makes, lists, revokes and checks them. */
  readonly keys: Keys
  readonly #clock: Clock
  readonly #machine = new ClientMachine()
  readonly #link: Link
  readonly #tracing: Tracing | undefined
  /** Unanswered, by ticket. */
  readonly #submits = new Map<number, Submission>()
  readonly #requests = new Waiters<number, Extract<ClientEffect, { kind: 'answered' }>['message']>()
  readonly #ends = new Waiters<string, TaskEnd>()
  /** Who watches what has not ended, by task. */
  readonly #watches = new Map<string, Set<TaskWatch>>()
  #connection: Connection | undefined
  #soon: NodeJS.Immediate | undefined
  #at: Instant
  #later: (() => void) | undefined
  #ticket = 0
  #closed: DtrError | undefined

  constructor(options: LinkOptions & { readonly tracing?: Tracing | undefined }) {
    this.#clock = options.clock
    this.#at = options.clock.now()
    this.keys = new Keys({
      cluster: options.identity.key.cluster,
      clock: options.clock,
      request: (request) => this.#request(request),
    })
    this.#tracing = options.tracing
    this.#link = new Link(options, {
      connected: (connection) => {
        this.#connection = connection
        this.#step({ kind: 'connected' })
      },
      messages: (messages) => this.#step({ kind: 'messages', messages }),
      closed: () => {
        this.#connection = undefined
        this.#step({ kind: 'closed' })
      },
      gaveUp: (error) => this.#end(error),
    })
  }

  /** @internal Use `connect()`. */
  async start(): Promise<this> {
    await this.#link.start()
    return this
  }

  /**
   * Resolves when the master has the task on disk (P1). Until then it is sent again after every reconnect, under the same
   * id (P2).
   * @throws DtrError `bad_input`, `too_large`, `conflict`, or `busy` after `busyFor`
   */
  async submit<Result = unknown>(
    type: string,
    payload?: unknown,
    options: SubmitOptions = {},
  ): Promise<TaskHandle<Result>> {
    checkSubmit(options)
    const { signal } = options
    signal?.throwIfAborted()
    if (options.follow === false) return this.#submitUnfollowed(type, payload, options)
    const accepted = new Promised<TaskHandle<Result>>()
    const ended = new Promised<TaskEnd>()
    const submitted = this.#submit(
      specOf(type, payload, options, this.#freshId()),
      readMs(options.busyFor, 'busyFor'),
      {
        accepted: ({ id, state, unserved }) =>
          accepted.resolve(new TaskHandle({ id, state, unserved, client: this, ended: () => ended.promise })),
        resolve: (end) => ended.resolve(end),
        reject: (error) => {
          accepted.reject(error)
          ended.reject(error)
        },
      },
    )
    if (signal !== undefined) {
      const leave = onAbort(signal, () => void this.#leave([submitted]).catch(() => {}))
      ended.promise.then(leave, leave)
    }
    return accepted.promise
  }

  async #submitUnfollowed<Result>(type: string, payload: unknown, options: SubmitOptions): Promise<TaskHandle<Result>> {
    const accepted = new Promised<TaskHandle<Result>>()
    const task = specsOf(type, options, true)(payload, this.#freshId())
    const submitted = this.#submit(task, readMs(options.busyFor, 'busyFor'), {
      accepted: ({ id, state, unserved }) =>
        accepted.resolve(new TaskHandle({ id, state, unserved, client: this, ended: () => this.#follow(id) })),
      resolve: () => {},
      reject: (error) => accepted.reject(error),
    })
    const leave =
      options.signal === undefined
        ? () => {}
        : onAbort(options.signal, () => void this.#leave([submitted]).catch(() => {}))
    return accepted.promise.finally(leave)
  }

  /**
   * What these tasks do until all of them have ended: their states, how far they are, what they say, and how they ended; first
   * what their attempts have said so far, as far as it is kept. Connections that end and masters that come back are
   * not noticed. Leaving the loop ends the watching, and so does `signal`, also while nothing happens.
   * @throws DtrError `not_found` for a task that the master does not know
   */
  async *watch(
    ids: string | readonly string[],
    options: { readonly signal?: AbortSignal | undefined } = {},
  ): AsyncGenerator<TaskEvent, void, undefined> {
    const list = [...new Set(typeof ids === 'string' ? [ids] : ids)]
    checkIds(list)
    checkOptions(options, ['signal'])
    checkSignal(options.signal)
    const watch = this.#openWatch(list)
    const stay = options.signal === undefined ? () => {} : onAbort(options.signal, () => watch.leave())
    try {
      yield* watchTasks(list, { watch, keptLogs: (id, after) => this.#keptLogs(id, after) })
    } finally {
      stay()
      this.#closeWatch(watch)
    }
  }

  /**
   * What the attempts of a task have said, the first of them first, each as far as it is kept: `ctx.log`, and all that a
   * command prints. Of one that runs what it has said so far.
   * @throws DtrError `not_found` for a task that the master does not know
   */
  async logs(id: string): Promise<readonly TaskLog[]> {
    checkIds([id])
    const logs: TaskLog[] = []
    for await (const { attempt, text, at, endedAt } of this.#keptLogs(id)) {
      logs.push({ attempt, text, skipped: at, endedAt })
    }
    const [task] = await this.get([id])
    if (task === undefined) throw unknownTask(id)
    const running = task.state === 'running' ? await this.#runningLog(id) : undefined
    return running === undefined ? logs : [...logs.filter(({ attempt }) => attempt !== running.attempt), running]
  }

  /** Its worker tells; where it does not, or the attempt has ended meanwhile, nothing is known of it now. */
  async #runningLog(id: string): Promise<TaskLog | undefined> {
    const watch = this.#openWatch([id])
    let cancel = (): void => {}
    const until = new Promise<undefined>((resolve) => {
      cancel = this.#clock.wakeAt(this.#clock.now().monoMs + RUNNING_LOG_MS_MAX, () => resolve(undefined))
    })
    try {
      for (let item = await Promise.race([watch.next(), until]); item?.kind === 'seen'; ) {
        const { attempt, log } = item.entry
        if (log !== undefined) return { attempt, text: log.text, skipped: log.at }
        item = await Promise.race([watch.next(), until])
      }
      return undefined
    } finally {
      cancel()
      this.#closeWatch(watch)
    }
  }

  async *#keptLogs(id: string, after?: number): AsyncGenerator<KeptLogField, void> {
    for (let behind = after, more = true; more; ) {
      const answer = await this.#request({ type: 'logs', id, ...(behind !== undefined && { after: behind }) })
      yield* answer.list
      behind = answer.list.at(-1)?.n
      more = answer.more && behind !== undefined
    }
  }

  #openWatch(ids: readonly string[]): TaskWatch {
    if (this.#closed !== undefined) throw this.#closed
    const watch = new TaskWatch(ids)
    for (const id of ids) {
      const watches = this.#watches.get(id)
      if (watches === undefined) this.#watches.set(id, new Set([watch]))
      else watches.add(watch)
    }
    this.#step({ kind: 'watch', ids })
    return watch
  }

  #closeWatch(watch: TaskWatch): void {
    const left = [...watch.open].filter((id) => {
      const watches = this.#watches.get(id)
      watches?.delete(watch)
      return watches?.size === 0 && this.#watches.delete(id)
    })
    if (left.length > 0) this.#step({ kind: 'unwatch', ids: left })
  }

  /** Nothing more comes of this task. */
  #takeWatches(id: string): ReadonlySet<TaskWatch> {
    const watches = this.#watches.get(id) ?? new Set()
    this.#watches.delete(id)
    return watches
  }

  /** A task that was submitted before, here or elsewhere. */
  task<Result = unknown>(id: string): TaskHandle<Result> {
    checkIds([id])
    return new TaskHandle<Result>({ id, client: this, ended: () => this.#follow(id) })
  }

  /**
   * Submits a task for each input and yields how each ended, as they end or in the order of the input. Input is read only
   * as fast as results are taken, so it may be endless. Leaving the loop cancels what has not ended.
   */
  map<Result = unknown>(
    type: string,
    inputs: Iterable<unknown> | AsyncIterable<unknown>,
    options: MapOptions = {},
  ): AsyncGenerator<MapItem<Result>, void, undefined> {
    // A mistake in what all of them share is told once, not for each input.
    checkSubmit(options)
    const specOfPayload = specsOf(type, options)
    const busyForMs = readMs(options.busyFor, 'busyFor')
    const idOf = this.#idsBy(options.keys)
    const submit = (payload: unknown, task: Waiter<TaskEnd>, index: number): Submitted =>
      this.#submit(specOfPayload(payload, idOf(index)), busyForMs, task)
    return mapTasks<Result>({ submit, leave: (tasks) => this.#leave(tasks) }, inputs, options)
  }

  /**
   * Submits a task for each input, for those who submit and leave: resolves with their ids, in the order of the input, when the
   * master has all of them on disk (P1). How they end is not told here, which costs less; `task(id)` asks for one of them, and
   * `status()` says how many have ended. Input is read only as fast as the master takes it.
   * @throws DtrError of the first input that is refused; what was submitted before it stays
   */
  async submitAll(
    type: string,
    inputs: Iterable<unknown> | AsyncIterable<unknown>,
    options: SubmitAllOptions = {},
  ): Promise<readonly string[]> {
    checkSubmit(options)
    checkInputs(inputs)
    const specOfPayload = specsOf(type, options, true)
    const busyForMs = readMs(options.busyFor, 'busyFor')
    const idOf = this.#idsBy(options.keys)
    const submit: SubmitOne = (payload, index, answered) =>
      this.#submit(specOfPayload(payload, idOf(index)), busyForMs, answered).id
    return submitAll(submit, inputs, options.signal)
  }

  #idsBy(keys: ((index: number) => string) | undefined): (index: number) => string {
    checkFunction(keys, 'keys')
    return keys === undefined ? () => this.#freshId() : (index) => idOfKey(keys(index))
  }

  /**
   * The tasks that are known among `ids`, in that order.
   * @param options `story`: with a line for each attempt that did not succeed
   */
  async get(ids: readonly string[], options: { readonly story?: boolean } = {}): Promise<readonly TaskField[]> {
    checkIds(ids)
    checkOptions(options, ['story'])
    const tasks: TaskField[] = []
    for (let asked = [...ids]; asked.length > 0; ) {
      const page = asked.slice(0, GET_IDS_MAX)
      const answer = await this.#request({ type: 'get', ids: page, story: options.story === true })
      tasks.push(...answer.list)
      asked = [...restOf(page, answer).rest, ...asked.slice(GET_IDS_MAX)]
    }
    return tasks
  }

  /** Tasks without their data, the newest submission first, page by page as they are taken. */
  async *tasks(query: TaskQuery = {}, options: { readonly limit?: number } = {}): AsyncGenerator<SummaryField, void> {
    const { limit = Number.POSITIVE_INFINITY } = options
    if (typeof limit !== 'number' || !(limit >= 0)) {
      throw new DtrError('bad_input', `limit: ${shown(limit)} is not a number from 0`)
    }
    let left = limit
    let after: string | undefined
    // What the query means is fixed now: a moment ago is the same one for every page.
    const filter = filterOf(query, this.#clock.now().wallMs)
    while (left > 0) {
      const page = await this.#page(filter, Math.min(left, PAGE_MAX), after)
      yield* page.tasks
      if (page.next === undefined) return
      left -= page.tasks.length
      after = page.next
    }
  }

  /**
   * One page of them: at most `limit` (500), perhaps none although there is a `next`. `after` is `next` of the page before.
   */
  async page(
    query: TaskQuery,
    options: { readonly limit?: number; readonly after?: string | undefined } = {},
  ): Promise<TaskPage> {
    checkOptions(options, ['limit', 'after'])
    const { limit = PAGE_MAX, after } = options
    if (!Number.isInteger(limit) || limit < 1 || limit > PAGE_MAX) {
      throw new DtrError('bad_input', `limit: ${shown(limit)} is not a whole number from 1 to ${PAGE_MAX}`)
    }
    if (after !== undefined && !/^[\w.-]{1,64}$/.test(after)) {
      throw new DtrError('bad_input', 'after: is no `next` of a page')
    }
    return this.#page(filterOf(query, this.#clock.now().wallMs), limit, after)
  }

  async #page(filter: TaskFilterField, limit: number, cursor: string | undefined): Promise<TaskPage> {
    const { list, next } = await this.#request({ type: 'list', filter, limit, ...(cursor !== undefined && { cursor }) })
    return { tasks: list, next }
  }

  /** Failed tasks grouped by what ended them, the most frequent first; at most 1,000 groups. */
  async failures(query: Omit<TaskQuery, 'states'> = {}): Promise<readonly FailureField[]> {
    const filter = filterOf(query, this.#clock.now().wallMs)
    const failures = new JoinedFailures()
    for (let cursor: string | undefined; ; ) {
      const { list, next } = await this.#request({ type: 'failures', filter, ...(cursor !== undefined && { cursor }) })
      failures.add(list)
      if (next === undefined) return failures.all
      cursor = next
    }
  }

  /**
   * Sends failed and cancelled tasks back to pending, their attempts counted anew. Durable when it resolves. It is not
   * repeated by itself: each time is one more start of the code.
   * @throws DtrError `unreachable` where the connection ended before the answer
   */
  async retry(ids: readonly string[]): Promise<readonly RetriedTask[]> {
    checkIds(ids)
    const retried: RetriedTask[] = []
    for (let start = 0; start < ids.length; start += LIST_MAX) {
      const answer = await this.#request({ type: 'retry-tasks', ids: ids.slice(start, start + LIST_MAX) })
      retried.push(...answer.list)
    }
    return retried
  }

  /** Durable when it resolves: none of those that were pending will start (P14). */
  async cancel(ids: readonly string[]): Promise<readonly CancelledTask[]> {
    checkIds(ids)
    const cancelled: CancelledTask[] = []
    for (let start = 0; start < ids.length; start += LIST_MAX) {
      const answer = await this.#request({ type: 'cancel-tasks', ids: ids.slice(start, start + LIST_MAX) })
      cancelled.push(...answer.list)
    }
    return cancelled
  }

  async status(): Promise<ClusterStatus> {
    const { type: _type, re: _re, pullWorkers = [], ...report } = await this.#request({ type: 'status' })
    return { ...report, pullWorkers: pullWorkers.map(workerOf) }
  }

  /** What workers are worth, by the votes that they cast; those with the most matching votes, where there are very many. */
  async leaderboard(): Promise<Leaderboard> {
    return leaderboardOf(await this.#request({ type: 'leaderboard' }))
  }

  /**
   * A worker that is quarantined has work again, and proves itself anew. Durable when it resolves.
   * @param worker as the leaderboard names it
   * @returns false where it was not quarantined
   */
  async pardon(worker: string): Promise<boolean> {
    return (await this.#request({ type: 'pardon', voter: worker })).status === 'pardoned'
  }

  /** What the master has counted since it started: for who watches a cluster. */
  async metrics(): Promise<ClusterMetrics> {
    const { type: _type, re: _re, ...metrics } = await this.#request({ type: 'metrics' })
    return metrics
  }

  /**
   * What goes on in the whole cluster, a few times a second: how much was done, and attempts one by one, as far as a person
   * can follow them. It goes on over reconnects and masters that come back, until the loop is left or `signal` ends it.
   */
  feed(options: FeedOptions = {}): AsyncGenerator<ClusterFeed, void, undefined> {
    return feedOf({ ask: (request) => this.#request(request), clock: this.#clock }, options)
  }

  /**
   * New code for the workers that run, one after the other: yields how it went with each, and ends at the first that cannot
   * load its modules. What runs goes on in the code that it began in.
   */
  async *reload(): AsyncGenerator<WorkerReload, void, undefined> {
    for (const { incarnation, name } of (await this.status()).workers) {
      const { status, problem } = await this.#request({ type: 'reload-worker', worker: incarnation })
      yield { worker: name, status, ...(problem !== undefined && { problem }) }
      if (status === 'refused') return
    }
  }

  /**
   * Forgets all tasks that have ended, with their results and stories, whatever is kept otherwise. They cannot be had back.
   * @returns how many there were
   */
  async forgetEnded(): Promise<number> {
    return (await this.#request({ type: 'forget-ended' })).count
  }

  /** Asks the master to end the cluster; resolves when it has begun to. */
  async stop(options: { readonly graceMs?: number } = {}): Promise<void> {
    checkOptions(options, ['graceMs'])
    const graceMs = readMs(options.graceMs, 'graceMs')
    await this.#request({ type: 'stop', ...(graceMs !== undefined && { graceMs }) })
  }

  /** Ends the connection. Tasks go on; whatever was awaited here is rejected. */
  close(): void {
    this.#end(new DtrError('no_cluster', 'the client was closed'))
  }

  async #request<Asked extends Request>(request: Asked): Promise<AnswerTo<Asked>> {
    const ticket = this.#nextTicket()
    const answered = this.#requests.promise(ticket)
    this.#step({ kind: 'request', ticket, request })
    // The machine answers a request only with the message that ANSWERS names for it.
    return (await answered) as AnswerTo<Asked>
  }

  #submit(task: SubmittedTask, busyForMs: number | undefined, submission: Submission): Submitted {
    const ticket = this.#nextTicket()
    if (this.#tracing !== undefined) ({ task, submission } = traced(this.#tracing, task, submission))
    this.#submits.set(ticket, submission)
    const busyUntil = busyForMs === undefined ? {} : { busyUntil: this.#clock.now().monoMs + busyForMs }
    this.#step({ kind: 'submit', request: { ticket, task, ...busyUntil } })
    return { ticket, id: task.id }
  }

  /** Takes back what was not sent, and cancels what was. */
  async #leave(tasks: readonly Submitted[]): Promise<void> {
    const sent = tasks.filter(({ ticket }) => {
      if (!this.#submits.has(ticket)) return true
      this.#step({ kind: 'withdraw', ticket })
      // The cancel leaves behind the submit on the same connection, also on the next one.
      return this.#submits.has(ticket)
    })
    await this.cancel(sent.map(({ id }) => id))
  }

  #follow(id: string): Promise<TaskEnd> {
    if (this.#closed !== undefined) return Promise.reject(this.#closed)
    const ended = this.#ends.promise(id)
    this.#step({ kind: 'follow', id })
    return ended
  }

  #nextTicket(): number {
    if (this.#closed !== undefined) throw this.#closed
    this.#ticket += 1
    return this.#ticket
  }

  #step(event: ClientEvent): void {
    if (this.#closed !== undefined) return
    for (const effect of this.#machine.step(this.#now(), event)) this.#apply(effect)
    this.#wait()
  }

  /** While a tick is due in this turn of the event loop, that is now: to read the time anew costs as much as a submit. */
  #now(): Instant {
    if (this.#soon === undefined) this.#at = this.#clock.now()
    return this.#at
  }

  #freshId(): string {
    return freshId(this.#now().wallMs)
  }

  #apply(effect: ClientEffect): void {
    switch (effect.kind) {
      case 'send':
        return this.#connection?.send(effect.message)
      case 'submitted':
        return this.#accepted(effect)
      case 'submit-refused':
        return this.#refused(effect.ticket, effect.error)
      case 'withdrawn':
        return this.#refused(effect.ticket, new DtrError('cancelled', 'cancelled before it was submitted'))
      case 'ended':
        return this.#ends.resolve(effect.end.id, effect.end)
      case 'seen':
        for (const watch of this.#watches.get(effect.entry.id) ?? []) watch.seen(effect.entry)
        return
      case 'watched-ended':
        for (const watch of this.#takeWatches(effect.end.id)) watch.ended(effect.end)
        return
      case 'watched-unknown':
        for (const watch of this.#takeWatches(effect.id)) watch.fail(unknownTask(effect.id))
        return
      case 'unknown':
        return this.#ends.reject(effect.id, unknownTask(effect.id))
      case 'answered':
        return this.#requests.resolve(effect.ticket, effect.message)
      case 'request-failed':
        return this.#requests.reject(effect.ticket, effect.error)
    }
  }

  #accepted(answer: Accepted): void {
    const submission = this.#submits.get(answer.ticket)!
    this.#submits.delete(answer.ticket)
    // Its end is awaited from now on: it may stand in the same chunk.
    if (!answer.untold) this.#ends.add(answer.id, submission)
    submission.accepted?.(answer)
  }

  #refused(ticket: number, error: DtrError): void {
    const submission = this.#submits.get(ticket)!
    this.#submits.delete(ticket)
    submission.reject(error)
  }

  /** One timer; and what was said in one turn of the event loop leaves in one message. */
  #wait(): void {
    if (this.#soon !== undefined) return
    this.#later?.()
    this.#later = undefined
    const { monoMs } = this.#now()
    const deadline = this.#machine.nextDeadline(monoMs)
    if (deadline === undefined) return
    if (deadline > monoMs) {
      this.#later = this.#clock.wakeAt(deadline, () => this.#step({ kind: 'tick' }))
      return
    }
    this.#soon = setImmediate(() => {
      this.#soon = undefined
      this.#step({ kind: 'tick' })
    })
  }

  #end(error: DtrError): void {
    if (this.#closed !== undefined) return
    this.#later?.()
    this.#closed = error
    this.#link.close()
    for (const ticket of [...this.#submits.keys()]) this.#refused(ticket, error)
    for (const waiters of [this.#requests, this.#ends]) waiters.rejectAll(error)
    for (const watches of this.#watches.values()) for (const watch of watches) watch.fail(error)
  }
}

function unknownTask(id: string): DtrError {
  return new DtrError('not_found', `no task ${id} is known`, {
    hint: 'tasks that ended long ago are pruned; dtr status shows what there is',
  })
}
