// A task for each input, and how each ended. What always holds:
// - in flight and finished but not taken are together at most `window`, and bounded in bytes: an endless input needs
//   constant memory, and input is read only as fast as results are taken;
// - however the loop is left, what has not ended is cancelled, and no more input is read.
import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises'
import { shown } from '../config/options.js'
import { DtrError, type ErrorCode } from '../errors.js'
import type { TaskState } from '../task/task.js'
import { Bell } from './bell.js'
import type { Duration, TaskOptions } from './spec.js'
import { resultOf, type TaskEnd, TaskFailedError } from './task-end.js'
import type { Waiter } from './waiters.js'

export interface MapOptions extends Omit<TaskOptions, 'key'> {
  /** Yield in the order of the input instead of as they end. */
  readonly ordered?: boolean | undefined
  /** Tasks under way at the same time, those included that were not taken yet; 1,000 where unset. */
  readonly window?: number | undefined
  /** The key of each input, by its index: the same key is the same task, so that a map that is begun again goes on (P2). */
  readonly keys?: ((index: number) => string) | undefined
  /** How long a master that is busy is asked again; for ever where unset. */
  readonly busyFor?: Duration | undefined
  /** Ends the loop with its reason, and cancels what has not ended. */
  readonly signal?: AbortSignal | undefined
}

export interface MapItem<Result = unknown> {
  /** Of the input, from 0. */
  readonly index: number
  /** Missing where the input itself was refused, such as one that is too large. */
  readonly id?: string
  readonly state: Extract<TaskState, 'completed' | 'failed' | 'cancelled'>
  readonly result?: Result
  readonly error?: DtrError
}

/** A task that was submitted, answered or not. */
export interface Submitted {
  readonly ticket: number
  readonly id: string
}

/** What it needs of a client. */
export interface MapTarget {
  /** @param task told how it ended, or why it could not be submitted. @throws DtrError where that is known at once */
  submit(payload: unknown, task: Waiter<TaskEnd>, index: number): Submitted
  /** They are not wanted any more. Resolves when none of them can start (P14). */
  leave(tasks: readonly Submitted[]): Promise<unknown>
}

const WINDOW = 1_000
/** Of results that wait to be taken, and of those to be expected from what is under way. */
const RESULT_BYTES_MAX = 64 * 1024 * 1024
/** Leaving the loop waits so long for the cancels to be on disk. */
const CANCEL_MS_MAX = 5_000
/** Inputs that are read in one turn of the event loop: their tasks leave while the next are read. */
export const READ_MAX = 256
/** Errors of one input, which say nothing about the next. */
export const INPUT_ERRORS: readonly ErrorCode[] = ['bad_input', 'too_large', 'conflict', 'not_found']

export async function* mapTasks<Result>(
  target: MapTarget,
  inputs: Iterable<unknown> | AsyncIterable<unknown>,
  options: Pick<MapOptions, 'ordered' | 'window' | 'signal'>,
): AsyncGenerator<MapItem<Result>, void, undefined> {
  options.signal?.throwIfAborted()
  const run = new MapRun(target, iteratorOf(inputs), options.window ?? WINDOW, options.ordered ?? false)
  const abort = (): void => run.fail(options.signal?.reason)
  options.signal?.addEventListener('abort', abort, { once: true })
  try {
    void run.feed()
    for (;;) {
      const ended = run.take()
      if (ended !== undefined) yield itemOf<Result>(ended)
      else if (await run.isOver()) return
    }
  } finally {
    options.signal?.removeEventListener('abort', abort)
    await run.stop()
  }
}

/** One of the tasks: told by the client, and then what is told of it. */
class MapTask implements Waiter<TaskEnd> {
  submitted: Submitted | undefined
  /** How it ended; or why its input was refused. */
  outcome: TaskEnd | DtrError | undefined

  constructor(
    readonly run: MapRun,
    readonly index: number,
  ) {}

  resolve(end: TaskEnd): void {
    this.outcome = end
    this.run.ended(this)
  }

  reject(error: Error): void {
    if (!(error instanceof DtrError && INPUT_ERRORS.includes(error.code))) return this.run.fail(error)
    this.outcome = error
    this.run.ended(this)
  }

  /** Of its result. */
  get bytes(): number {
    return this.outcome instanceof DtrError ? 0 : (this.outcome?.result?.length ?? 0)
  }
}

class MapRun {
  readonly #target: MapTarget
  readonly #inputs: AsyncIterator<unknown> | Iterator<unknown>
  readonly #window: number
  readonly #ordered: boolean
  readonly #bell = new Bell()
  readonly #flight = new Set<MapTask>()
  /** Ended, and to be taken in this order. */
  readonly #ready = new Line<MapTask>()
  /** Ended before an earlier input did, by index: only where the order matters. */
  readonly #early = new Map<number, MapTask>()
  #readyBytes = 0
  #largestBytes = 0
  #nextIndex = 0
  #inputEnded = false
  #stopped = false
  #failure: { readonly reason: unknown } | undefined

  constructor(target: MapTarget, inputs: AsyncIterator<unknown> | Iterator<unknown>, window: number, ordered: boolean) {
    if (!Number.isInteger(window) || window < 1) {
      throw new DtrError('bad_input', `window: ${shown(window)} is not a whole number from 1`)
    }
    this.#target = target
    this.#inputs = inputs
    this.#window = window
    this.#ordered = ordered
  }

  async feed(): Promise<void> {
    try {
      for (let index = 0; ; index += 1) {
        if (index % READ_MAX === READ_MAX - 1) await turn()
        while (!this.#hasRoom() && !this.#over()) {
          await this.#bell.wait()
          // Who is told of several that have ended takes all of them first: as many are read and submitted together.
          await turn()
        }
        if (this.#over()) return
        const answer = this.#inputs.next()
        const next = 'then' in answer ? await answer : answer
        if (this.#over()) return
        if (next.done === true) break
        this.#submit(new MapTask(this, index), next.value)
      }
      this.#inputEnded = true
    } catch (error) {
      this.#inputEnded = true
      this.fail(error)
    }
    this.#bell.ring()
  }

  #submit(task: MapTask, payload: unknown): void {
    this.#flight.add(task)
    try {
      task.submitted = this.#target.submit(payload, task, task.index)
    } catch (error) {
      task.reject(error as Error)
    }
  }

  #over(): boolean {
    return this.#stopped || this.#failure !== undefined
  }

  #hasRoom(): boolean {
    const underWay = this.#flight.size + this.#early.size + this.#ready.length
    const bytes = this.#readyBytes + this.#flight.size * this.#largestBytes
    return underWay === 0 || (underWay < this.#window && bytes < RESULT_BYTES_MAX)
  }

  ended(task: MapTask): void {
    this.#flight.delete(task)
    this.#readyBytes += task.bytes
    this.#largestBytes = Math.max(this.#largestBytes, task.bytes)
    if (this.#ordered) this.#putInOrder(task)
    else this.#ready.push(task)
    this.#bell.ring()
  }

  #putInOrder(task: MapTask): void {
    this.#early.set(task.index, task)
    for (let next = this.#early.get(this.#nextIndex); next !== undefined; next = this.#early.get(this.#nextIndex)) {
      this.#early.delete(this.#nextIndex)
      this.#ready.push(next)
      this.#nextIndex += 1
    }
  }

  take(): MapTask | undefined {
    const task = this.#ready.shift()
    if (task === undefined) return undefined
    this.#readyBytes -= task.bytes
    this.#bell.ring()
    return task
  }

  /** Whether nothing more will come; resolves when that may have changed. @throws what made it fail */
  async isOver(): Promise<boolean> {
    if (this.#failure !== undefined) throw this.#failure.reason
    if (this.#inputEnded && this.#flight.size === 0) return true
    await this.#bell.wait()
    return false
  }

  fail(reason: unknown): void {
    this.#failure ??= { reason }
    this.#bell.ring()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#bell.ring()
    // Not awaited: an input that waits for its source would return only with its next value.
    if (!this.#inputEnded) void Promise.resolve(this.#inputs.return?.()).catch(() => {})
    const tasks = [...this.#flight].flatMap(({ submitted }) => submitted ?? [])
    if (tasks.length === 0) return
    const limit = delay(CANCEL_MS_MAX, undefined, { ref: false })
    await Promise.race([this.#target.leave(tasks).catch(() => {}), limit])
  }
}

/** First in, first out. */
class Line<Item> {
  #in: Item[] = []
  /** The first last. */
  #out: Item[] = []

  get length(): number {
    return this.#in.length + this.#out.length
  }

  push(item: Item): void {
    this.#in.push(item)
  }

  shift(): Item | undefined {
    if (this.#out.length === 0) {
      this.#out = this.#in.reverse()
      this.#in = []
    }
    return this.#out.pop()
  }
}

function itemOf<Result>({ index, outcome }: MapTask): MapItem<Result> {
  if (outcome instanceof DtrError) return { index, state: 'failed', error: outcome }
  const end = outcome!
  const { id } = end
  if (end.state === 'completed') return { index, id, state: 'completed', result: resultOf(end) as Result }
  return { index, id, state: end.state === 'cancelled' ? 'cancelled' : 'failed', error: new TaskFailedError(end) }
}

function iteratorOf(inputs: Iterable<unknown> | AsyncIterable<unknown>): AsyncIterator<unknown> | Iterator<unknown> {
  checkInputs(inputs)
  return Symbol.asyncIterator in Object(inputs)
    ? (inputs as AsyncIterable<unknown>)[Symbol.asyncIterator]()
    : (inputs as Iterable<unknown>)[Symbol.iterator]()
}

/** @throws DtrError `bad_input` */
export function checkInputs(inputs: unknown): void {
  const given = Object(inputs) as object
  if (Symbol.asyncIterator in given || Symbol.iterator in given) return
  throw new DtrError('bad_input', `inputs: ${shown(inputs)} is nothing that can be iterated, such as a list`)
}
