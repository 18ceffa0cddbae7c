// The client that users, the CLI and gateways hold: promises around the client's machine and its link to the master.
// What always holds: whatever was asked has a promise, and each of them settles, at the latest when the client closes.
import type { Clock } from '../clock.js'
import { checkFunction, checkOptions, shown } from '../config/options.js'
import { DtrError } from '../errors.js'
import type { Connection } from '../net/connection.js'
import {
  type FailureField,
  LIST_MAX,
  type StatusReport,
  type SubmittedTask,
  type SummaryField,
  type TaskField,
  type TaskFilterField,
} from '../protocol/messages.js'
import { freshId } from './ids.js'
import { Link, type LinkOptions } from './link.js'
import { type ClientEffect, type ClientEvent, ClientMachine } from './machine.js'
import { type MapItem, type MapOptions, mapTasks, type Submitted } from './map.js'
import { onAbort } from './on-abort.js'
import { GET_IDS_MAX, restOf } from './pages.js'
import { filterOf, JoinedFailures, type TaskQuery } from './query.js'
import type { AnswerTo, Request } from './requests.js'
import { checkIds, checkSubmit, type Duration, idOfKey, readMs, specOf, specsOf, type TaskOptions } from './spec.js'
import type { TaskEnd } from './task-end.js'
import { type CancelledTask, type RetriedTask, TaskHandle } from './task-handle.js'
import { Promised, type Waiter, Waiters } from './waiters.js'

export interface SubmitOptions extends TaskOptions {
  /** How long a master that is busy is asked again; for ever where unset. */
  readonly busyFor?: Duration | undefined
  /** Cancels the task. */
  readonly signal?: AbortSignal | undefined
}

/** What became of a worker that was asked to load its task modules anew. */
export interface WorkerReload {
  readonly worker: string
  /** `refused`: it goes on with the old code, and `problem` says why. `gone`: it leaves, or was lost meanwhile. */
  readonly status: 'reloaded' | 'refused' | 'gone' | 'unsupported'
  readonly problem?: string
}

export interface TaskPage {
  readonly tasks: readonly SummaryField[]
  /** Where the next page begins; none, this was the last. */
  readonly next: string | undefined
}

/** Tasks in one page. */
const PAGE_MAX = 500

type Accepted = Extract<ClientEffect, { kind: 'submitted' }>

/** Who submitted a task: told that the master has it, and then how it ended, or why not. */
interface Submission extends Waiter<TaskEnd> {
  accepted?(answer: Accepted): void
}

export class Client {
  readonly #clock: Clock
  readonly #machine = new ClientMachine()
  readonly #link: Link
  /** Unanswered, by ticket. */
  readonly #submits = new Map<number, Submission>()
  readonly #requests = new Waiters<number, Extract<ClientEffect, { kind: 'answered' }>['message']>()
  readonly #ends = new Waiters<string, TaskEnd>()
  #connection: Connection | undefined
  #soon: NodeJS.Immediate | undefined
  #later: (() => void) | undefined
  #ticket = 0
  #closed: DtrError | undefined

  constructor(options: LinkOptions) {
    this.#clock = options.clock
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
    const accepted = new Promised<TaskHandle<Result>>()
    const ended = new Promised<TaskEnd>()
    const submitted = this.#submit(specOf(type, payload, options, freshId()), readMs(options.busyFor, 'busyFor'), {
      accepted: ({ id, state, unserved }) =>
        accepted.resolve(
          new TaskHandle({ id, state, unserved, ended: () => ended.promise, cancel: (ids) => this.cancel(ids) }),
        ),
      resolve: (end) => ended.resolve(end),
      reject: (error) => {
        accepted.reject(error)
        ended.reject(error)
      },
    })
    if (signal !== undefined) {
      const leave = onAbort(signal, () => void this.#leave([submitted]).catch(() => {}))
      ended.promise.then(leave, leave)
    }
    return accepted.promise
  }

  /** A task that was submitted before, here or elsewhere. */
  task<Result = unknown>(id: string): TaskHandle<Result> {
    checkIds([id])
    return new TaskHandle<Result>({ id, ended: () => this.#follow(id), cancel: (ids) => this.cancel(ids) })
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
    const { keys } = options
    checkFunction(keys, 'keys')
    const idOf = keys === undefined ? freshId : (index: number) => idOfKey(keys(index))
    const submit = (payload: unknown, task: Waiter<TaskEnd>, index: number): Submitted =>
      this.#submit(specOfPayload(payload, idOf(index)), busyForMs, task)
    return mapTasks<Result>({ submit, leave: (tasks) => this.#leave(tasks) }, inputs, options)
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

  async status(): Promise<Omit<StatusReport, 'type' | 're'>> {
    const { type: _type, re: _re, ...report } = await this.#request({ type: 'status' })
    return report
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
    for (const effect of this.#machine.step(this.#clock.now(), event)) this.#apply(effect)
    this.#wait()
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
    this.#ends.add(answer.id, submission)
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
    const { monoMs } = this.#clock.now()
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
  }
}

function unknownTask(id: string): DtrError {
  return new DtrError('not_found', `no task ${id} is known`, {
    hint: 'tasks that ended long ago are pruned; dtr status shows what there is',
  })
}
