// A task for each input, for those who submit and leave: nothing is told here of how they end. What always holds:
// - input is read only as fast as the master has the tasks on disk;
// - it is over when each task that was submitted has its answer, also where it fails.
import { setImmediate as turn } from 'node:timers/promises'
import { DtrError } from '../errors.js'
import { Bell } from './bell.js'
import { INPUT_ERRORS, READ_MAX } from './map.js'
import type { Duration, TaskOptions } from './spec.js'
import type { Waiter } from './waiters.js'

export interface SubmitAllOptions extends Omit<TaskOptions, 'key'> {
  /** The key of each input, by its index: the same key is the same task, so that what broke off can be begun again (P2). */
  readonly keys?: ((index: number) => string) | undefined
  /** How long a master that is busy is asked again; for ever where unset. */
  readonly busyFor?: Duration | undefined
  /** Between two inputs: no more is read, and what was submitted stays. */
  readonly signal?: AbortSignal | undefined
}

/** Told what the master says of a task. */
export interface Answered extends Waiter<unknown> {
  accepted(): void
}

/** @returns the id of the task. @throws DtrError where it is known at once that it cannot be submitted */
export type SubmitOne = (payload: unknown, index: number, answered: Answered) => string

/** Tasks without an answer. */
const WINDOW = 10_000

/** @returns their ids, in the order of the inputs. @throws the first error there was; what the master has stays */
export async function submitAll(
  submit: SubmitOne,
  inputs: Iterable<unknown> | AsyncIterable<unknown>,
  signal: AbortSignal | undefined,
): Promise<readonly string[]> {
  const answers = new Answers()
  const ids: string[] = []
  try {
    for await (const payload of inputs) {
      if (ids.length % READ_MAX === READ_MAX - 1) await turn()
      await answers.untilOpen(WINDOW - 1)
      signal?.throwIfAborted()
      answers.throwIfRefused()
      ids.push(submit(payload, ids.length, new Answer(answers, ids.length)))
      answers.open += 1
    }
  } catch (error) {
    answers.refuse(ids.length, error)
  }
  await answers.untilOpen(0)
  answers.throwIfRefused()
  return ids
}

class Answers {
  /** So many tasks have no answer. */
  open = 0
  #refusal: { readonly error: unknown } | undefined
  readonly #bell = new Bell()

  answered(): void {
    this.open -= 1
    this.#bell.ring()
  }

  /** The first counts. */
  refuse(index: number, error: unknown): void {
    this.#refusal ??= { error: ofInput(index, error) }
  }

  throwIfRefused(): void {
    if (this.#refusal !== undefined) throw this.#refusal.error
  }

  async untilOpen(count: number): Promise<void> {
    while (this.open > count) await this.#bell.wait()
  }
}

class Answer implements Answered {
  constructor(
    readonly answers: Answers,
    readonly index: number,
  ) {}

  accepted(): void {
    this.answers.answered()
  }

  /** Of its end nothing is told. */
  resolve(): void {}

  reject(error: Error): void {
    this.answers.refuse(this.index, error)
    this.answers.answered()
  }
}

function ofInput(index: number, error: unknown): unknown {
  if (!(error instanceof DtrError && INPUT_ERRORS.includes(error.code))) return error
  return new DtrError(error.code, `input ${index}: ${error.message}`, {
    cause: error,
    hint: error.hint ?? 'what was submitted before it stays; with keys all of it can be submitted again',
  })
}
