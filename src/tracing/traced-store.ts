// A store whose commits are looked at on their way back, in the master: how long each attempt waited, and which were lost with
// their worker, who can tell of them no more. It changes nothing, and nobody waits for it.
import type { Clock } from '../clock.js'
import type {
  Batch,
  Count,
  ExpiredTask,
  FailurePage,
  Grant,
  Holder,
  KeyRecord,
  LogPage,
  Outcome,
  PageRequest,
  Reputations,
  Store,
  TaskFilter,
  TaskPage,
  TaskWithStory,
} from '../store/store.js'
import { PAGE_MAX } from '../store/store.js'
import { contextIn } from './trace-context.js'
import type { Tracing } from './tracing.js'

export class TracedStore implements Store {
  constructor(
    private readonly store: Store,
    private readonly tracing: Tracing,
    private readonly clock: Clock,
  ) {}

  async apply(batch: Batch): Promise<Outcome> {
    const outcome = await this.store.apply(batch)
    for (const { grants } of outcome.claims) for (const grant of grants) this.#waited(grant)
    for (const each of outcome.operations) {
      if (each.kind === 'expire' && each.tasks.length > 0) void this.#lost(each.tasks).catch(() => {})
    }
    return outcome
  }

  #waited({ meta, runAt, taskId, leaseId, type, queue, attempt, holder }: Grant): void {
    if (meta === undefined || runAt === undefined) return
    const parent = contextIn(meta)
    if (parent === undefined) return
    this.tracing.record({
      ...{ operation: 'wait', parent, taskId, leaseId, type, queue, attempt },
      ...{ worker: nameOf(holder), fromMs: runAt, untilMs: this.clock.now().wallMs },
    })
  }

  async #lost(tasks: readonly ExpiredTask[]): Promise<void> {
    for (let from = 0; from < tasks.length; from += PAGE_MAX) {
      const some = tasks.slice(from, from + PAGE_MAX)
      const leases = new Set(some.map(({ leaseId }) => leaseId))
      for (const { task, story } of await this.store.get(some.map(({ id }) => id))) {
        const parent = task.meta === undefined ? undefined : contextIn(task.meta)
        const ended = story.find(({ leaseId, outcome }) => leases.has(leaseId) && outcome !== 'returned')
        if (parent === undefined || ended === undefined) continue
        const { leaseId, attempt, holder, grantedAt, endedAt, error } = ended
        this.tracing.record({
          ...{ operation: 'run', parent, taskId: task.id, leaseId, type: task.type, queue: task.queue, attempt },
          ...{ worker: nameOf(holder), fromMs: grantedAt, untilMs: endedAt },
          error: error ?? { code: 'lost', message: 'its worker is gone' },
        })
      }
    }
  }

  get(ids: readonly string[]): Promise<readonly TaskWithStory[]> {
    return this.store.get(ids)
  }

  list(filter: TaskFilter, page: PageRequest): Promise<TaskPage> {
    return this.store.list(filter, page)
  }

  failures(filter: TaskFilter, cursor?: string): Promise<FailurePage> {
    return this.store.failures(filter, cursor)
  }

  logs(id: string, after?: number): Promise<LogPage> {
    return this.store.logs(id, after)
  }

  counts(): Promise<readonly Count[]> {
    return this.store.counts()
  }

  holders(): Promise<readonly Holder[]> {
    return this.store.holders()
  }

  keys(): Promise<readonly KeyRecord[]> {
    return this.store.keys()
  }

  reputations(): Promise<Reputations> {
    return this.store.reputations()
  }

  close(): Promise<void> {
    return this.store.close()
  }
}

function nameOf(holder: string): string {
  return holder.replace(/#.*$/, '')
}
