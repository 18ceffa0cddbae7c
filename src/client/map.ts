// A task for each input, and how each ended. What always holds:
// - in flight and finished but not taken are together at most `window`, and bounded in bytes: an endless input needs
//   constant memory, and input is read only as fast as results are taken;
// - however the loop is left, what has not ended is cancelled, and no more input is read.
import { setMaxListeners } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { shown } from '../config/options.js'
import { DtrError, type ErrorCode } from '../errors.js'
import type { TaskState } from '../task/task.js'
import type { Duration, TaskOptions } from './spec.js'
import { resultOf, type TaskEnd, TaskFailedError } from './task-end.js'

export interface MapOptions extends Omit<TaskOptions, 'key'> {
  /** Yield in the order of the input instead of as they end. */
  readonly ordered?: boolean | undefined
  /** Tasks under way at the same time, those included that were not taken yet; 1,000 where unset. */
  readonly window?: number | undefined
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

/** What it needs of a client. */
export interface MapTarget {
  submit(payload: unknown, signal: AbortSignal): Promise<{ readonly id: string; ended(): Promise<TaskEnd> }>
  cancel(ids: readonly string[]): Promise<unknown>
}

const WINDOW = 1_000
/** Of results that wait to be taken, and of those to be expected from what is under way. */
const RESULT_BYTES_MAX = 64 * 1024 * 1024
/** Leaving the loop waits so long for the cancels to be on disk. */
const CANCEL_MS_MAX = 5_000
/** Errors of one input, which say nothing about the next. */
const INPUT_ERRORS: readonly ErrorCode[] = ['bad_input', 'too_large', 'conflict', 'not_found']

export async function* mapTasks<Result>(
  target: MapTarget,
  inputs: Iterable<unknown> | AsyncIterable<unknown>,
  options: Pick<MapOptions, 'ordered' | 'window' | 'signal'>,
): AsyncGenerator<MapItem<Result>, void, undefined> {
  options.signal?.throwIfAborted()
  const run = new MapRun<Result>(target, iteratorOf(inputs), options.window ?? WINDOW, options.ordered ?? false)
  const abort = (): void => run.fail(options.signal?.reason)
  options.signal?.addEventListener('abort', abort, { once: true })
  try {
    yield* run.items()
  } finally {
    options.signal?.removeEventListener('abort', abort)
    await run.stop()
  }
}

class MapRun<Result> {
  readonly #target: MapTarget
  readonly #inputs: AsyncIterator<unknown> | Iterator<unknown>
  readonly #window: number
  readonly #ordered: boolean
  readonly #stop = new AbortController()
  readonly #bell = new Bell()
  /** Under way, by index, with their ids as soon as they are known. */
  readonly #flight = new Map<number, string | undefined>()
  /** Ended and not taken, in the order in which they ended. */
  readonly #finished = new Map<number, { readonly item: MapItem<Result>; readonly bytes: number }>()
  #finishedBytes = 0
  #largestBytes = 0
  #nextOut = 0
  #inputEnded = false
  #failure: { readonly reason: unknown } | undefined

  constructor(target: MapTarget, inputs: AsyncIterator<unknown> | Iterator<unknown>, window: number, ordered: boolean) {
    if (!Number.isInteger(window) || window < 1) {
      throw new DtrError('bad_input', `window: ${shown(window)} is not a whole number from 1`)
    }
    // Each submit that has no answer listens to it.
    setMaxListeners(0, this.#stop.signal)
    this.#target = target
    this.#inputs = inputs
    this.#window = window
    this.#ordered = ordered
  }

  async *items(): AsyncGenerator<MapItem<Result>, void, undefined> {
    void this.#feed()
    for (;;) {
      const item = this.#take()
      if (item !== undefined) yield item
      else if (this.#failure !== undefined) throw this.#failure.reason
      else if (this.#inputEnded && this.#flight.size === 0) return
      else await this.#bell.wait()
    }
  }

  fail(reason: unknown): void {
    this.#failure ??= { reason }
    this.#bell.ring()
  }

  async stop(): Promise<void> {
    this.#stop.abort()
    this.#bell.ring()
    // Not awaited: an input that waits for its source would return only with its next value.
    if (!this.#inputEnded) void Promise.resolve(this.#inputs.return?.()).catch(() => {})
    const ids = [...this.#flight.values()].filter((id) => id !== undefined)
    if (ids.length === 0) return
    const limit = delay(CANCEL_MS_MAX, undefined, { ref: false })
    await Promise.race([this.#target.cancel(ids).catch(() => {}), limit])
  }

  async #feed(): Promise<void> {
    try {
      for (let index = 0; ; index += 1) {
        while (!this.#hasRoom() && !this.#over()) await this.#bell.wait()
        if (this.#over()) return
        const next = await this.#inputs.next()
        if (this.#over()) return
        if (next.done === true) break
        this.#flight.set(index, undefined)
        void this.#run(index, next.value)
      }
      this.#inputEnded = true
    } catch (error) {
      this.#inputEnded = true
      this.fail(error)
    }
    this.#bell.ring()
  }

  #over(): boolean {
    return this.#stop.signal.aborted || this.#failure !== undefined
  }

  #hasRoom(): boolean {
    const underWay = this.#flight.size + this.#finished.size
    const bytes = this.#finishedBytes + this.#flight.size * this.#largestBytes
    return underWay === 0 || (underWay < this.#window && bytes < RESULT_BYTES_MAX)
  }

  async #run(index: number, payload: unknown): Promise<void> {
    try {
      const task = await this.#target.submit(payload, this.#stop.signal)
      this.#flight.set(index, task.id)
      const end = await task.ended()
      this.#finish(itemOf<Result>(index, end), end.result?.length ?? 0)
    } catch (error) {
      if (error instanceof DtrError && INPUT_ERRORS.includes(error.code)) {
        this.#finish({ index, state: 'failed', error }, 0)
      } else this.fail(error)
    }
  }

  #finish(item: MapItem<Result>, bytes: number): void {
    this.#flight.delete(item.index)
    this.#finished.set(item.index, { item, bytes })
    this.#finishedBytes += bytes
    this.#largestBytes = Math.max(this.#largestBytes, bytes)
    this.#bell.ring()
  }

  #take(): MapItem<Result> | undefined {
    const [first] = this.#ordered ? [this.#nextOut] : this.#finished.keys()
    const taken = first === undefined ? undefined : this.#finished.get(first)
    if (first === undefined || taken === undefined) return undefined
    this.#finished.delete(first)
    this.#finishedBytes -= taken.bytes
    this.#nextOut += 1
    this.#bell.ring()
    return taken.item
  }
}

/** Wakes all who wait, once a ring. */
class Bell {
  #waiting: (() => void)[] = []

  wait(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  ring(): void {
    const woken = this.#waiting
    this.#waiting = []
    for (const wake of woken) wake()
  }
}

function itemOf<Result>(index: number, end: TaskEnd): MapItem<Result> {
  const { id } = end
  if (end.state === 'completed') return { index, id, state: 'completed', result: resultOf(end) as Result }
  return { index, id, state: end.state === 'cancelled' ? 'cancelled' : 'failed', error: new TaskFailedError(end) }
}

function iteratorOf(inputs: Iterable<unknown> | AsyncIterable<unknown>): AsyncIterator<unknown> | Iterator<unknown> {
  const given = Object(inputs) as object
  if (!(Symbol.asyncIterator in given || Symbol.iterator in given)) {
    throw new DtrError('bad_input', `inputs: ${shown(inputs)} is nothing that can be iterated, such as a list`)
  }
  return Symbol.asyncIterator in given
    ? (inputs as AsyncIterable<unknown>)[Symbol.asyncIterator]()
    : (inputs as Iterable<unknown>)[Symbol.iterator]()
}
