// The tasks whose course somebody wants to see, and who. A task that nobody watches is not in here and costs nothing. By
// lease as well, for that is what a worker's report names: so it cannot speak for a task that is not its own (P5).
import type { WallMs } from '../clock.js'
import type { ErrorField } from '../protocol/messages.js'
import type { TaskState } from '../task/task.js'
import type { SessionId } from './events.js'

/** How a task stands, as it was told last. */
export interface Standing {
  readonly state: TaskState
  /** 0 where that is not known yet. */
  readonly attempt: number
  /** While it runs. */
  readonly leaseId?: string | undefined
  /** Incarnation of the worker. */
  readonly holder?: string | undefined
  /** While it waits: why the attempt before did not succeed, and until when. */
  readonly error?: ErrorField | undefined
  readonly runAt?: WallMs | undefined
}

export interface View {
  readonly taskId: string
  readonly sessions: Set<SessionId>
  /** Undefined until the store has told. */
  standing: Standing | undefined
}

export class Views {
  readonly #byTask = new Map<string, View>()
  readonly #byLease = new Map<string, View>()
  readonly #bySession = new Map<SessionId, Set<string>>()

  get(taskId: string): View | undefined {
    return this.#byTask.size === 0 ? undefined : this.#byTask.get(taskId)
  }

  ofLease(leaseId: string): View | undefined {
    return this.#byLease.size === 0 ? undefined : this.#byLease.get(leaseId)
  }

  countOf(session: SessionId): number {
    return this.#bySession.get(session)?.size ?? 0
  }

  ofSession(session: SessionId): readonly string[] {
    return [...(this.#bySession.get(session) ?? [])]
  }

  [Symbol.iterator](): IterableIterator<View> {
    return this.#byTask.values()
  }

  add(taskId: string, session: SessionId): void {
    const view = this.#byTask.get(taskId)
    if (view === undefined) this.#byTask.set(taskId, { taskId, sessions: new Set([session]), standing: undefined })
    else view.sessions.add(session)
    const tasks = this.#bySession.get(session)
    if (tasks === undefined) this.#bySession.set(session, new Set([taskId]))
    else tasks.add(taskId)
  }

  stands(view: View, standing: Standing): void {
    if (view.standing?.leaseId !== undefined) this.#byLease.delete(view.standing.leaseId)
    view.standing = standing
    if (standing.leaseId !== undefined) this.#byLease.set(standing.leaseId, view)
  }

  /** @returns the view, where this was the last that watched it */
  remove(taskId: string, session: SessionId): View | undefined {
    const view = this.#byTask.get(taskId)
    this.#forget(taskId, session)
    if (view === undefined || !view.sessions.delete(session) || view.sessions.size > 0) return undefined
    this.#drop(view)
    return view
  }

  /** The task has ended. @returns who watched it */
  end(taskId: string): ReadonlySet<SessionId> | undefined {
    const view = this.get(taskId)
    if (view === undefined) return undefined
    for (const session of view.sessions) this.#forget(taskId, session)
    this.#drop(view)
    return view.sessions
  }

  #forget(taskId: string, session: SessionId): void {
    const tasks = this.#bySession.get(session)
    tasks?.delete(taskId)
    if (tasks?.size === 0) this.#bySession.delete(session)
  }

  #drop(view: View): void {
    this.#byTask.delete(view.taskId)
    if (view.standing?.leaseId !== undefined) this.#byLease.delete(view.standing.leaseId)
  }
}
