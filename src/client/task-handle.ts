// What a submit returns: the task's id and how to learn its end.
import type { TaskState } from '../task/task.js'
import { resultOf, type TaskEnd } from './task-end.js'
import type { TaskEvent } from './task-events.js'

export interface CancelledTask {
  readonly id: string
  /** `cancelling`: its code is being ended. `ended`: it had ended before, as `state` says. */
  readonly status: 'cancelled' | 'cancelling' | 'ended' | 'unknown'
  readonly state?: TaskState | undefined
}

export interface RetriedTask {
  readonly id: string
  /** `kept`: it is neither failed nor cancelled, as `state` says. `busy`: too many are pending. */
  readonly status: 'retried' | 'kept' | 'busy' | 'unknown'
  readonly state?: TaskState | undefined
}

interface Parts {
  readonly id: string
  readonly state?: TaskState
  readonly unserved?: boolean
  readonly ended: () => Promise<TaskEnd>
  readonly client: {
    cancel(ids: readonly string[]): Promise<readonly CancelledTask[]>
    watch(id: string): AsyncGenerator<TaskEvent, void, undefined>
  }
}

export class TaskHandle<Result = unknown> {
  readonly id: string
  /** As it was when it was submitted: `pending`, unless the same task existed before (P2). */
  readonly state: TaskState
  /** No worker served its type when it was submitted: it waits for one (P12). */
  readonly unserved: boolean
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.id = parts.id
    this.state = parts.state ?? 'pending'
    this.unserved = parts.unserved ?? false
    this.#parts = parts
  }

  /** How it ended, whichever way. @throws DtrError `not_found` where the master does not know it (any more) */
  ended(): Promise<TaskEnd> {
    return this.#parts.ended()
  }

  /** What it returned. @throws TaskFailedError where it failed or was cancelled */
  async result(): Promise<Result> {
    return resultOf(await this.ended()) as Result
  }

  /** What it does until it has ended: its states, how far it is, what it says, and how it ended. */
  watch(): AsyncGenerator<TaskEvent, void, undefined> {
    return this.#parts.client.watch(this.id)
  }

  async cancel(): Promise<CancelledTask> {
    const [cancelled] = await this.#parts.client.cancel([this.id])
    return cancelled ?? { id: this.id, status: 'unknown' }
  }
}
